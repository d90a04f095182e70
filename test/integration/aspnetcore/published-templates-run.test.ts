import { templates } from '../../acceptance/experiments/aspnetcore/templates.js';
import { testGroup } from './group-tests.js';

testGroup(templates);

import { kestrel } from '../../acceptance/experiments/aspnetcore/experiments.js';
import { testGroup } from './group-tests.js';

testGroup(kestrel);

import { realtime } from '../../acceptance/experiments/aspnetcore/realtime.js';
import { testGroup } from './group-tests.js';

testGroup(realtime);

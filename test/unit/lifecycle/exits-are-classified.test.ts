import { describe, expect, test } from '@jest/globals';
import { classifyExit, type ExitFacts } from '../../../pools/lifecycle/exit-reason.js';

const running: ExitFacts = {
  model: 'InProcess',
  listened: true,
  ran: true,
  retired: null,
  killed: null,
  code: 1,
  signal: null,
  violation: null,
};
const starting: ExitFacts = { ...running, listened: false, ran: false };

describe('what counts for rapid-fail', () => {
  test.each<[string, ExitFacts]>([
    ['a non-zero exit', running],
    ['a signal nobody here sent', { ...running, code: null, signal: 'SIGSEGV' }],
    ['an exit during the start', starting],
    ['exit 0 before the app listened', { ...starting, code: 0 }],
    ['exit 0 out-of-process', { ...running, model: 'OutOfProcess', code: 0 }],
    ['a ping kill', { ...running, killed: 'ping-timeout', code: null, signal: 'SIGKILL' }],
    ['a hang kill', { ...running, killed: 'hang', code: null, signal: 'SIGKILL' }],
    ['a startup time-out', { ...starting, killed: 'startup-timeout', code: null, signal: 'SIGKILL' }],
    ['a bad control message', { ...running, violation: 'too large', signal: 'SIGKILL' }],
  ])('%s', (_name, exit) => {
    expect(classifyExit(exit).counts).toBe(true);
  });

  test.each<[string, ExitFacts]>([
    ['exit 0 in-process after listening', { ...running, code: 0 }],
    ['a recycle, however the process then ends', { ...running, retired: 'on-demand', signal: 'SIGSEGV' }],
    ['an idle stop', { ...running, retired: 'idle' }],
    ['a stop by hand', { ...running, retired: 'pool-stopped' }],
    ['a shutdown time-out', { ...running, retired: 'on-demand', killed: 'shutdown-timeout', signal: 'SIGKILL' }],
    ['a start given up for a new configuration', { ...starting, retired: 'config-change', code: 143 }],
  ])('not: %s', (_name, exit) => {
    expect(classifyExit(exit)).toMatchObject({ counts: false });
  });
});

test('reasons and outcomes name what happened', () => {
  expect(classifyExit(running)).toEqual({ reason: 'exit', outcome: 'crashed', counts: true });
  expect(classifyExit(starting)).toEqual({ reason: 'exit', outcome: 'start-failed', counts: true });
  expect(classifyExit({ ...running, retired: 'idle', code: 0 })).toEqual({
    reason: 'idle',
    outcome: 'stopped',
    counts: false,
  });
});

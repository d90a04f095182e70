import { describe, expect, test } from '@jest/globals';
import { type Behaviour, goodProcess } from '../../simulation/fake-runtime.js';
import { sampleApplication, samplePool } from '../../support/sample-pools.js';
import { Stage } from './stage.js';

const exits: Behaviour = { ...goodProcess, start: 'exits', startMs: 10 };
const never: Behaviour = { ...goodProcess, start: 'never' };
const outOfProcess = { hostingModel: 'OutOfProcess' } as const;

describe('a failed start', () => {
  test('fails all its waiters together with 500.30, and the log says why', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop')], [sampleApplication('shop')]);
    stage.next.push(exits);
    const requests = [stage.listeners.request('main/'), stage.listeners.request('main/')];
    await stage.clock.advance(100);
    expect(requests.map((request) => request.state)).toEqual(['failed', 'failed']);
    const failure = stage.listeners.published.find((upstreams) => upstreams.failure?.reason === 'StartFailed')?.failure;
    expect(failure).toMatchObject({ status: 500, subStatus: 30, retryAfterSeconds: 1 });
    expect(stage.logged('start-failed')).toHaveLength(1);
    expect(stage.logged('start-failed')[0]).toMatchObject({ pool: 'shop', status: '500.30', code: 'exited-early' });
    // The first back-off is none: the next request may try at once.
    expect(stage.upstreams().failure).toBeNull();
  });

  test.each([
    ['InProcess', 500, 37],
    ['OutOfProcess', 502, 5],
  ] as const)('%s: the runtime’s own time limit is the reason, and its cause is kept', async (model, status, sub) => {
    const stage = new Stage();
    const hosting = { hostingModel: model, startupTimeLimitMs: 1_000 };
    stage.apply([samplePool('shop')], [sampleApplication('shop', '/', { hosting })]);
    stage.next.push({ ...goodProcess, start: 'late', startMs: model === 'InProcess' ? 1_000 : 2_500 });
    const request = stage.listeners.request('main/');
    await stage.clock.advance(3_000);
    expect(request.state).toBe('failed');
    expect(stage.listeners.published.at(-2)?.failure).toMatchObject({ status, subStatus: sub });
    expect(stage.pool().obituaries[0]).toMatchObject({ reason: 'startup-timeout' });
    expect(stage.happened).toContain('exited shop startup-timeout');
    expect(stage.logged('start-failed')[0]).toMatchObject({
      code: 'startup-timeout',
      cause: 'the simulation says so',
    });
  });

  test.each([
    ['InProcess', 500, 37, 10_000],
    ['OutOfProcess', 502, 5, 7_000],
  ] as const)('%s: a start that the runtime has lost sight of ends 5 s later', async (model, status, sub, limitMs) => {
    const stage = new Stage();
    const pool = samplePool('shop', { processModel: { startupTimeLimitMs: 5_000 } });
    stage.apply(
      [pool],
      [sampleApplication('shop', '/', { hosting: { hostingModel: model, startupTimeLimitMs: 1_000 } })],
    );
    stage.next.push(never);
    const request = stage.listeners.request('main/');
    await stage.clock.advance(limitMs - 100);
    expect(request.state).toBe('waiting');
    await stage.clock.advance(200);
    expect(request.state).toBe('failed');
    expect(stage.listeners.published.at(-2)?.failure).toMatchObject({ status, subStatus: sub });
    expect(stage.pool().obituaries[0]).toMatchObject({ reason: 'startup-timeout', signal: 'SIGKILL' });
  });

  test('out-of-process: one start of the runtime, which tries twice itself, is one count and 502.5', async () => {
    const stage = new Stage();
    const hosting = { ...outOfProcess, rapidFailsPerMinute: 1 };
    stage.apply([samplePool('shop')], [sampleApplication('shop', '/', { hosting })]);
    stage.next.push(exits, goodProcess);
    expect(await stage.visit()).toBe('failed');
    expect(stage.runtime.processes).toHaveLength(1);
    expect(stage.listeners.published.some(({ failure }) => failure?.status === 502 && failure.subStatus === 5)).toBe(
      true,
    );
    expect(await stage.visit()).toBe('answered');
    expect(stage.logged('application-rapid-fail')).toEqual([]);
  });

  test('the first one in a row after a live worker is repeated before waiters fail', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop')], [sampleApplication('shop')]);
    expect(await stage.visit()).toBe('answered');
    stage.next.push(exits);
    stage.last().die(null, 'SIGKILL');
    expect(await stage.visit()).toBe('answered');
    expect(stage.runtime.processes).toHaveLength(3);
  });

  test('a start that throws is a failed start, not the end of the primary', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop')], [sampleApplication('shop')]);
    stage.runtime.start = () => {
      throw new Error('EAGAIN');
    };
    expect(await stage.visit()).toBe('failed');
    expect(stage.logged('start-failed')[0]).toMatchObject({ code: 'spawn-failed', cause: 'the start threw: EAGAIN' });
  });
});

describe('back-off', () => {
  test('answers with Retry-After while it lasts, grows, and one answered request resets it', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop', { failure: { rapidFailProtection: false } })], [sampleApplication('shop')]);
    stage.next.push(exits, exits, exits);
    expect(await stage.visit()).toBe('failed');
    expect(await stage.visit()).toBe('failed');
    expect(stage.pool().applications[0]).toMatchObject({ state: 'backing-off' });
    // Still backing off (0.25 s): answered at once, nothing is started.
    const refused = stage.listeners.request('main/');
    expect(refused.state).toBe('failed');
    expect(stage.runtime.processes).toHaveLength(2);
    await stage.clock.advance(250);
    expect(stage.upstreams().failure).toBeNull();
    expect(await stage.visit()).toBe('failed');
    expect(stage.upstreams().failure).toMatchObject({ status: 500, subStatus: 30 });
    await stage.clock.advance(500);
    expect(await stage.visit()).toBe('answered');
    stage.next.push(exits, exits);
    stage.last().die(1, null);
    // Reset by the answer: the repeat comes at once, and only then the waiters fail.
    expect(await stage.visit()).toBe('failed');
    expect(stage.runtime.processes).toHaveLength(6);
  });

  test('a manual start skips it', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop')], [sampleApplication('shop')]);
    stage.next.push(exits, exits, exits);
    for (let n = 0; n < 2; n += 1) await stage.visit();
    expect(stage.upstreams().failure).not.toBeNull();
    await stage.supervisor.stopPool('shop');
    await stage.supervisor.startPool('shop');
    expect(stage.upstreams().failure).toBeNull();
  });
});

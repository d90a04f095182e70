import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { statusNumber } from '../../support/processes.js';
import { testNeeding } from '../../support/needs.js';
import { until } from '../../support/time.js';
import { misbehaving, RuntimeHarness, type StartOptions } from './harness.js';

function app(entry: string, more: StartOptions['hosting'] = {}): StartOptions {
  return { physicalPath: misbehaving, hosting: { hostingModel: 'InProcess', entry, ...more } };
}

describe('an unmodified Node app under the real host', () => {
  let harness: RuntimeHarness;
  beforeAll(() => {
    harness = new RuntimeHarness();
  });
  afterAll(() => harness.close());

  test('is ready, beats and answers pings; SIGTERM ends it as it ends the app alone', async () => {
    const worker = harness.start(app('well-behaved.js'));
    expect(await worker.whenReady()).toMatchObject({ kind: 'link' });
    expect(worker.order).toEqual(['spawned', 'hello', 'ready']);
    worker.handle?.ping();
    await until('pong and heartbeat', () => worker.pongs === 1 && worker.beats.length > 1);
    worker.handle?.drain();
    worker.handle?.terminate();
    expect(await worker.whenExited()).toMatchObject({ signal: 'SIGTERM', violation: null });
  });

  test('that throws at start: 500.30 with its output', async () => {
    const worker = harness.start(app('exits-at-start.js'));
    const failure = await worker.whenFailed();
    expect(failure).toMatchObject({ status: 500, subStatus: 30, code: 'exited-early' });
    expect(failure.outputTail).toContain('no database here');
  });

  test('that never listens: 500.37 at its own limit', async () => {
    const worker = harness.start(app('never-listens.js', { startupTimeLimitMs: 1_000 }));
    expect(await worker.whenFailed()).toMatchObject({ status: 500, subStatus: 37, code: 'startup-timeout' });
    expect(worker.order).toContain('hello');
  });

  test('that neither listens nor exports ends: 500.30', async () => {
    const worker = harness.start(app('empty.js'));
    expect(await worker.whenFailed()).toMatchObject({ status: 500, subStatus: 30 });
  });
});

testNeeding('other users')('the real host runs as the user of its pool', async () => {
  const harness = new RuntimeHarness({ isolate: true });
  const worker = harness.start(app('well-behaved.js'));
  await worker.whenReady();
  expect(statusNumber(worker.pid, 'Uid')).toBeGreaterThanOrEqual(52_000);
  worker.handle?.kill();
  await worker.whenExited();
  await harness.close();
  expect(worker.order.at(-1)).toBe('exited');
});

import { describe, expect, test } from '@jest/globals';
import type { ReceiptView } from '../../../pools/supervisor/ports.js';
import { goodProcess } from '../../simulation/fake-runtime.js';
import { type PoolChanges, sampleApplication, samplePool } from '../../support/sample-pools.js';
import { Stage } from './stage.js';

async function serving(changes: PoolChanges = {}): Promise<Stage> {
  const stage = new Stage();
  stage.apply([samplePool('shop', changes)], [sampleApplication('shop')]);
  expect(await stage.visit()).toBe('answered');
  return stage;
}

function receipt(stage: Stage, index = 0): ReceiptView {
  const found = stage.pool().receipts[index];
  if (found === undefined) throw new Error(`no receipt ${index}`);
  return found;
}

describe('a recycle', () => {
  test('ends with the account of old and new worker and of the requests', async () => {
    const stage = await serving();
    stage.requestMs = 3_000;
    for (let n = 0; n < 4; n += 1) stage.listeners.request('main/');
    await stage.clock.advance(10);
    await Promise.all([stage.supervisor.recyclePool('shop', 'on-demand'), stage.clock.advance(1_000)]);
    // The old one still has requests: nothing is written yet.
    expect(stage.pool().receipts).toEqual([]);
    await stage.clock.advance(3_000);
    expect(receipt(stage)).toMatchObject({
      id: 1,
      kind: 'recycle',
      cause: 'on-demand',
      outcome: 'done',
      applicationId: 'main/',
      slot: 1,
      old: { workerId: 1, generation: 1, pid: 1_001, ended: 'recycle' },
      successor: { workerId: 2, generation: 2, pid: 1_002, warmUpMs: 0 },
      requests: { inFlight: 4, drained: 4, late: 0, retried: 0, cut: 0, socketsNoticed: 0 },
      eventId: 5079,
      attachments: [],
    });
    expect(receipt(stage).successor?.startMs).toBeGreaterThan(0);
    expect(stage.logged('receipt')).toMatchObject([{ pool: 'shop', oldPid: 1_001, newPid: 1_002, inFlight: 4 }]);
  });

  test('whose new worker does not start says that the old one still serves', async () => {
    const stage = await serving();
    stage.next.push({ ...goodProcess, start: 'exits' });
    const outcome = stage.supervisor.recyclePool('shop', 'on-demand').catch((error: unknown) => error);
    await stage.clock.advance(1_000);
    expect(await outcome).toMatchObject({ code: 'recycle-failed' });
    const failed = { kind: 'recycle', cause: 'on-demand', outcome: 'failed', eventId: 5093 };
    expect(receipt(stage)).toMatchObject({ ...failed, old: { workerId: 1, ended: '' }, successor: { workerId: 2 } });
    expect(stage.pool().receipts).toHaveLength(1);
  });

  test('without overlap waits for the new worker', async () => {
    const stage = await serving({ recycling: { disallowOverlappingRotation: true } });
    stage.next.push({ ...goodProcess, startMs: 5_000 });
    await Promise.all([stage.supervisor.recyclePool('shop', 'on-demand'), stage.clock.advance(10_000)]);
    expect(receipt(stage)).toMatchObject({ kind: 'recycle', outcome: 'done', successor: { workerId: 2 } });
    expect(receipt(stage).successor?.startMs).toBeGreaterThanOrEqual(5_000);
  });

  test.each([
    ['time', { recycling: { periodicRestartTimeMs: 60_000 } }, 5074],
    ['idle', { processModel: { idleTimeoutMs: 60_000 } }, 5186],
  ] as const)('because of %s carries the event id of IIS', async (cause, changes, eventId) => {
    const stage = await serving(changes);
    stage.supervisor.activity(1, 0, 1);
    await stage.clock.advance(130_000);
    expect(receipt(stage)).toMatchObject({ cause, eventId });
  });
});

describe('a crash', () => {
  test('that is repaired ends with the account of a restart', async () => {
    const stage = await serving({ startMode: 'AlwaysRunning' });
    stage.requestMs = 60_000;
    stage.listeners.request('main/');
    await stage.clock.advance(10);
    stage.last().die(null, 'SIGSEGV');
    await stage.clock.advance(1_000);
    expect(receipt(stage)).toMatchObject({
      kind: 'restart',
      cause: 'signal',
      outcome: 'done',
      eventId: 5009,
      old: { workerId: 1, ended: 'signal' },
      successor: { workerId: 2 },
      requests: { inFlight: 1, retried: 1 },
    });
    expect(stage.pool().obituaries).toMatchObject([{ workerId: 1, inFlight: 1, cause: '', eventId: 5009 }]);
  });

  test('whose next start fails says so', async () => {
    const stage = await serving({ startMode: 'AlwaysRunning' });
    stage.next.push({ ...goodProcess, start: 'exits' });
    stage.last().die(1, null);
    await stage.clock.advance(1_000);
    expect(receipt(stage)).toMatchObject({ kind: 'restart', outcome: 'failed', successor: { workerId: 2 } });
  });

  test('without demand has no successor yet', async () => {
    const stage = await serving();
    stage.last().die(1, null);
    await stage.clock.advance(10);
    expect(receipt(stage)).toMatchObject({ kind: 'restart', outcome: 'done', successor: null });
    expect(stage.runtime.processes).toHaveLength(1);
  });
});

describe('a stop', () => {
  test('of the pool ends with one account per worker', async () => {
    const stage = await serving({ processModel: { maxProcesses: 2 } });
    await stage.clock.advance(1_000);
    await Promise.all([stage.supervisor.stopPool('shop'), stage.clock.advance(5_000)]);
    const stopped = { kind: 'stop', cause: 'pool-stopped', outcome: 'done', successor: null };
    expect(stage.pool().receipts).toMatchObject([stopped, stopped]);
  });

  test('of one worker leaves the others, and the next demand brings it back', async () => {
    const stage = await serving();
    await Promise.all([stage.supervisor.orders.stop(1), stage.clock.advance(5_000)]);
    expect(receipt(stage)).toMatchObject({ kind: 'stop', cause: 'worker-stopped', old: { ended: 'worker-stopped' } });
    expect(stage.runtime.alive()).toHaveLength(0);
    expect(await stage.visit()).toBe('answered');
    await expect(stage.supervisor.orders.stop(1)).rejects.toMatchObject({ code: 'no-such-worker' });
  });

  test('of one worker of an AlwaysRunning pool starts the next at once', async () => {
    const stage = await serving({ startMode: 'AlwaysRunning' });
    await Promise.all([stage.supervisor.orders.stop(1), stage.clock.advance(5_000)]);
    expect(stage.runtime.alive()).toHaveLength(1);
  });

  test('of the server leaves no account open', async () => {
    const stage = await serving();
    await Promise.all([stage.supervisor.stopAll(1_000), stage.clock.advance(5_000)]);
    expect(stage.logged('receipt')).toMatchObject([{ kind: 'stop', cause: 'shutdown' }]);
  });
});

test('a recycle of one worker leaves the others alone', async () => {
  const stage = await serving({ processModel: { maxProcesses: 2 } });
  await stage.clock.advance(1_000);
  await Promise.all([stage.supervisor.orders.recycle(1), stage.clock.advance(5_000)]);
  expect(stage.pool().receipts).toMatchObject([{ kind: 'recycle', cause: 'on-demand', old: { workerId: 1 } }]);
  const left = stage.pool().workers.map(({ workerId }) => workerId);
  expect(new Set(left)).toEqual(new Set([2, 3]));
});

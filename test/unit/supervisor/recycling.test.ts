import { describe, expect, test } from '@jest/globals';
import { goodProcess } from '../../simulation/fake-runtime.js';
import { type PoolChanges, sampleApplication, samplePool } from '../../support/sample-pools.js';
import { Stage } from './stage.js';

async function serving(changes: PoolChanges = {}): Promise<Stage> {
  const stage = new Stage();
  stage.apply([samplePool('shop', changes)], [sampleApplication('shop')]);
  expect(await stage.visit()).toBe('answered');
  return stage;
}

describe('an overlapped recycle', () => {
  test('publishes the new worker without the old one, and drains only after every acknowledgement', async () => {
    const stage = await serving();
    const old = stage.last();
    stage.acknowledgeMs = 1_500;
    const publications = stage.listeners.published.length;
    const recycled = stage.supervisor.recyclePool('shop', 'on-demand');
    await stage.clock.advance(200);
    await recycled;
    const [publication] = stage.listeners.published.slice(publications);
    expect(publication?.workers).toMatchObject([{ workerId: 2, slot: 1, generation: 2 }]);
    expect(old.asked).toMatchObject({ drain: 0, terminate: 0 });
    await stage.clock.advance(1_500);
    expect(stage.listeners.drains).toEqual([1]);
    expect(old.asked).toMatchObject({ drain: 1, terminate: 1, kill: 0 });
    expect(stage.listeners.gones).toEqual([{ workerId: 1, reason: 'stopped' }]);
    expect(stage.happened).toContain('recycled shop on-demand');
    expect(stage.pool()).toMatchObject({ restarts: 0, obituaries: [{ reason: 'recycle', code: 0 }] });
  });

  test('waits for the requests of the old worker', async () => {
    const stage = await serving();
    stage.requestMs = 20_000;
    const request = stage.listeners.request('main/');
    await stage.clock.advance(10);
    const old = stage.last();
    await Promise.all([stage.supervisor.recyclePool('shop', 'on-demand'), stage.clock.advance(10_000)]);
    expect(old.asked).toMatchObject({ drain: 1, terminate: 0 });
    await stage.clock.advance(10_100);
    expect(request.state).toBe('answered');
    expect(old.asked).toMatchObject({ terminate: 1, kill: 0 });
  });

  test('at the limit: polite stop 1 s after the notice, then SIGKILL within shutdownTimeLimit', async () => {
    const stage = await serving({ processModel: { shutdownTimeLimitMs: 20_000 } });
    stage.requestMs = 1_000_000;
    stage.listeners.request('main/');
    const old = stage.last();
    old.hung = true;
    await Promise.all([stage.supervisor.recyclePool('shop', 'on-demand'), stage.clock.advance(17_500)]);
    expect(old.asked).toMatchObject({ terminate: 1, kill: 0 });
    await stage.clock.advance(3_000);
    expect(old.asked).toMatchObject({ kill: 1 });
    expect(stage.pool().obituaries[0]).toMatchObject({ reason: 'shutdown-timeout' });
    expect(stage.listeners.gones).toEqual([{ workerId: 1, reason: 'killed' }]);
  });

  test('the old worker keeps serving when the new one does not start, and nothing is counted', async () => {
    const stage = await serving({ failure: { rapidFailProtectionMaxCrashes: 1 } });
    stage.next.push({ ...goodProcess, start: 'exits' });
    const outcome = stage.supervisor.recyclePool('shop', 'on-demand').catch((error: unknown) => error);
    await stage.clock.advance(500);
    expect(await outcome).toMatchObject({ code: 'recycle-failed' });
    expect(await stage.visit()).toBe('answered');
    expect(stage.upstreams().workers).toMatchObject([{ workerId: 1 }]);
    expect(stage.logged('recycle-failed')).toHaveLength(1);
    expect(stage.pool().state).toBe('Started');
  });

  test('a recycle during a recycle is merged', async () => {
    const stage = await serving();
    const both = [stage.supervisor.recyclePool('shop', 'on-demand'), stage.supervisor.recyclePool('shop', 'on-demand')];
    await stage.clock.advance(1_000);
    await Promise.all(both);
    expect(stage.runtime.processes).toHaveLength(2);
  });

  test('a crash of the old worker meanwhile: its requests get the new one', async () => {
    const stage = await serving();
    stage.next.push({ ...goodProcess, startMs: 2_000 });
    const recycled = stage.supervisor.recyclePool('shop', 'on-demand');
    await stage.clock.advance(500);
    stage.runtime.process(1)?.die(1, null);
    const request = stage.listeners.request('main/');
    await stage.clock.advance(3_000);
    await recycled;
    expect(request.state).toBe('answered');
    expect(stage.runtime.processes).toHaveLength(2);
  });
});

test('disallowOverlappingRotation: the old process is gone before the new one starts', async () => {
  const stage = await serving({ recycling: { disallowOverlappingRotation: true } });
  const old = stage.last();
  const recycled = stage.supervisor.recyclePool('shop', 'on-demand');
  await stage.clock.advance(10);
  expect(stage.runtime.processes).toHaveLength(1);
  expect(old.exited).toBe(false);
  const request = stage.listeners.request('main/');
  await stage.clock.advance(1_000);
  await recycled;
  expect(old.exited).toBe(true);
  expect(stage.runtime.processes).toHaveLength(2);
  expect(request.state).toBe('answered');
});

test('periodicRestart: by time, and by requests as the listeners report them', async () => {
  const byTime = await serving({ recycling: { periodicRestartTimeMs: 60_000 } });
  await byTime.clock.advance(61_000);
  expect(byTime.runtime.processes).toHaveLength(2);
  const byRequests = await serving({ recycling: { periodicRestartRequests: 100 } });
  byRequests.supervisor.activity(1, 0, 99);
  await byRequests.clock.advance(1_000);
  expect(byRequests.runtime.processes).toHaveLength(1);
  byRequests.supervisor.activity(1, 0, 100);
  byRequests.supervisor.activity(1, 0, 101);
  await byRequests.clock.advance(1_000);
  expect(byRequests.runtime.processes).toHaveLength(2);
});

test('a pool that is not started cannot be recycled, and a name that does not exist is said so', async () => {
  const stopped = new Stage();
  stopped.apply([samplePool('shop', { autoStart: false })], [sampleApplication('shop')]);
  await expect(stopped.supervisor.recyclePool('shop', 'on-demand')).rejects.toMatchObject({ code: 'pool-not-started' });
  await expect(stopped.supervisor.recyclePool('shoe', 'on-demand')).rejects.toMatchObject({ code: 'no-such-pool' });
});

test('a fixed port: one process whatever maxProcesses says, and the next one only when it is gone', async () => {
  const hosting = {
    hostingModel: 'OutOfProcess',
    processesPerApplication: 3,
    environmentVariables: [{ name: 'ASPNETCORE_PORT', value: '12000' }],
  } as const;
  const stage = new Stage();
  stage.apply(
    [samplePool('shop', { processModel: { maxProcesses: 2 } })],
    [sampleApplication('shop', '/', { hosting })],
  );
  await stage.visit();
  stage.supervisor.busy('main/');
  await stage.clock.advance(1_000);
  expect(stage.runtime.alive()).toHaveLength(1);
  const old = stage.last();
  const recycled = stage.supervisor.recyclePool('shop', 'on-demand');
  await stage.clock.advance(10);
  expect(stage.runtime.processes).toHaveLength(1);
  const request = stage.listeners.request('main/');
  await stage.clock.advance(1_000);
  await recycled;
  expect(old.exited).toBe(true);
  expect(stage.runtime.processes).toHaveLength(2);
  expect(request.state).toBe('answered');
});

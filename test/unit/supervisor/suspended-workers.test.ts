import { describe, expect, test } from '@jest/globals';
import { goodProcess } from '../../simulation/fake-runtime.js';
import {
  type ApplicationChanges,
  type PoolChanges,
  sampleApplication,
  samplePool,
} from '../../support/sample-pools.js';
import { Stage } from './stage.js';

const resting: PoolChanges = { processModel: { idleTimeoutMs: 60_000, idleTimeoutAction: 'Suspend' } };

async function serving(pool: PoolChanges = {}, application: ApplicationChanges = {}): Promise<Stage> {
  const stage = new Stage();
  stage.apply([samplePool('shop', pool)], [sampleApplication('shop', '/', application)]);
  expect(await stage.visit()).toBe('answered');
  return stage;
}

async function suspended(pool: PoolChanges = resting): Promise<Stage> {
  const stage = await serving(pool);
  stage.supervisor.activity(1, 0, 1);
  await stage.clock.advance(65_000);
  expect(stage.pool().workers).toMatchObject([{ workerId: 1, state: 'suspended' }]);
  return stage;
}

describe('a suspended worker', () => {
  test('is unpublished, stopped once, and woken by the next request', async () => {
    const stage = await suspended();
    expect(stage.upstreams().workers).toEqual([]);
    expect(stage.last().asked).toMatchObject({ suspend: 1, drain: 0, terminate: 0 });
    expect(await stage.visit()).toBe('answered');
    expect(stage.last().asked).toMatchObject({ suspend: 1, resume: 1 });
    expect(stage.runtime.processes).toHaveLength(1);
  });

  test('counts its requests over its rests', async () => {
    const recycling = { periodicRestartRequests: 3 };
    const stage = await suspended({ ...resting, recycling });
    expect(await stage.visit()).toBe('answered');
    stage.supervisor.activity(1, 0, 2);
    await stage.clock.advance(1_000);
    expect(stage.happened).toContain('recycled shop requests');
  });

  test('is ended politely by a stop, and by a recycle, which starts nobody', async () => {
    const stopped = await suspended();
    void stopped.supervisor.stopPool('shop');
    await stopped.clock.advance(100);
    expect(stopped.runtime.processes[0]?.asked).toMatchObject({ resume: 1, terminate: 1, kill: 0 });
    const recycled = await suspended();
    await recycled.supervisor.recyclePool('shop', 'on-demand');
    await recycled.clock.advance(100);
    expect(recycled.runtime.alive()).toHaveLength(0);
    expect(recycled.runtime.processes).toHaveLength(1);
    expect(await recycled.visit()).toBe('answered');
  });

  test('that dies counts as a crash', async () => {
    const stage = await suspended({ ...resting, failure: { rapidFailProtectionMaxCrashes: 1 } });
    stage.last().die(null, 'SIGKILL');
    await stage.clock.advance(10);
    expect(stage.happened).toContain('rapid-fail shop');
  });

  test('by hand: rests although it would always run, and goes on by hand', async () => {
    const stage = await serving({ startMode: 'AlwaysRunning' });
    await stage.supervisor.orders.suspend(1);
    await stage.clock.advance(1_000);
    expect(stage.pool().workers).toMatchObject([{ state: 'suspended' }]);
    await stage.supervisor.orders.resume(1);
    await stage.clock.advance(100);
    expect(stage.pool().workers).toMatchObject([{ state: 'running' }]);
    expect(stage.runtime.processes).toHaveLength(1);
  });
});

describe('while it is being set aside', () => {
  test('a request gets a new worker instead of waiting for it', async () => {
    const stage = await serving(resting);
    stage.acknowledgeMs = 5_000;
    stage.requestMs = 60_000;
    stage.supervisor.activity(1, 0, 1);
    await stage.clock.advance(61_000);
    const late = stage.listeners.request('main/');
    await stage.clock.advance(6_000);
    stage.requestMs = 5;
    const next = stage.listeners.request('main/');
    await stage.clock.advance(10_000);
    expect([late.state, next.state]).toEqual(['inFlight', 'answered']);
    expect(next.workerId).toBe(2);
    await stage.clock.advance(60_000);
    expect(late.state).toBe('answered');
    expect(stage.runtime.process(1)?.asked).toMatchObject({ suspend: 0, terminate: 1 });
  });
});

describe('settings that are changed while a worker runs', () => {
  test('hold for it: idleTimeout and health check', async () => {
    const stage = await serving({ processModel: { idleTimeoutMs: 0 } });
    stage.supervisor.activity(1, 0, 1);
    stage.apply([samplePool('shop', resting)], [sampleApplication('shop')]);
    await stage.clock.advance(65_000);
    expect(stage.pool().workers).toMatchObject([{ workerId: 1, state: 'suspended' }]);
  });
});

describe('orphanWorkerProcess', () => {
  test('leaves four sick workers alone, kills the fifth, and runs the action with the pid', async () => {
    const stage = new Stage();
    const failure = {
      orphanWorkerProcess: true,
      orphanAction: { file: '/bin/dump', arguments: ['-p', '%1%'] },
      rapidFailProtection: false,
    };
    const processModel = { pingingEnabled: true, pingIntervalMs: 1_000, pingResponseTimeMs: 1_000 };
    stage.apply([samplePool('shop', { failure, processModel })], [sampleApplication('shop')]);
    for (let round = 1; round <= 5; round += 1) {
      stage.next.push({ ...goodProcess, answersPings: false });
      expect(await stage.visit()).toBe('answered');
      await stage.clock.advance(5_000);
    }
    const sick = stage.runtime.processes.slice(0, 5).map(({ asked }) => [asked.orphan, asked.kill]);
    expect(sick).toEqual([...Array.from({ length: 4 }, () => [1, 0]), [0, 1]]);
    expect(stage.happened).toContain('/bin/dump -p 1001');
    expect(stage.pool().obituaries.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 5 }, () => 'ping-timeout'),
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import { goodProcess } from '../../simulation/fake-runtime.js';
import { sampleApplication, samplePool } from '../../support/sample-pools.js';
import { Stage } from './stage.js';

async function serving(): Promise<Stage> {
  const stage = new Stage();
  stage.apply([samplePool('shop', { processModel: { maxProcesses: 2 } })], [sampleApplication('shop')]);
  expect(await stage.visit()).toBe('answered');
  return stage;
}

describe('stopPool and startPool', () => {
  test('a stopped pool answers 503 Disabled at once, finishes what runs, and starts again', async () => {
    const stage = await serving();
    stage.requestMs = 3_000;
    const running = stage.listeners.request('main/');
    let stopped = false;
    void stage.supervisor.stopPool('shop').then(() => {
      stopped = true;
    });
    await stage.clock.advance(1_000);
    expect(stage.upstreams().failure).toMatchObject({ status: 503, reason: 'Disabled', retryAfterSeconds: 0 });
    expect(stage.pool().state).toBe('Stopping');
    expect(stopped).toBe(false);
    await stage.clock.advance(3_000);
    expect(running.state).toBe('answered');
    expect(stopped).toBe(true);
    expect(stage.pool()).toMatchObject({ state: 'Stopped', stoppedReason: 'Disabled', workers: [], restarts: 0 });
    await stage.supervisor.startPool('shop');
    stage.requestMs = 5;
    await stage.clock.advance(10);
    expect(await stage.visit()).toBe('answered');
  });

  test('a start while it is stopping serves again at once', async () => {
    const stage = await serving();
    stage.requestMs = 10_000;
    stage.listeners.request('main/');
    const stopped = stage.supervisor.stopPool('shop');
    await stage.clock.advance(100);
    await stage.supervisor.startPool('shop');
    stage.requestMs = 5;
    await stage.clock.advance(10);
    expect(await stage.visit()).toBe('answered');
    const again = stage.supervisor.stopPool('shop');
    await stage.clock.advance(20_000);
    await Promise.all([stopped, again]);
    expect(stage.runtime.alive()).toHaveLength(0);
  });

  test('autoStart false: stopped until it is started by hand', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop', { autoStart: false })], [sampleApplication('shop')]);
    await stage.clock.advance(10);
    expect(await stage.visit()).toBe('failed');
    expect(stage.upstreams().failure?.reason).toBe('Disabled');
    await stage.supervisor.startPool('shop');
    await stage.clock.advance(10);
    expect(await stage.visit()).toBe('answered');
  });
});

describe('stopAll', () => {
  test('within its limit everything ends, also what ignores the polite stop', async () => {
    const stage = new Stage();
    stage.next.push({ ...goodProcess, stopMs: null }, goodProcess);
    stage.apply(
      [samplePool('shop'), samplePool('other')],
      [sampleApplication('shop'), sampleApplication('other', '/o')],
    );
    await stage.visit();
    await stage.visit('main/o');
    let stopped = false;
    void stage.supervisor.stopAll(30_000).then(() => {
      stopped = true;
    });
    await stage.clock.advance(500);
    expect(stage.upstreams().failure).toMatchObject({ status: 503, reason: 'AppShutdown' });
    expect(stopped).toBe(false);
    await stage.clock.advance(29_600);
    expect(stopped).toBe(true);
    expect(stage.runtime.alive()).toHaveLength(0);
    expect(stage.clock.pending).toBe(0);
    const reasons = [...stage.pool('shop').obituaries, ...stage.pool('other').obituaries].map(({ reason }) => reason);
    expect(reasons).toEqual(['shutdown-timeout', 'shutdown']);
  });

  test('nothing starts afterwards', async () => {
    const stage = await serving();
    const stopped = stage.supervisor.stopAll(1_000);
    await stage.clock.advance(2_000);
    await stopped;
    stage.supervisor.needWorker('main/');
    stage.apply([samplePool('late', { startMode: 'AlwaysRunning' })], [sampleApplication('late', '/late')]);
    await expect(stage.supervisor.startPool('shop')).rejects.toMatchObject({ code: 'shutting-down' });
    await stage.clock.advance(10_000);
    expect(stage.runtime.alive()).toHaveLength(0);
  });

  test('without any pool it is answered at once', async () => {
    await expect(new Stage().supervisor.stopAll(1_000)).resolves.toBeUndefined();
  });
});

test('killAll kills every process now, starting ones too, and none comes back', async () => {
  const stage = await serving();
  stage.next.push({ ...goodProcess, start: 'never' });
  stage.runtime.process(1)?.die(1, null);
  await stage.clock.advance(10);
  expect(stage.runtime.alive()).toHaveLength(2);
  stage.supervisor.killAll();
  await stage.clock.advance(1);
  expect(stage.runtime.alive()).toHaveLength(0);
  await stage.clock.advance(600_000);
  expect(stage.runtime.processes).toHaveLength(3);
  expect(stage.clock.pending).toBe(0);
});

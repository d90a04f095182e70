import { describe, expect, test } from '@jest/globals';
import { goodProcess } from '../../simulation/fake-runtime.js';
import { sampleApplication, samplePool } from '../../support/sample-pools.js';
import { Stage } from './stage.js';

const always = samplePool('shop', { startMode: 'AlwaysRunning', processModel: { maxProcesses: 2 } });
const offline = { status: 503, subStatus: 0, reason: 'ApplicationOffline' };

/** Takes `main/` offline; tells when the order is done. */
function take(stage: Stage): { done: boolean } {
  const told = { done: false };
  void stage.supervisor.offline.take('main/').then(() => {
    told.done = true;
  });
  return told;
}

describe('an application that is offline', () => {
  test('of an AlwaysRunning pool: its workers finish, the order is done when they are gone, and none starts', async () => {
    const stage = new Stage();
    stage.apply([always], [sampleApplication('shop')]);
    await stage.clock.advance(1_000);
    expect(stage.runtime.alive()).toHaveLength(2);
    stage.requestMs = 3_000;
    const running = stage.listeners.request('main/');
    const order = take(stage);
    await stage.clock.advance(1_000);
    expect(stage.upstreams()).toMatchObject({ workers: [], failure: offline });
    expect([order.done, stage.runtime.alive().length]).toEqual([false, 1]);
    await stage.clock.advance(3_000);
    expect(running.state).toBe('answered');
    expect([order.done, stage.runtime.alive().length]).toEqual([true, 0]);
    const causes = stage.pool().obituaries.map(({ cause, eventIds }) => `${cause} ${eventIds.join()}`);
    expect(causes).toEqual(['application-offline 1012,1033', 'application-offline 1012,1033']);
    expect(stage.pool()).toMatchObject({ state: 'Started', restarts: 0, applications: [{ state: 'offline' }] });
  });

  test('stays so whatever its pool, requests and configurations do; online brings what the pool then has', async () => {
    const stage = new Stage();
    stage.apply([always], [sampleApplication('shop')]);
    await stage.clock.advance(1_000);
    const order = take(stage);
    const { supervisor } = stage;
    supervisor.needWorker('main/');
    supervisor.busy('main/');
    await supervisor.recyclePool('shop', 'on-demand');
    await supervisor.startPool('shop');
    await stage.clock.advance(1_000);
    await supervisor.stopPool('shop');
    await supervisor.startPool('shop');
    stage.apply([always], [sampleApplication('shop', '/', { hosting: { processesPerApplication: 2 } })]);
    await stage.clock.advance(1_000);
    stage.apply([always], []);
    stage.apply([samplePool('other', { startMode: 'AlwaysRunning' })], [sampleApplication('other')]);
    await stage.clock.advance(3_600_000);
    expect(await stage.visit()).toBe('failed');
    expect(stage.runtime.processes).toHaveLength(2);
    expect([order.done, supervisor.settled()]).toEqual([true, true]);
    supervisor.offline.bring('main/');
    await stage.clock.advance(1_000);
    expect(stage.runtime.alive()).toHaveLength(1);
    expect(await stage.visit()).toBe('answered');
  });

  test.each([
    ['starting', { ...goodProcess, start: 'never' as const }],
    ['suspended', goodProcess],
  ])('ends a worker that is %s too', async (state, behaviour) => {
    const stage = new Stage();
    stage.next.push(behaviour);
    stage.apply([samplePool('shop', { startMode: 'AlwaysRunning' })], [sampleApplication('shop')]);
    await stage.clock.advance(1_000);
    if (state === 'suspended') await stage.supervisor.orders.suspend(1);
    await stage.clock.advance(1_000);
    expect(stage.pool().workers).toMatchObject([{ state }]);
    const order = take(stage);
    await stage.clock.advance(120_000);
    expect([order.done, stage.runtime.alive().length, stage.runtime.processes.length]).toEqual([true, 0, 1]);
  });

  test('leaves the other applications of its pool alone', async () => {
    const stage = new Stage();
    stage.apply([always], [sampleApplication('shop'), sampleApplication('shop', '/b')]);
    await stage.clock.advance(1_000);
    take(stage);
    await stage.clock.advance(1_000);
    expect(stage.pool().workers.map(({ applicationId }) => applicationId)).toEqual(['main/b', 'main/b']);
    expect(await stage.visit('main/b')).toBe('answered');
  });

  test('that comes online before its workers are gone starts others at once, and the order has ended', async () => {
    const stage = new Stage();
    stage.apply([always], [sampleApplication('shop')]);
    await stage.clock.advance(1_000);
    stage.requestMs = 60_000;
    stage.listeners.request('main/');
    const order = take(stage);
    await stage.clock.advance(1_000);
    expect(order.done).toBe(false);
    stage.supervisor.offline.bring('main/');
    await stage.clock.advance(1_000);
    expect(order.done).toBe(true);
    stage.requestMs = 5;
    expect(await stage.visit()).toBe('answered');
  });
});

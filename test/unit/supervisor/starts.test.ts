import { describe, expect, test } from '@jest/globals';
import { goodProcess } from '../../simulation/fake-runtime.js';
import { sampleApplication, samplePool } from '../../support/sample-pools.js';
import { Stage } from './stage.js';

describe('on demand', () => {
  test('the first request starts all maxProcesses workers, shared by all who wait', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop', { processModel: { maxProcesses: 3 } })], [sampleApplication('shop')]);
    await stage.clock.advance(1_000);
    expect(stage.runtime.processes).toHaveLength(0);
    const requests = Array.from({ length: 50 }, () => stage.listeners.request('main/'));
    await stage.clock.advance(500);
    expect(stage.runtime.processes.map((process) => process.request.slot)).toEqual([1, 2, 3]);
    expect(requests.every((request) => request.state === 'answered')).toBe(true);
    expect(stage.upstreams().workers.map((worker) => worker.slot)).toEqual([1, 2, 3]);
  });

  test('out-of-process: the second factor starts one by one, when every worker is busy', async () => {
    const stage = new Stage();
    const hosting = { hostingModel: 'OutOfProcess', processesPerApplication: 3 } as const;
    stage.apply([samplePool('shop')], [sampleApplication('shop', '/', { hosting })]);
    await stage.visit();
    expect(stage.runtime.alive()).toHaveLength(1);
    stage.supervisor.busy('main/');
    stage.supervisor.busy('main/');
    await stage.clock.advance(500);
    expect(stage.runtime.alive()).toHaveLength(2);
    stage.supervisor.busy('main/');
    await stage.clock.advance(500);
    stage.supervisor.busy('main/');
    await stage.clock.advance(500);
    expect(stage.runtime.alive()).toHaveLength(3);
  });
});

describe('AlwaysRunning', () => {
  test('starts with the pool and again after a crash, without any request', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop', { startMode: 'AlwaysRunning' })], [sampleApplication('shop')]);
    expect(stage.supervisor.settled()).toBe(false);
    await stage.clock.advance(500);
    expect(stage.supervisor.settled()).toBe(true);
    stage.last().die(1, null);
    await stage.clock.advance(500);
    expect(stage.runtime.processes).toHaveLength(2);
    expect(stage.upstreams().workers).toHaveLength(1);
  });
});

describe('the node-wide start limit', () => {
  test('is first come, first served', async () => {
    const stage = new Stage();
    const names = ['a', 'b', 'c'];
    stage.apply(
      names.map((name) => samplePool(name)),
      names.map((name) => sampleApplication(name, `/${name}`)),
      1,
    );
    for (const name of names) stage.supervisor.needWorker(`main/${name}`);
    await stage.clock.advance(50);
    expect(stage.runtime.processes).toHaveLength(1);
    await stage.clock.advance(1_000);
    expect(stage.runtime.processes.map((process) => process.request.pool.name)).toEqual(names);
    expect(stage.listeners.eligible('main/c')).toHaveLength(1);
  });

  test('a start that takes long does not hold up the others', async () => {
    const stage = new Stage();
    stage.apply(
      [samplePool('slow'), samplePool('quick')],
      [sampleApplication('slow', '/s'), sampleApplication('quick', '/q')],
      1,
    );
    stage.next.push({ ...goodProcess, start: 'never' });
    stage.supervisor.needWorker('main/s');
    stage.supervisor.needWorker('main/q');
    await stage.clock.advance(4_000);
    expect(stage.runtime.processes).toHaveLength(1);
    await stage.clock.advance(2_000);
    expect(stage.listeners.eligible('main/q')).toHaveLength(1);
  });
});

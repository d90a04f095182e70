import { expect, test } from '@jest/globals';
import { goodProcess } from '../../simulation/fake-runtime.js';
import { type PoolChanges, sampleApplication, samplePool } from '../../support/sample-pools.js';
import { Stage } from './stage.js';

const threeWorkers: PoolChanges = { processModel: { maxProcesses: 3 }, recycling: { rolling: true } };

async function garden(changes: PoolChanges = threeWorkers): Promise<Stage> {
  const stage = new Stage();
  stage.apply([samplePool('shop', changes)], [sampleApplication('shop')]);
  await stage.visit();
  expect(generations(stage)).toEqual([1, 1, 1]);
  return stage;
}

function generations(stage: Stage): readonly number[] {
  return stage.upstreams().workers.map(({ generation }) => generation);
}

test('the workers of a web garden are replaced one after the other', async () => {
  const stage = await garden();
  for (let n = 0; n < 3; n += 1) stage.next.push({ ...goodProcess, startMs: 1_000 });
  const recycled = stage.supervisor.recyclePool('shop', 'on-demand');
  await stage.clock.advance(500);
  expect(stage.runtime.processes).toHaveLength(4);
  await stage.clock.advance(800);
  expect(generations(stage)).toEqual([2, 1, 1]);
  expect(stage.runtime.processes).toHaveLength(5);
  await stage.clock.advance(3_000);
  await recycled;
  expect(generations(stage)).toEqual([2, 2, 2]);
  // Three that serve and one that comes or goes: never more.
  const most = Math.max(...stage.listeners.published.map(({ workers }) => workers.length));
  expect(most).toBe(3);
});

test('a new worker that does not start ends the roll: the others stay, and the caller is told', async () => {
  const stage = await garden();
  stage.next.push(goodProcess, { ...goodProcess, start: 'exits' });
  const outcome = stage.supervisor.recyclePool('shop', 'on-demand').catch((error: unknown) => error);
  await stage.clock.advance(2_000);
  expect(await outcome).toMatchObject({ code: 'recycle-failed' });
  expect(generations(stage)).toEqual([2, 1, 1]);
  expect(stage.runtime.processes).toHaveLength(5);
  expect(stage.logged('recycle-failed')).toMatchObject([{ slot: 2 }]);
  expect(await stage.visit()).toBe('answered');
});

test('a change in the middle of a roll reaches every worker', async () => {
  const stage = await garden();
  for (let n = 0; n < 5; n += 1) stage.next.push({ ...goodProcess, startMs: 1_000 });
  const change = (value: string): void => {
    const hosting = { environmentVariables: [{ name: 'V', value }] };
    stage.apply([samplePool('shop', threeWorkers)], [sampleApplication('shop', '/', { hosting })]);
  };
  change('1');
  await stage.clock.advance(1_500);
  change('2');
  await stage.clock.advance(10_000);
  const served = stage.upstreams().workers.map(({ workerId }) => stage.runtime.process(workerId)?.request.hosting);
  expect(served.map((hosting) => hosting?.environmentVariables[0]?.value)).toEqual(['2', '2', '2']);
});

test('a worker that crashes before its turn starts with what is new, and is not replaced twice', async () => {
  const stage = await garden();
  stage.next.push({ ...goodProcess, startMs: 1_000 });
  const recycled = stage.supervisor.recyclePool('shop', 'on-demand');
  await stage.clock.advance(500);
  stage.runtime.process(3)?.die(1, null);
  await stage.clock.advance(5_000);
  await recycled;
  expect(generations(stage)).toEqual([2, 2, 2]);
  expect(stage.runtime.processes).toHaveLength(6);
});

test('without overlap too only one slot is empty at a time', async () => {
  const recycling = { rolling: true, disallowOverlappingRotation: true };
  const stage = await garden({ ...threeWorkers, recycling });
  const recycled = stage.supervisor.recyclePool('shop', 'on-demand');
  await stage.clock.advance(5_000);
  await recycled;
  expect(generations(stage)).toEqual([2, 2, 2]);
  const fewest = Math.min(...stage.listeners.published.slice(3).map(({ workers }) => workers.length));
  expect(fewest).toBe(2);
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CpuConfig } from '../../../config/model.js';
import { samplePool } from '../../support/sample-pools.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { type ObservedWorker, RuntimeHarness } from './harness.js';

const listens = `require('node:http').createServer().listen(process.env.PORT);`;
/** Outside V8's heap, whose own limit would end it first. */
const eats = `${listens}
const kept = [];
setInterval(() => kept.push(Buffer.alloc(8 << 20, kept.length + 1)), 20);`;
/** In a process of its own, so that the worker itself stays healthy. */
const spins = `${listens}
require('node:child_process').spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });`;

const { cpu, resources } = samplePool('any');
const little: CpuConfig = { ...cpu, limit: 1_000, resetIntervalMs: 60_000 };

describe.each(['InProcess', 'OutOfProcess'] as const)('%s', (hostingModel) => {
  let harness: RuntimeHarness;
  const folder = tempFolder('apps');
  beforeAll(() => {
    for (const [name, source] of Object.entries({ eats, spins })) writeFileSync(join(folder, `${name}.js`), source);
    harness = new RuntimeHarness({ cgroups: { sources: { mountinfo: '', ownGroups: '' } } });
  });
  afterAll(async () => {
    await harness.close();
    removeFolder(folder);
  });

  const start = (
    name: string,
    pool: Partial<Pick<ReturnType<typeof samplePool>, 'cpu' | 'resources'>>,
  ): ObservedWorker =>
    harness.start({
      physicalPath: folder,
      hosting: {
        hostingModel,
        entry: `${name}.js`,
        processPath: process.execPath,
        arguments: hostingModel === 'InProcess' ? [] : [`${name}.js`],
      },
      pool: { isolation: 'process', ...pool },
    });

  test('memoryMax: what grows beyond it is killed, and its end says why', async () => {
    expect(harness.cgroups.mode).toBe('none');
    const worker = start('eats', { resources: { ...resources, memoryMaxBytes: 200_000_000 } });
    expect(await worker.whenExited()).toMatchObject({ signal: 'SIGKILL', limit: 'memory' });
  }, 60_000);

  test('cpu: NoAction is said once, KillW3wp ends the worker with all that it started', async () => {
    const told = (): number => harness.logger.count('cpu-limit-reached');
    const left = start('spins', { cpu: { ...little, action: 'NoAction' } });
    await until('it is told', () => told() === 1, { withinMs: 60_000 });
    expect(left.exit).toBeNull();
    left.handle?.kill();
    await left.whenExited();
    const killed = start('spins', { cpu: { ...little, action: 'KillW3wp' } });
    expect(await killed.whenExited()).toMatchObject({ signal: 'SIGKILL', limit: 'cpu' });
  }, 60_000);
});

import { expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app } from '../../support/paths.js';
import { withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { recordsOf } from '../../support/log-records.js';

const names = ['first', 'second', 'third', 'always'];

test('memoryBudget stops the idle pool that was used least recently, and no other', async () => {
  const applicationPools = names.map((name) => ({ name, startMode: name === 'always' ? 'AlwaysRunning' : 'OnDemand' }));
  const applications = names.map((name) => ({
    path: `/${name}`,
    applicationPool: name,
    physicalPath: app('plain'),
  }));
  // Each worker has about 10 to 25 MB of private memory: four are too many for this, but not two.
  const server = { memoryBudget: '40MB' };
  await withSluice({ applicationPools, applications, server }, async (sluice) => {
    for (const name of ['first', 'second', 'third']) {
      expect((await sluice.call(`/${name}/pid`)).status).toBe(200);
    }
    await until(
      'an idle pool was stopped',
      async () => (await sluice.pool('first')).obituaries.some(({ reason }) => reason === 'memory-budget'),
      { withinMs: 60_000, state: () => JSON.stringify(names.map((name) => recordsOf(sluice, 'memory-budget', name))) },
    );
    expect((await sluice.pool('always')).obituaries).toEqual([]);
    expect(recordsOf(sluice, 'memory-budget', 'first').length).toBeGreaterThan(0);
    expect((await sluice.call('/first/pid')).status).toBe(200);
  });
});

test('startConcurrency: no more workers start at once on the whole node', async () => {
  const root = tempFolder('starts');
  // Notes when its start begins and when it listens, half a second later.
  const slow = `
    const { appendFileSync } = require('node:fs');
    appendFileSync(process.env.NOTES, 'begin\\n');
    setTimeout(() => {
      appendFileSync(process.env.NOTES, 'end\\n');
      require('node:http').createServer((request, response) => response.end('ok')).listen(process.env.PORT);
    }, 500);`;
  try {
    const notes = join(root, 'notes');
    writeFileSync(notes, '');
    chmodSync(notes, 0o666);
    mkdirSync(join(root, 'app'), { mode: 0o755 });
    writeFileSync(join(root, 'app', 'index.js'), slow);
    const pools = ['a', 'b', 'c', 'd'];
    const environmentVariables = [{ name: 'NOTES', value: notes }];
    const applicationPools = pools.map((name) => ({ name, environmentVariables }));
    const physicalPath = join(root, 'app');
    const applications = pools.map((name) => ({ path: `/${name}`, applicationPool: name, physicalPath }));
    await withSluice({ applicationPools, applications, server: { startConcurrency: 1 } }, async (sluice) => {
      const answers = await Promise.all(pools.map((name) => sluice.call(`/${name}`)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(readFileSync(notes, 'utf8').trim().split('\n')).toEqual(pools.flatMap(() => ['begin', 'end']));
    });
  } finally {
    removeFolder(root);
  }
});

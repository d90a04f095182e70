import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodes } from '../../support/nodes.js';
import { canSwitchUsers } from '../../support/paths.js';
import { withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { appFolder } from '../starts/app-folder.js';

/** Node compiles functions that a cache is worth for; the answer is the folder that Node uses. */
const app = `
const part = require('./part.js');
const { getCompileCacheDir } = require('node:module');
require('node:http')
  .createServer((request, response) => response.end(part() + ' ' + (getCompileCacheDir?.() ?? '')))
  .listen(Number(process.env.PORT));
`;
const part = `module.exports = () => process.env.NODE_COMPILE_CACHE ?? 'unset';`;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function hasCompileCache(node: string): boolean {
  const script = 'process.exit(typeof require("node:module").flushCompileCache === "function" ? 0 : 1)';
  try {
    execFileSync(node, ['-e', script]);
    return true;
  } catch {
    return false;
  }
}

test.each(nodes())('%s: an app’s compiled code lies in a folder of its pool where Node can keep it', async (node) => {
  const root = tempFolder('app');
  const folder = appFolder(root, 'a', app);
  writeFileSync(join(folder, 'part.js'), part);
  const pools = [
    { name: 'a', nodePath: node },
    { name: 'off', nodePath: node, processModel: { compileCache: false } },
  ];
  const options = {
    applicationPools: pools,
    applications: pools.map(({ name }) => ({ path: `/${name}`, applicationPool: name, physicalPath: folder })),
  };
  const keeps = hasCompileCache(node);
  try {
    await withSluice(options, async (sluice) => {
      const [seen = '', used = ''] = (await sluice.call('/a')).text.split(' ');
      expect(seen).toBe('unset');
      expect((await sluice.call('/off')).text).toBe('unset ');
      expect(used !== '').toBe(keeps);
      const kept = join(sluice.folder, 'state', 'pools');
      const files = (): string[] => filesBelow(kept).filter((file) => file.includes('compile-cache'));
      if (keeps) await until('the code is kept', () => files().length > 0);
      const [first = 0] = await sluice.workerPids('a');
      mkdirSync(join(folder, 'tmp'));
      writeFileSync(join(folder, 'tmp', 'restart.txt'), '');
      await until('the worker is replaced', async () => !(await sluice.workerPids('a')).includes(first));
      await until('the old one is gone', async () => (await sluice.pool('a')).obituaries.length > 0);
      expect(files().length > 0).toBe(keeps);
      const owners = new Set(files().map((file) => statSync(file).uid));
      expect(canSwitchUsers() && owners.has(0)).toBe(false);
      expect((await sluice.call('/a')).text).toBe(`${seen} ${used}`);
    });
  } finally {
    removeFolder(root);
  }
});

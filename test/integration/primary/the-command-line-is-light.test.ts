import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { testNeeding } from '../../support/needs.js';
import { app, repository, sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

test('--help loads neither the server nor the configuration', async () => {
  const folder = tempFolder();
  // Refuses what only commands may load; the packages of the server are far heavier than the whole help.
  const hook = join(folder, 'hook.mjs');
  writeFileSync(
    hook,
    `export async function resolve(specifier, context, next) {
       const found = await next(specifier, context);
       if (/node_modules\\/(fastify|pino|prom-client|zod|yaml|fast-xml-parser)\\//.test(found.url)) throw new Error('loaded ' + specifier);
       return found;
     }\n`,
  );
  const register = join(folder, 'register.mjs');
  writeFileSync(register, `import { register } from 'node:module'; register('./hook.mjs', import.meta.url);\n`);
  const help = await run(process.execPath, ['--import', register, sluiceMain, '--help']);
  expect(help).toMatchObject({ code: 0, output: expect.stringContaining('Usage: sluice') });
  // The hook does see them where they are needed.
  const check = await run(process.execPath, ['--import', register, sluiceMain, 'check', folder]);
  expect(check.output).toContain('loaded');
  removeFolder(folder);
});

testNeeding('other users')(
  'in a folder that others cannot enter, start refuses with 78 and says what to do',
  async () => {
    const folder = tempFolder();
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    for (const name of ['config', 'pools', 'server']) {
      cpSync(join(repository, 'dist', name), join(closed, 'dist', name), { recursive: true });
    }
    cpSync(join(repository, 'package.json'), join(closed, 'package.json'));
    symlinkSync(join(repository, 'node_modules'), join(closed, 'node_modules'));
    const file = join(folder, 'sluice.json');
    const site = {
      name: 'main',
      bindings: [{ protocol: 'http', bindingInformation: '127.0.0.1:1:' }],
      applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
    };
    const folders = { runDir: `${folder}/run`, stateDir: `${folder}/state`, logDir: `${folder}/log` };
    writeFileSync(file, JSON.stringify({ ...folders, applicationPools: [{ name: 'a' }], sites: [site] }));
    const refused = await run(process.execPath, [join(closed, 'dist', 'server', 'cli', 'main.js'), 'start', file]);
    expect(refused.code).toBe(78);
    expect(refused.output).toContain(`${closed} (mode 0700) cannot be entered`);
    expect(refused.output).toContain('--isolation process');
    removeFolder(folder);
  },
);

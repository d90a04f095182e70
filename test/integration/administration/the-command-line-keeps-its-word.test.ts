import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { app, repository, sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

function sluice(...args: string[]) {
  return run(process.execPath, [sluiceMain, ...args]);
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = tempFolder();
  try {
    await body(folder);
  } finally {
    removeFolder(folder);
  }
}

describe('sluice', () => {
  test('--version and --help', async () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
    expect(await sluice('--version')).toMatchObject({ code: 0, output: expect.stringContaining(version) });
    const help = await sluice('--help');
    expect(help).toMatchObject({ code: 0, output: expect.stringMatching(/start[\s\S]*check/) });
  });

  test('a wrong command is a usage error', async () => {
    expect(await sluice('strat')).toMatchObject({ code: 2 });
    expect(await sluice('start', '--nonsense')).toMatchObject({ code: 2 });
  });

  test('check prints every problem with file, line, column and remedy', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'sluice.yaml');
      const lines = [
        'applicationPools:',
        '  - name: a',
        '    procesModel: { maxProcesses: 1 }',
        'sites:',
        '  - name: main',
        '    bindings: [{ protocol: http, bindingInformation: "*:99999:" }]',
        '    applications:',
        '      - { path: /, applicationPool: nobody, physicalPath: ./nowhere }',
      ];
      writeFileSync(file, `${lines.join('\n')}\n`);
      const { code, output } = await sluice('check', file);
      expect(code).toBe(1);
      expect(output).toMatch(/sluice\.yaml:3:\d+: error: .*procesModel/);
      expect(output).toContain('processModel');
      expect(output).toMatch(/sluice\.yaml:6:\d+: error: /);
    });
  });

  test('what is longer than a pipe holds is printed whole', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'sluice.yaml');
      writeFileSync(file, Array.from({ length: 450 }, (_, index) => `wrong${index}: ${'x'.repeat(200)}\n`).join(''));
      const command = '"$0" "$1" config check "$2" --json | cat';
      const { output } = await run('sh', ['-c', command, process.execPath, sluiceMain, file]);
      expect(output.length).toBeGreaterThan(65_536);
      expect((JSON.parse(output) as { problems: unknown[] }).problems).toHaveLength(450);
    });
  });

  test('check passes a good file', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'sluice.json');
      const site = {
        name: 'main',
        bindings: [{ protocol: 'http', bindingInformation: '*:8080:' }],
        applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
      };
      writeFileSync(file, JSON.stringify({ applicationPools: [{ name: 'a' }], sites: [site] }));
      expect(await sluice('check', file)).toMatchObject({ code: 0 });
      // A folder of one application needs no file.
      expect(await sluice('check', app('plain'))).toMatchObject({ code: 0 });
    });
  });

  test('check fails for an application that cannot run, which start would serve without', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'sluice.json');
      const check = (...applications: object[]) => {
        const site = { name: 'main', bindings: [{ bindingInformation: '*:8080:' }], applications };
        writeFileSync(file, JSON.stringify({ sites: [site] }));
        return sluice('check', file);
      };
      const good = { path: '/', physicalPath: app('plain') };
      expect(await check(good, { path: '/none', physicalPath: './none' })).toMatchObject({
        code: 1,
        output: expect.stringMatching(/1 application cannot run[\s\S]*`sluice start` goes on without it/),
      });
      mkdirSync(join(folder, 'own'));
      writeFileSync(
        join(folder, 'own', 'web.config'),
        '<configuration><system.webServer><aspNetCore nonsense="1"/></system.webServer></configuration>',
      );
      expect(await check(good, { path: '/own', physicalPath: './own' })).toMatchObject({
        code: 1,
        output: expect.stringContaining('nonsense is not an attribute'),
      });
      // Only the order in the pool is wrong: 500.35.
      expect(await check(good, { path: '/second', physicalPath: app('plain') })).toMatchObject({
        code: 0,
        output: expect.stringContaining('500.35'),
      });
    });
  });

  test('start refuses a broken configuration with exit code 78', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'sluice.yaml');
      writeFileSync(file, 'sites: [\n');
      expect(await sluice('start', file)).toMatchObject({
        code: 78,
        output: expect.stringMatching(/sluice\.yaml:\d+:\d+/),
      });
      expect((await sluice('start', join(folder, 'missing.yaml'))).code).toBe(78);
      mkdirSync(join(folder, 'empty'));
      expect((await sluice('start', join(folder, 'empty'))).code).toBe(78);
    });
  });
});

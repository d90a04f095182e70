import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository, sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const talkative = `
require('node:http')
  .createServer((request, response) => {
    console.log('asked for ' + request.url + ' \\u001b[31m');
    console.error('and complains about ' + request.url);
    response.end('hello');
  })
  .listen(process.env.PORT);
`;

const read = (path: string): string => readFileSync(path, 'latin1');

function reopen(sluice: Sluice): Promise<{ readonly code: number | null; readonly output: string }> {
  return run(process.execPath, [sluiceMain, 'logs', 'reopen', sluice.file]);
}

test('renamed logs are left by every writer, and nothing is lost or written twice', async () => {
  const folder = tempFolder('app');
  writeFileSync(join(folder, 'index.js'), talkative);
  const options = {
    server: { accessLog: { format: 'combined' } },
    applicationPools: [{ name: 'a' }],
    applications: [{ path: '/', applicationPool: 'a', physicalPath: folder }],
  };
  try {
    await withSluice(options, async (sluice) => {
      const logs = join(sluice.folder, 'log');
      const access = join(logs, 'access', 'access.log');
      const ask = async (from: number): Promise<void> => {
        for (let n = from; n < from + 20; n += 1) await sluice.call(`/${n}`, { headers: { 'user-agent': 'a "b"' } });
      };
      await ask(0);
      const [name = ''] = readdirSync(join(logs, 'workers', 'a'));
      const worker = join(logs, 'workers', 'a', name);
      await until('the access log is written', () => read(access).split('\n').length > 20);
      for (const file of [access, join(logs, 'sluice.log'), worker]) renameSync(file, `${file}.1`);
      // Written between renaming and reopening: still goes to the old file.
      await ask(20);
      expect(await reopen(sluice)).toMatchObject({ code: 0, output: '' });
      const old = read(`${access}.1`);
      await ask(40);
      // Both listeners write each in its own time.
      const lines = await until('every request is in the logs', () => {
        const all = `${old}${read(access)}`.trimEnd().split('\n');
        return all.length >= 60 ? all : undefined;
      });
      expect(read(`${access}.1`)).toBe(old);
      const requests = lines.map((line) => /"GET \/(\d+) HTTP\/1\.1" 200 5 "-" "a \\"b\\""$/.exec(line)?.[1]);
      expect(requests.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n));
      const output = `${read(`${worker}.1`)}${read(worker)}`;
      for (const n of [0, 25, 59]) {
        expect(output).toContain(`asked for /${n} \\x1b[31m\n`);
        expect(output).toContain(`and complains about /${n}\n`);
      }
      expect(read(worker)).toContain('asked for /59 ');
      expect(read(join(logs, 'sluice.log'))).toContain('"event":"logs-reopened"');
      expect(statSync(access).mode & 0o777).toBe(0o640);
      await reopenedInOtherWays(sluice);
    });
  } finally {
    removeFolder(folder);
  }
});

/** As logrotate does: in the root folder, by the line that is shipped; and as any other verb is told where to go. */
async function reopenedInOtherWays({ folder, file, adminSocket }: Sluice): Promise<void> {
  const shipped = read(join(repository, 'deploy/systemd/sluice.logrotate'));
  const [, line = ''] = /postrotate\n(.*)\n/.exec(shipped) ?? [];
  const program = join(folder, 'sluice');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${sluiceMain}' "$@"\n`, { mode: 0o755 });
  const { SLUICE_ADMIN: _, ...env } = process.env;
  const path = `${folder}:${process.env['PATH'] ?? ''}`;
  const told = { cwd: '/', env: { ...env, PATH: path, SLUICE_ADMIN: adminSocket } };
  const untold = { cwd: '/', env };
  const logs = (...args: readonly string[]) => run(process.execPath, [sluiceMain, 'logs', ...args], untold);
  expect(
    await Promise.all([
      run('sh', ['-c', line], told),
      logs('reopen', '--admin', adminSocket),
      logs('--admin', adminSocket, 'reopen'),
      logs('reopen', '--config', file, '--json'),
    ]),
  ).toMatchObject([
    { code: 0, output: '' },
    { code: 0, output: '' },
    { code: 0, output: '' },
    { code: 0, output: '{}\n' },
  ]);
  const nowhere = await logs('--admin', join(folder, 'nothing.sock'), 'reopen', file);
  expect(nowhere.output).toContain('nothing.sock');
  const events = read(join(folder, 'log', 'sluice.log')).split('"event":"logs-reopened"').length - 1;
  expect(events).toBe(5);
}

test('a server that does not run is named, not waited for', async () => {
  const folder = tempFolder();
  const file = join(folder, 'sluice.yaml');
  writeFileSync(file, JSON.stringify({ runDir: join(folder, 'run'), sites: [] }));
  const { code, output } = await run(process.execPath, [sluiceMain, 'logs', 'reopen', file]);
  expect(code).toBe(1);
  expect(output).toContain('admin.sock');
  removeFolder(folder);
});

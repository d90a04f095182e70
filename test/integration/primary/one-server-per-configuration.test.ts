import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { call } from '../../support/http-client.js';
import { app, sluiceMain } from '../../support/paths.js';
import { isAlive } from '../../support/processes.js';
import { run, startProgram } from '../../support/program.js';
import { startSluice, withSluice } from '../../support/sluice.js';
import { removeFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const options = {
  applicationPools: [{ name: 'a' }],
  applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
};

function again(file: string) {
  return run(process.execPath, [sluiceMain, 'start', file, '--isolation', 'process']);
}

test('a second start is refused and names the process of the first', async () => {
  await withSluice(options, async (sluice) => {
    const second = await again(sluice.file);
    expect(second.code).toBe(1);
    expect(second.output).toContain(`process ${sluice.pid} holds ${join(sluice.folder, 'run', 'sluice.lock')}`);
    expect((await sluice.call('/')).text).toBe('plain\n');
  });
});

test('after SIGKILL the next start takes over: workers of the dead one are gone, the socket is replaced', async () => {
  const first = await startSluice(options);
  await first.call('/');
  const tree = first.tree();
  first.program.child.kill('SIGKILL');
  await first.program.exited;
  expect(existsSync(first.adminSocket)).toBe(true);
  const second = startProgram(process.execPath, [sluiceMain, 'start', first.file, '--isolation', 'process'], {
    cwd: first.folder,
  });
  await until('the second answers', async () => {
    if (second.child.exitCode !== null) throw new Error(second.output());
    const answer = await call(first.adminSocket, '/readyz', { limitMs: 2_000 }).catch(() => null);
    return answer?.status === 200;
  });
  expect(tree.filter((one) => isAlive(one.pid))).toEqual([]);
  expect((await first.call('/')).text).toBe('plain\n');
  expect(await second.stop()).toEqual({ code: 0, signal: null });
  expect(existsSync(first.adminSocket)).toBe(false);
  removeFolder(first.folder);
});

test('a port in use ends the start with the binding in the message, and nothing stays behind', async () => {
  const sluice = await startSluice(options);
  await sluice.program.stop();
  const other = createServer().listen(sluice.port);
  await once(other, 'listening');
  const refused = await again(sluice.file);
  other.close();
  await once(other, 'close');
  expect(refused.code).toBe(1);
  expect(refused.output).toContain(`cannot listen on *:${sluice.port} (site main, *:${sluice.port}:): EADDRINUSE`);
  expect(existsSync(join(sluice.folder, 'run'))).toBe(false);
  removeFolder(sluice.folder);
});

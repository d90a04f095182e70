import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { hostileApp, tell } from '../../support/hostile-tenant.js';
import { hostingModels } from '../../support/hosting.js';
import { reasonToSkip, testNeeding } from '../../support/needs.js';
import { allProcesses, isAlive, processTree } from '../../support/processes.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const boxed = testNeeding('bwrap', 'other users');
const skipped = reasonToSkip(['bwrap', 'other users']) !== null;

describe.each(hostingModels)('$model', ({ model, settings }) => {
  let sluice: Sluice;
  let folder: string;
  let neighbourPort: Server;
  beforeAll(async () => {
    if (skipped) return;
    folder = tempFolder('box');
    for (const name of ['a', 'b']) cpSync(hostileApp, join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'b', 'open-to-all'), 'of b');
    mkdirSync(join(folder, 'a', 'uploads'));
    chmodSync(join(folder, 'a', 'uploads'), 0o777);
    neighbourPort = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    const sandbox = { writablePaths: ['uploads'], privateNetwork: true };
    sluice = await startSluice({
      listeners: 1,
      applicationPools: [{ name: 'a', isolation: 'sandbox', sandbox }, { name: 'b' }],
      applications: ['a', 'b'].map((name) => ({
        path: `/${name}`,
        applicationPool: name,
        physicalPath: join(folder, name),
        ...settings,
      })),
    });
  }, 90_000);
  afterAll(async () => {
    if (skipped) return;
    await sluice.stop();
    neighbourPort.close();
    removeFolder(folder);
  }, 90_000);

  boxed('another pool’s files, processes and environment cannot be seen, of its own only the pool’s', async () => {
    await tell(sluice, 'b', 'hello');
    const [b = 0] = await sluice.workerPids('b');
    const open = join(folder, 'b', 'open-to-all');
    expect(await tell(sluice, 'b', 'read', open)).toEqual({ done: 'of b' });
    expect(await tell(sluice, 'a', 'read', open)).toEqual({ failed: 'ENOENT' });
    expect(await tell(sluice, 'a', 'read', `/proc/${b}/environ`)).toEqual({ failed: 'ENOENT' });
    expect(await tell(sluice, 'a', 'kill', String(b))).toEqual({ failed: 'ESRCH' });
    expect((await tell(sluice, 'a', 'read', '/proc/1/cmdline')).done).toMatch(/bwrap/);
    expect((await tell(sluice, 'a', 'list', folder)).done).toEqual(['a']);
    expect((await tell(sluice, 'a', 'list', '/tmp')).done).not.toContain('bash_jobs.0');
    expect(isAlive(b)).toBe(true);
  });

  boxed('system and application are read-only, writable are HOME, TMPDIR and the named paths', async () => {
    const at = (name: string): string => join(folder, 'a', name);
    expect(await tell(sluice, 'a', 'write', at('index.js'))).toEqual({ failed: 'EROFS' });
    expect((await tell(sluice, 'a', 'write', '/etc/mine')).failed).toMatch(/EROFS|EACCES/);
    expect(await tell(sluice, 'a', 'write', at('uploads/file'))).toEqual({ done: true });
    expect(readFileSync(at('uploads/file'), 'latin1')).toBe('mine');
    const env = (await tell(sluice, 'a', 'environment')) as Record<string, string>;
    for (const name of ['HOME', 'TMPDIR']) {
      expect(await tell(sluice, 'a', 'write', join(env[name] ?? '', 'file'))).toEqual({ done: true });
    }
    expect(await tell(sluice, 'a', 'write', '/tmp/file')).toEqual({ done: true });
  });

  boxed('a private network reaches nobody, and the listeners reach it all the same', async () => {
    const address = neighbourPort.address();
    const port = String(typeof address === 'object' ? address?.port : 0);
    expect(await tell(sluice, 'b', 'connect', port)).toEqual({ done: true });
    expect(await tell(sluice, 'a', 'connect', port)).toEqual({ failed: 'ECONNREFUSED' });
  });

  boxed('it has no capability in any namespace, no new privileges and makes no namespace of its own', async () => {
    const { status } = (await tell(sluice, 'a', 'status')) as { status: string };
    for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(status).toMatch(new RegExp(`^${set}:\t0+$`, 'm'));
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(await tell(sluice, 'a', 'run', 'unshare -U true')).not.toHaveProperty('done');
  });

  boxed('a stop reaches the program, and a kill leaves nothing of it', async () => {
    await tell(sluice, 'a', 'hello');
    const [pid = 0] = await sluice.workerPids('a');
    const inside = processTree(pid).map((one) => one.pid);
    expect(inside.length).toBeGreaterThanOrEqual(3);
    process.kill(pid, 'SIGKILL');
    await until('all of it is gone', () => inside.every((one) => !isAlive(one)), { withinMs: 60_000 });
    expect(await tell(sluice, 'a', 'hello')).toEqual({ done: true });
    expect(allProcesses().some((one) => inside.includes(one.pid) && one.state !== 'Z')).toBe(false);
    expect(model).toMatch(/process/);
  });
});

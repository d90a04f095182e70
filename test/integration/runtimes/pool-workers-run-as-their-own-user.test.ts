import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { chmodSync, cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { freePort } from '../../support/free-port.js';
import { isAlive, statusNumber } from '../../support/processes.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { testNeeding } from '../../support/needs.js';
import { until } from '../../support/time.js';
import { misbehaving, type ObservedWorker, RuntimeHarness } from './harness.js';

const asOthers = testNeeding('other users');

function get(worker: ObservedWorker): Promise<Record<string, unknown>> {
  const { endpoint } = worker;
  if (endpoint?.kind !== 'tcp') throw new Error('no TCP endpoint');
  return new Promise((resolve, reject) => {
    request({ host: endpoint.host, port: endpoint.port, agent: false }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.on('end', () => resolve(JSON.parse(body) as Record<string, unknown>));
    })
      .once('error', reject)
      .end();
  });
}

function runningAs(uid: number | null): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isAlive(pid) && statusNumber(pid, 'Uid') === uid);
}

describe('as root, at isolation user', () => {
  let harness: RuntimeHarness;
  let apps: string;
  beforeAll(() => {
    harness = new RuntimeHarness({ isolate: true, hostFile: join(misbehaving, 'fake-host.js') });
    apps = tempFolder('apps');
    cpSync(misbehaving, join(apps, 'open'), { recursive: true });
  });
  afterAll(async () => {
    await harness.close();
    removeFolder(apps);
  });

  const program = { processPath: process.execPath, arguments: ['well-behaved.js'] };

  asOthers('each pool has an id of its own, no groups, no new privileges, private HOME and TMPDIR', async () => {
    const workers = ['shop', 'blog'].map((name) =>
      harness.start({ physicalPath: join(apps, 'open'), hosting: program, pool: { name } }),
    );
    await Promise.all(workers.map((worker) => worker.whenReady()));
    const reports = await Promise.all(workers.map(get));
    const uids = reports.map((report) => report['uid'] as number);
    expect(new Set([...uids, 0]).size).toBe(3);
    for (const report of reports) {
      const env = report['env'] as Record<string, string>;
      expect(report).toMatchObject({ gid: report['uid'], groups: [report['uid']], noNewPrivileges: '1' });
      expect(env).toMatchObject({ USER: `sluice-${String(report['uid'])}`, LOGNAME: env['USER'] });
      for (const folder of [env['HOME'] ?? '', env['TMPDIR'] ?? '']) {
        expect(statSync(folder)).toMatchObject({ uid: report['uid'], gid: report['uid'] });
        expect(statSync(folder).mode & 0o777).toBe(0o700);
      }
    }
    for (const worker of workers) worker.handle?.kill();
    await Promise.all(workers.map((worker) => worker.whenExited()));
  });

  asOthers("a variable for the loader reaches the program and no program of root's", async () => {
    const hosting = { ...program, environmentVariables: [{ name: 'LD_LIBRARY_PATH', value: '/nowhere' }] };
    const worker = harness.start({ physicalPath: join(apps, 'open'), hosting });
    await worker.whenReady();
    const report = await get(worker);
    const env = report['env'] as Record<string, string>;
    expect(env['LD_LIBRARY_PATH']).toBe('/nowhere');
    expect(Object.keys(env).filter((name) => name.startsWith('SLUICE_LATER'))).toEqual([]);
    expect(report['noNewPrivileges']).toBe('1');
    worker.handle?.kill();
    await worker.whenExited();
  });

  asOthers('the link socket belongs to root and the listeners', async () => {
    const hosting = { hostingModel: 'InProcess', entry: 'empty.js' } as const;
    const worker = harness.start({ physicalPath: join(apps, 'open'), hosting });
    const endpoint = await worker.whenReady();
    if (endpoint.kind !== 'link') throw new Error('no link endpoint');
    const gid = harness.identities.forListeners()?.gid;
    const socket = statSync(endpoint.socketPath);
    const folder = statSync(dirname(endpoint.socketPath));
    expect(socket).toMatchObject({ uid: 0, gid });
    expect(folder).toMatchObject({ uid: 0, gid });
    expect([socket.mode & 0o777, folder.mode & 0o777]).toEqual([0o660, 0o710]);
    expect(statusNumber(worker.pid, 'Uid')).not.toBe(0);
    worker.handle?.kill();
    await worker.whenExited();
  });

  asOthers('a folder that the pool cannot enter is named with its mode, and nothing is spawned', async () => {
    const closed = join(apps, 'closed');
    mkdirSync(join(closed, 'app'), { recursive: true });
    writeFileSync(join(closed, 'app', 'app.js'), '');
    chmodSync(closed, 0o750);
    const outOfProcess = harness.start({ physicalPath: join(closed, 'app'), hosting: program });
    const inProcess = harness.start({
      physicalPath: join(closed, 'app'),
      hosting: { hostingModel: 'InProcess', entry: 'app.js' },
    });
    const failures = [await outOfProcess.whenFailed(), await inProcess.whenFailed()];
    for (const failure of failures) {
      expect(failure.code).toBe('folder-unreachable');
      expect(failure.cause).toContain(`${closed} (mode 0750)`);
      expect(failure.remedy).toContain(`chmod o+x ${closed}`);
    }
    expect(failures.map(({ status, subStatus }) => [status, subStatus])).toEqual([
      [502, 5],
      [500, 30],
    ]);
    expect([...outOfProcess.pids, ...inProcess.pids]).toEqual([]);
  });

  asOthers('an entry that the pool cannot read is named', async () => {
    cpSync(join(misbehaving, 'empty.js'), join(apps, 'open', 'private.js'));
    chmodSync(join(apps, 'open', 'private.js'), 0o600);
    const worker = harness.start({
      physicalPath: join(apps, 'open'),
      hosting: { hostingModel: 'InProcess', entry: 'private.js' },
    });
    const failure = await worker.whenFailed();
    expect(failure.cause).toContain('private.js (mode 0600) cannot be read');
  });

  asOthers('a port taken by another user is refused', async () => {
    const port = String(await freePort());
    const hosting = {
      ...program,
      environmentVariables: [{ name: 'ASPNETCORE_PORT', value: port }],
      arguments: ['never-listens.js'],
    };
    const thief = { ...program, environmentVariables: [{ name: 'ASPNETCORE_PORT', value: port }] };
    const worker = harness.start({ physicalPath: join(apps, 'open'), hosting, pool: { name: 'victim' } });
    await until('the victim runs', () => worker.pids.length > 0);
    const neighbour = harness.start({ physicalPath: join(apps, 'open'), hosting: thief, pool: { name: 'thief' } });
    const failure = await worker.whenFailed();
    expect(failure.code).toBe('port-refused');
    neighbour.handle?.kill();
    await neighbour.whenExited();
  });

  asOthers('grandchildren go with the worker, even in sessions of their own', async () => {
    const worker = harness.start({
      physicalPath: join(apps, 'open'),
      hosting: { processPath: join(apps, 'open', 'leaves-grandchildren.sh') },
      pool: { name: 'leaver' },
    });
    await worker.whenReady();
    const uid = statusNumber(worker.pid, 'Uid');
    const ofPool = (): number[] => runningAs(uid);
    await until('all grandchildren run', () => ofPool().length >= 4);
    worker.handle?.terminate();
    await worker.whenExited();
    expect(ofPool()).toEqual([]);
  });

  asOthers('nothing is left of a pool whose processes kill the one that would kill them', async () => {
    const worker = harness.start({
      physicalPath: join(apps, 'open'),
      hosting: { processPath: join(apps, 'open', 'fights-its-end.sh') },
      pool: { name: 'fighter' },
    });
    await worker.whenReady();
    const uid = statusNumber(worker.pid, 'Uid');
    const ofPool = (): number[] => runningAs(uid);
    expect(ofPool().length).toBeGreaterThan(1);
    worker.handle?.kill();
    await worker.whenExited();
    expect(ofPool()).toEqual([]);
    expect(harness.logger.has('processes-left')).toBe(false);
  });

  asOthers('the temp folder is emptied by the end, also of what the tenant left', async () => {
    const worker = harness.start({ physicalPath: join(apps, 'open'), hosting: program, pool: { name: 'temporary' } });
    await worker.whenReady();
    const env = (await get(worker))['env'] as Record<string, string>;
    writeFileSync(join(env['TMPDIR'] ?? '', 'left'), 'x');
    worker.handle?.kill();
    await worker.whenExited();
    await harness.runtimes.close();
    expect(readdirSync(join(harness.stateDir, 'tmp'))).toEqual([]);
    expect(readdirSync(harness.runDir)).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { must } from '../../support/containers/base-image.js';
import { type ImageConfig, Images } from '../../support/containers/image.js';
import { type Rights, type Running, runAlone, runByBuildah } from '../../support/containers/run.js';
import { published } from '../../support/aspnetcore/published.js';
import { freePort } from '../../support/free-port.js';
import { call } from '../../support/http-client.js';
import { reasonToSkip, testNeeding } from '../../support/needs.js';
import { app, repository } from '../../support/paths.js';
import { isAlive, processTree, statusNumber } from '../../support/processes.js';
import { run } from '../../support/program.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const needs = ['root', 'buildah'] as const;
const canRun = reasonToSkip(needs) === null;
const test = testNeeding(...needs);
/** Slim is built and run without it. */
const hasDotnet = reasonToSkip(['dotnet']) === null;
const limitBytes = 120_000_000;
const limitMs = 180_000;
const imageUser = 10_001;
const firstUser = 61_000;

let images: Images;
let folder: string;
let config: ImageConfig;
let slim: { readonly name: string; readonly root: string };
let netApp: string;
let aspnet: { readonly name: string; readonly root: string };

beforeAll(async () => {
  if (!canRun) return;
  folder = tempFolder('images');
  images = new Images();
  await images.build(hasDotnet ? ['slim', 'aspnet'] : ['slim']);
  config = await images.config('slim');
  slim = await images.container(images.name('slim'));
  if (!hasDotnet) return;
  netApp = await published('web');
  aspnet = await images.container(images.name('aspnet'));
}, 400_000);

afterAll(async () => {
  if (!canRun) return;
  await images.remove();
  removeFolder(folder);
}, 120_000);

interface Place {
  readonly port: number;
  readonly adminPort: number;
  readonly folders: Readonly<Record<string, string>>;
}

/** A configuration on free ports as a folder to mount, laid out as Kubernetes mounts a ConfigMap: behind links. */
async function place(pools: readonly object[], applications: readonly object[], more: object = {}): Promise<Place> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const mounted = tempFolder('c');
  const document = {
    admin: { listen: `0.0.0.0:${adminPort}` },
    listeners: 1,
    ...more,
    applicationPools: pools,
    sites: [{ name: 'main', bindings: [{ protocol: 'http', bindingInformation: `*:${port}:` }], applications }],
  };
  writeFileSync(join(mounted, 'first.yaml'), JSON.stringify(document));
  await must('ln', ['-s', 'first.yaml', join(mounted, 'sluice.yaml')]);
  return { port, adminPort, folders: { '/etc/sluice': mounted, '/srv/app': app('plain') } };
}

async function ready(running: Running, { adminPort }: Place): Promise<void> {
  const isReady = async (): Promise<boolean> => {
    const { exitCode } = running.program.child;
    if (exitCode !== null) throw new Error(`ended with ${exitCode}\n${running.program.output()}`);
    return (await call(adminPort, '/readyz', { limitMs: 5_000 }).catch(() => null))?.status === 200;
  };
  await until('the container is ready', isReady, { withinMs: 60_000, state: () => running.program.output() });
}

/** SIGTERM to the first process; it ends with 0 and leaves nothing. */
async function stop(running: Running): Promise<void> {
  const tree = processTree(running.program.pid);
  process.kill(await running.firstPid(), 'SIGTERM');
  const exit = await running.program.exited;
  expect({ ...exit, output: running.program.output() }).toMatchObject({ code: 0 });
  expect(tree.filter((one) => isAlive(one.pid))).toEqual([]);
}

async function end(running: Running, at: Place): Promise<void> {
  if (running.program.child.exitCode === null) {
    const tree = processTree(running.program.pid);
    await running.program.stop('SIGKILL');
    for (const one of tree) if (isAlive(one.pid)) process.kill(one.pid, 'SIGKILL');
  }
  removeFolder(at.folders['/etc/sluice'] ?? '');
}

async function within(running: Running, at: Place, body: () => Promise<void>): Promise<void> {
  try {
    await ready(running, at);
    await body();
  } catch (error) {
    if (error instanceof Error) error.message += `\n--- output ---\n${running.program.output().slice(-6_000)}`;
    throw error;
  } finally {
    await end(running, at);
  }
}

async function bytesOf(path: string): Promise<number> {
  const told = await must('du', ['--summarize', '--bytes', '--one-file-system', path]);
  return Number(told.split(/\s/)[0]);
}

describe('the image slim', () => {
  test('is what it promises to the engine that runs it', () => {
    expect(config).toMatchObject({
      User: '10001:10001',
      Entrypoint: ['/usr/bin/tini', '--', 'sluice'],
      Cmd: ['start'],
      WorkingDir: '/etc/sluice',
      ExposedPorts: { '8080/tcp': {}, '8443/tcp': {} },
      Volumes: { '/var/lib/sluice': {} },
      StopSignal: 'SIGTERM',
      Healthcheck: { Test: ['CMD', 'sluice', 'healthcheck'] },
    });
  });

  test('adds less than 120 MB to its base and holds nothing of the build', async () => {
    const added = (await bytesOf(slim.root)) - (await bytesOf((await images.base()).root));
    process.stderr.write(`slim: ${(added / 1e6).toFixed(1)} MB above the base\n`);
    expect(added).toBeGreaterThan(0);
    expect(added).toBeLessThan(limitBytes);
    const left = await must('sh', ['-c', `ls -A ${slim.root}/src ${slim.root}/root/.npm 2>/dev/null || true`]);
    expect(left).toBe('');
    const dev = ['typescript', 'jest', '@sluice', '@types'].map((name) =>
      join(slim.root, 'opt/sluice/node_modules', name),
    );
    expect(dev.filter((path) => canSee(path))).toEqual([]);
  });

  test(
    'serves without root, tells its health, and finishes at SIGTERM what is under way',
    async () => {
      const at = await place([{ name: 'app' }], [{ path: '/', applicationPool: 'app', physicalPath: '/srv/app' }]);
      const running = runByBuildah(slim.name, config, at);
      const [, ...healthcheck] = config.Healthcheck.Test;
      const health = (): Promise<{ code: number | null }> =>
        run('buildah', [
          'run',
          '--isolation',
          'chroot',
          '-v',
          `${at.folders['/etc/sluice']}:/etc/sluice:ro`,
          slim.name,
          '--',
          ...healthcheck,
        ]);
      await within(running, at, async () => {
        const told = JSON.parse((await call(at.port, '/process')).text) as { uid: number; gid: number };
        expect(told).toMatchObject({ uid: imageUser, gid: imageUser });
        for (const one of processTree(await running.firstPid())) expect(statusNumber(one.pid, 'Uid')).toBe(imageUser);
        expect(running.program.output()).toContain('pools-share-one-user');
        expect(await health()).toMatchObject({ code: 0 });
        const slow = call(at.port, '/slow?ms=1500');
        await until(
          'the request is under way',
          async () => (JSON.parse((await call(at.port, '/state')).text) as { inFlight: number }).inFlight >= 2,
        );
        await stop(running);
        expect(await slow).toMatchObject({ status: 200, text: expect.stringMatching(/^slow \d+$/) });
        expect(await health()).toMatchObject({ code: 1 });
      });
    },
    limitMs,
  );

  test(
    'gives pools users of their own with the capabilities of the root variant and no others',
    async () => {
      const variant = parse(readFileSync(join(repository, 'deploy/compose/compose.root.yaml'), 'utf8')) as {
        services: { sluice: { user: string; cap_add: readonly string[] } };
      };
      const { user, cap_add: capabilities } = variant.services.sluice;
      expect(user).toBe('0:0');
      const at = await place(
        [{ name: 'one', startMode: 'AlwaysRunning' }, { name: 'two' }],
        [
          { path: '/', applicationPool: 'one', physicalPath: '/srv/app' },
          { path: '/two', applicationPool: 'two', physicalPath: '/srv/app' },
        ],
        // Its leases are its own: other servers of this machine, and what ends their users' processes, have the usual range.
        { identityRange: { first: firstUser, last: firstUser + 99 } },
      );
      const memory = { '/tmp': 0, '/run': 0, '/var/lib/sluice': 0, '/var/log': 0 };
      const running = runAlone(slim.root, config, at, { user: 0, capabilities, memory });
      await within(running, at, async () => {
        const users = [];
        for (const path of ['/process', '/two/process']) {
          users.push((JSON.parse((await call(at.port, path)).text) as { uid: number }).uid);
        }
        expect(new Set(users).size).toBe(2);
        expect(users.filter((one) => one < firstUser)).toEqual([]);
        expect(running.program.output()).not.toContain('pools-share-one-user');
        await stop(running);
      });
    },
    limitMs,
  );
});

const nobody: Rights = {
  user: imageUser,
  capabilities: [],
  memory: { '/tmp': imageUser, '/var/lib/sluice': imageUser },
};

describe('the image aspnet', () => {
  testNeeding(...needs, 'dotnet')(
    'runs .NET and Python as process 1 on a root file system that cannot be written',
    async () => {
      const hosting = { hostingModel: 'OutOfProcess', processPath: '/usr/bin/python3', arguments: 'app.py' };
      const settings = await place(
        [{ name: 'net', startMode: 'AlwaysRunning' }, { name: 'python' }, { name: 'node' }],
        [
          { path: '/', applicationPool: 'node', physicalPath: '/srv/app' },
          { path: '/net', applicationPool: 'net', physicalPath: '/opt/net' },
          { path: '/py', applicationPool: 'python', physicalPath: '/opt/py', hosting },
        ],
      );
      await must('mkdir', ['-p', join(aspnet.root, 'opt/net'), join(aspnet.root, 'opt/py')]);
      const folders = { ...settings.folders, '/opt/net': netApp, '/opt/py': app('python') };
      const running = runAlone(aspnet.root, await images.config('aspnet'), { folders }, nobody);
      await within(running, settings, async () => {
        expect((await call(settings.port, '/net/', { limitMs: 60_000 })).text).toContain('Hello World!');
        expect((await call(settings.port, '/py/some')).status).toBe(200);
        expect((await call(settings.port, '/')).text).toBe('plain\n');
        expect(running.program.output()).not.toContain('runs-as-pid-1');
        const probe = runInside(await running.firstPid(), ['touch', '/opt/x', '/srv/x', '/etc/x']);
        expect(await probe).toMatchObject({ output: expect.stringContaining('Read-only file system') });
        await stop(running);
      });
    },
    limitMs,
  );
});

function canSee(path: string): boolean {
  try {
    readFileSync(join(path, 'package.json'));
    return true;
  } catch {
    return false;
  }
}

/** A command beside the container's own processes: same mounts, same user. */
function runInside(pid: number, command: readonly string[]): Promise<{ readonly output: string }> {
  const user = [`--setuid=${imageUser}`, `--setgid=${imageUser}`];
  return run('nsenter', [`--target=${pid}`, '--mount', '--root', ...user, '--', ...command]);
}

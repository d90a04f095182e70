/**
 * One server with tenants that attack and tenants that must notice nothing. Every pool has a user of its own; attackers
 * own the folder of their application, as tenants do.
 */
import { chownSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../support/free-port.js';
import { call } from '../../../support/http-client.js';
import { outOfProcess } from '../../../support/hosting.js';
import { reasonToSkip } from '../../../support/missing.js';
import { app, repository } from '../../../support/paths.js';
import { commandLine, residentBytes, statusNumber } from '../../../support/processes.js';
import { type Settings, type Sluice, startSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { listenerPids } from '../kill-listeners.js';
import { Attacker } from './attacker.js';
import { Logs } from './logs.js';

/** What holds an attacker. */
export const memoryMax = 256;
export const pidsMax = 128;
export const fileSizeMax = 128;
export const openFilesMax = 1_000;
export const cpuPercent = 25;

export interface Other {
  readonly name: string;
  readonly pid: number;
}

/** Everything an attacker could dream of knowing. */
export interface Facts {
  /** The server's processes and those of its other pools. */
  readonly others: readonly Other[];
  readonly port: number;
  readonly adminPort: number;
  /** The TCP port of a neighbour that admits only its host. */
  readonly victimPort: number;
  /** The port that the pool `stolen` will be given. */
  readonly nextPort: number;
  readonly secrets: readonly string[];
  readonly folders: readonly string[];
  readonly groups: readonly string[];
  readonly sockets: readonly string[];
  readonly socketFolders: readonly string[];
  readonly canary: string;
}

export interface World {
  readonly sluice: Sluice;
  /** Its processes by hosting model. */
  readonly inside: Attacker;
  readonly outside: Attacker;
  readonly facts: Facts;
  readonly logs: Logs;
  /** What must be the same when all is over. */
  readonly server: readonly Other[];
  /** Resident memory of the primary before the first attack. */
  readonly primaryBytes: number;
  end(): Promise<void>;
}

/** In the environment of the server; no worker may see it. */
export const secretVariable = 'SLUICE_TEST_SECRET';

const attackerPool: Settings = {
  isolation: 'user',
  cpu: { limit: cpuPercent * 1_000, action: 'Throttle' },
  resources: { pidsMax, memoryMax: `${memoryMax}MB`, fileSize: `${fileSizeMax}MB`, openFiles: openFilesMax },
  failure: { rapidFailProtection: false, hangDetection: '00:00:02' },
  processModel: { shutdownTimeLimit: '00:00:03' },
};

/** Its workers stay the same processes, however long nobody asks them. */
const innocentPool: Settings = { isolation: 'user', processModel: { idleTimeout: '00:00:00' } };

export const innocentPaths = ['/quiet-in', '/quiet-out'] as const;

function copied(apps: string, name: string, from: string): string {
  const folder = join(apps, name);
  cpSync(app(from), folder, { recursive: true });
  return folder;
}

/** The program that admits only its host needs the package that does so. */
function pairedProgram(apps: string): string {
  const folder = copied(apps, 'paired', 'integrated');
  mkdirSync(join(folder, 'node_modules', '@sluice'), { recursive: true });
  symlinkSync(join(repository, 'pools', 'integration'), join(folder, 'node_modules', '@sluice', 'integration'));
  return folder;
}

function serverOptions(apps: string, nextPort: number): Parameters<typeof startSluice>[0] {
  const swapping = { socket: 'unix', startupTimeLimit: 5, shutdownTimeLimit: 1, rapidFailsPerMinute: 100 };
  const logged = { stdoutLogEnabled: true, stdoutLogFile: 'logs/out' };
  const application = (name: string, physicalPath: string, more: Settings = {}): Settings => {
    return { path: `/${name}`, applicationPool: name, physicalPath, ...more };
  };
  return {
    through: ['/usr/bin/env', `${secretVariable}=1`],
    applicationPools: [
      { name: 'evil-in', ...attackerPool },
      { name: 'evil-out', ...attackerPool },
      ...['quiet-in', 'quiet-out', 'paired', 'socket', 'stolen'].map((name) => ({ name, ...innocentPool })),
    ],
    applications: [
      application('evil-in', copied(apps, 'evil-in', 'hostile')),
      application(
        'evil-out',
        copied(apps, 'evil-out', 'hostile'),
        outOfProcess('index.js', { ...logged, shutdownTimeLimit: 1 }),
      ),
      {
        ...application('evil-swap', join(apps, 'evil-out'), outOfProcess('swap.js', swapping)),
        applicationPool: 'evil-out',
      },
      application('quiet-in', app('plain')),
      application('quiet-out', app('plain'), outOfProcess('index.js')),
      application('paired', pairedProgram(apps), outOfProcess('program.cjs')),
      application('socket', app('plain'), outOfProcess('index.js', { socket: 'unix' })),
      application(
        'stolen',
        app('plain'),
        outOfProcess('index.js', { environmentVariables: { ASPNETCORE_PORT: String(nextPort) } }),
      ),
    ],
  };
}

async function pidOf(sluice: Sluice, pool: string): Promise<number> {
  const answer = await sluice.call(`/${pool}/`);
  if (answer.status !== 200) throw new Error(`/${pool}/ answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  return (await sluice.workerPids(pool))[0] ?? 0;
}

function environmentOf(pid: number, name: string): string {
  const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return variables.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

function namesIn(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name));
}

/** The files of control groups through which a process leaves its own. */
function groupFiles(pid: number): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'latin1')
    .split('\n')
    .map((line) => line.split(' '));
  return readFileSync(`/proc/${pid}/cgroup`, 'latin1')
    .split('\n')
    .flatMap((line) => {
      const [, controllers = '', path] = line.split(':');
      if (path === undefined || path === '/') return [];
      const mount = mounts.find(([, , type, options = '']) =>
        controllers === ''
          ? type === 'cgroup2'
          : type === 'cgroup' && options.split(',').includes(controllers.split(',')[0] ?? ''),
      )?.[1];
      return mount === undefined
        ? []
        : [`${mount}/cgroup.procs`, `${mount}${path}/cgroup.procs`, `${mount}${path}/../pids.max`];
    });
}

async function collect(sluice: Sluice, server: readonly Other[], nextPort: number, canary: string): Promise<Facts> {
  const pids = new Map<string, number>();
  for (const name of ['quiet-in', 'quiet-out', 'paired', 'socket']) pids.set(name, await pidOf(sluice, name));
  const victim = pids.get('quiet-out') ?? 0;
  const [run, state, log] = ['run', 'state', 'log'].map((name) => join(sluice.folder, name));
  const own = ['HOME', 'TMPDIR'].map((name) => environmentOf(victim, name));
  return {
    others: [...server, ...[...pids].map(([name, pid]) => ({ name, pid }))],
    port: sluice.port,
    adminPort: sluice.adminPort,
    victimPort: Number(environmentOf(pids.get('paired') ?? 0, 'PORT')),
    nextPort,
    secrets: [
      ...own,
      ...namesIn(log ?? ''),
      ...namesIn(state ?? '').filter((path) => !/\/(tmp|pools|last-good)/.test(path)),
    ],
    folders: [
      sluice.folder,
      run ?? '',
      state ?? '',
      log ?? '',
      join(state ?? '', 'tmp'),
      join(state ?? '', 'pools'),
      ...own,
    ],
    groups: groupFiles(victim),
    sockets: [
      sluice.adminSocket,
      ...namesIn(join(run ?? '', 'l')),
      ...namesIn(join(run ?? '', 'w')).map((path) => join(path, 'app.sock')),
    ],
    socketFolders: [join(run ?? '', 'l'), join(run ?? '', 'w')],
    canary,
  };
}

/** Primary, listeners and what else it keeps beside the workers. */
function serverProcesses(sluice: Sluice): Other[] {
  const listeners = listenerPids(sluice).map((pid, index) => ({ name: `listener ${index + 1}`, pid }));
  const guardian = sluice.tree().filter(({ pid }) => commandLine(pid).includes('sluice-guardian'));
  return [
    { name: 'the primary', pid: sluice.pid },
    ...listeners,
    ...guardian.map(({ pid }) => ({ name: 'the guardian', pid })),
  ];
}

/** Every worker runs and every fact is known. The caller ends it. Refused where attackers would not be held. */
export async function startWorld(): Promise<World> {
  const reason = reasonToSkip(['other users', 'control groups']);
  if (reason !== null) throw new Error(reason);
  const apps = tempFolder('t');
  const canary = join(apps, 'canary');
  mkdirSync(canary);
  writeFileSync(join(canary, 'file'), 'alive');
  const nextPort = await freePort();
  const sluice = await startSluice(serverOptions(apps, nextPort));
  try {
    const server = serverProcesses(sluice);
    const facts = await collect(sluice, server, nextPort, canary);
    const attacker = async (pool: string): Promise<Attacker> => {
      const uid = statusNumber(await pidOf(sluice, pool), 'Uid') ?? -1;
      const folder = join(apps, pool);
      for (const path of [folder, ...namesIn(folder)]) chownSync(path, uid, uid);
      return new Attacker(sluice, pool, uid, folder);
    };
    const [inside, outside] = [await attacker('evil-in'), await attacker('evil-out')];
    return {
      sluice,
      inside,
      outside,
      facts,
      logs: new Logs(sluice),
      server,
      primaryBytes: residentBytes(sluice.pid),
      async end() {
        await sluice.stop();
        removeFolder(apps);
      },
    };
  } catch (error) {
    await sluice.kill();
    removeFolder(apps);
    throw error;
  }
}

/** Both innocents answer, and the files that nobody may touch are there. */
export async function innocents(sluice: Sluice): Promise<boolean> {
  const answers = await Promise.all(innocentPaths.map((path) => call(sluice.port, `${path}/n/alive`)));
  return answers.every(({ text }) => text === 'alive');
}

/** What the server says from now on; it keeps only the end of what it said. */
export function listen({ sluice }: Pick<World, 'sluice'>): () => string {
  const mark = sluice.output().slice(-300);
  return () => {
    const text = sluice.output();
    const at = text.lastIndexOf(mark);
    return at < 0 ? text : text.slice(at + mark.length);
  };
}

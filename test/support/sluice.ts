/** Starts the real server as users do (`node dist/server/cli/main.js start FILE`), waits until it is ready, stops it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PoolView } from '../../pools/supervisor/ports.js';
import { hashOf } from '../../server/admin/frame/secrets.js';
import { type Answer, type Call, call, callJson } from './http-client.js';
import { freePort } from './free-port.js';
import { canSwitchUsers, sluiceMain } from './paths.js';
import { isAlive, type ProcessStat, processTree } from './processes.js';
import { type Program, type ProgramExit, startProgram } from './program.js';
import { removeFolder, tempFolder } from './temp-folder.js';
import { until } from './time.js';

/** Of every server that a test starts: role admin, over TCP. */
export const adminToken = 'test-'.padEnd(43, 'x');
/** A header for `call(sluice.adminPort, ...)`. */
export const withToken = { authorization: `Bearer ${adminToken}` } as const;

/** A piece of configuration in the words of sluice.yaml. */
export type Settings = Readonly<Record<string, unknown>>;

export interface SluiceOptions {
  readonly applicationPools?: readonly Settings[];
  /** Applications of the one site `main`, bound to every host of the port. */
  readonly applications?: readonly Settings[];
  /** Instead of the one site: whole sites for this port. Asked again when a port turns out to be taken. */
  readonly sites?: (port: number) => readonly Settings[] | Promise<readonly Settings[]>;
  /** Of the admin API, beside `adminToken`. */
  readonly tokens?: readonly Settings[];
  /** Further top-level keys, such as `listeners`. */
  readonly server?: Settings;
  readonly args?: readonly string[];
  /** Fewer is quicker; the number of cores is not what most tests are about. */
  readonly listeners?: number;
  /** Instead of everything above: the text of the file; `PORT`, `ADMIN_PORT` and `FOLDER` in it are replaced. */
  readonly yaml?: string;
  /** false: do not wait for /readyz (tests of a refused start). */
  readonly waitUntilReady?: boolean;
  /** A command that gets the server's command line as arguments and becomes it by `exec`. */
  readonly through?: readonly [command: string, ...args: readonly string[]];
  /** Another copy of the command line than this checkout's. */
  readonly main?: string;
  /** Of the process beside the folder: variables that are added, a session of its own, further descriptors. */
  readonly process?: LifeOptions;
}

export interface LifeOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** A session and process group of its own, as under a service manager. */
  readonly detached?: boolean;
  /** Handed on as 3, 4 ... */
  readonly descriptors?: readonly number[];
}

export class Sluice {
  readonly port: number;
  readonly adminPort: number;
  readonly folder: string;
  readonly file: string;
  readonly program: Program;
  readonly adminSocket: string;

  constructor(port: number, adminPort: number, folder: string, file: string, program: Program) {
    this.port = port;
    this.adminPort = adminPort;
    this.folder = folder;
    this.file = file;
    this.program = program;
    this.adminSocket = join(folder, 'run', 'admin.sock');
  }

  get pid(): number {
    return this.program.pid;
  }

  output(): string {
    return this.program.output();
  }

  call(path: string, how: Call = {}): Promise<Answer> {
    return call(this.port, path, how);
  }

  /** GET /api/v1/pools over the admin socket. */
  async pools(): Promise<readonly PoolView[]> {
    const answer = await callJson(this.adminSocket, '/api/v1/pools');
    if (Array.isArray(answer)) return answer as PoolView[];
    return (answer as { pools: PoolView[] }).pools;
  }

  async pool(name: string): Promise<PoolView> {
    const found = (await this.pools()).find((pool) => pool.name === name);
    if (found === undefined) throw new Error(`no pool ${name}`);
    return found;
  }

  async metrics(): Promise<string> {
    return (await call(this.adminSocket, '/metrics')).text;
  }

  /** Pids of the pool's running workers. */
  async workerPids(name: string): Promise<number[]> {
    return (await this.pool(name)).workers.filter((one) => one.state === 'running').map((one) => one.pid);
  }

  tree(): ProcessStat[] {
    return processTree(this.pid);
  }

  /** SIGTERM, and everything that a stop promises: exit code 0, no process left. Removes the folder. */
  async stop(): Promise<ProgramExit> {
    const tree = this.tree();
    const exit = await this.program.stop('SIGTERM', 60_000);
    const left = await goneWithin(tree, 10_000);
    removeFolder(this.folder);
    if (exit.code !== 0) throw new Error(`Sluice ended with ${JSON.stringify(exit)}\n${this.output()}`);
    if (left.length > 0) throw new Error(`processes left behind: ${left.join(', ')}\n${this.output()}`);
    return exit;
  }

  /** For failing tests: SIGKILL for all of it. */
  async kill(): Promise<void> {
    const tree = this.tree();
    this.program.child.kill('SIGKILL');
    await this.program.exited;
    await goneWithin(tree, 5_000);
    for (const one of tree) if (isAlive(one.pid)) process.kill(one.pid, 'SIGKILL');
    removeFolder(this.folder);
  }
}

async function goneWithin(tree: readonly ProcessStat[], withinMs: number): Promise<number[]> {
  const left = (): number[] => tree.filter((one) => isAlive(one.pid)).map((one) => one.pid);
  try {
    await until('every process of the server ends', () => left().length === 0, { withinMs });
  } catch {
    // The caller says what is left.
  }
  return left();
}

async function configuration(options: SluiceOptions, port: number, adminPort: number, folder: string): Promise<string> {
  if (options.yaml !== undefined) {
    const text = options.yaml.replaceAll('ADMIN_PORT', String(adminPort)).replaceAll('PORT', String(port));
    return text.replaceAll('FOLDER', folder);
  }
  const sites = (await options.sites?.(port)) ?? [
    {
      name: 'main',
      bindings: [{ protocol: 'http', bindingInformation: `*:${port}:` }],
      applications: options.applications ?? [],
    },
  ];
  // JSON is YAML: no second writer of configuration in the tests.
  return JSON.stringify(
    {
      admin: {
        listen: `127.0.0.1:${adminPort}`,
        tokens: [{ name: 'test', hash: hashOf(adminToken), role: 'admin' }, ...(options.tokens ?? [])],
      },
      runDir: join(folder, 'run'),
      stateDir: join(folder, 'state'),
      logDir: join(folder, 'log'),
      listeners: options.listeners ?? 2,
      ...options.server,
      applicationPools: options.applicationPools ?? [],
      sites,
    },
    null,
    2,
  );
}

async function isReady(sluice: Sluice): Promise<boolean> {
  const { exitCode, signalCode } = sluice.program.child;
  if (exitCode !== null || signalCode !== null) {
    throw new Error(`Sluice ended while starting (${exitCode ?? signalCode})\n${sluice.output()}`);
  }
  try {
    return (await call(sluice.adminSocket, '/readyz', { limitMs: 2_000 })).status === 200;
  } catch {
    return false;
  }
}

function startLife(file: string, folder: string, options: SluiceOptions): Program {
  const isolation = process.getuid?.() === 0 && !canSwitchUsers() ? ['--isolation', 'process'] : [];
  const args = [options.main ?? sluiceMain, 'start', file, ...isolation, ...(options.args ?? [])];
  const [command, ...rest] = [...(options.through ?? []), process.execPath, ...args];
  const { env = {}, detached = false, descriptors = [] } = options.process ?? {};
  return startProgram(command, rest, { cwd: folder, env: { ...process.env, ...env }, detached, descriptors });
}

async function whenReady(sluice: Sluice): Promise<Sluice> {
  await until('/readyz answers 200', () => isReady(sluice), { withinMs: 60_000, state: () => sluice.output() });
  return sluice;
}

/** The same configuration in the same folder once more; the life before it has ended, however it did. */
export async function startAgain(before: Sluice, options: SluiceOptions = {}): Promise<Sluice> {
  const { port, adminPort, folder, file } = before;
  const sluice = new Sluice(port, adminPort, folder, file, startLife(file, folder, options));
  return options.waitUntilReady === false ? sluice : whenReady(sluice);
}

/** A running, ready server on a port and in a folder of its own. */
export async function startSluice(options: SluiceOptions): Promise<Sluice> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const adminPort = await freePort();
    const folder = tempFolder();
    const file = join(folder, 'sluice.yaml');
    writeFileSync(file, await configuration(options, port, adminPort, folder));
    const sluice = new Sluice(port, adminPort, folder, file, startLife(file, folder, options));
    if (options.waitUntilReady === false) return sluice;
    try {
      return await whenReady(sluice);
    } catch (error) {
      await sluice.kill();
      if (attempt >= 3 || !sluice.output().includes('EADDRINUSE')) throw error;
    }
  }
}

/** Runs `body` against a server and always takes it down; a clean stop is part of every such test. */
export async function withSluice(options: SluiceOptions, body: (sluice: Sluice) => Promise<void>): Promise<void> {
  const sluice = await startSluice(options);
  try {
    await body(sluice);
  } catch (error) {
    const log = sluice.output().slice(-6_000);
    await sluice.kill();
    if (error instanceof Error) error.message += `\n--- output of Sluice ---\n${log}`;
    throw error;
  }
  await sluice.stop();
}

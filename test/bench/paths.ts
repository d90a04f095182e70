/** What a benchmark measures: a running way from a client to the app, and the processes it consists of. */
import { join } from 'node:path';
import { call, type Target } from '../support/http-client.js';
import { freePort } from '../support/free-port.js';
import { app } from '../support/paths.js';
import { processTree } from '../support/processes.js';
import { type Program, startProgram } from '../support/program.js';
import { removeFolder, tempFolder } from '../support/temp-folder.js';
import { until } from '../support/time.js';

export interface RunningPath {
  readonly port: number;
  /** Measured here, over TLS, instead of at `port`. */
  readonly tlsPort?: number;
  /** Over HTTP/2: one connection with so many streams at a time instead of so many connections. */
  readonly isHttp2?: boolean;
  /** Pids of everything before the app: listener, proxy, supervisor. */
  front(): number[];
  /** Pids of the processes that run the app. */
  app(): number[];
  stop(): Promise<void>;
}

export interface BenchPath {
  readonly name: string;
  /** null = can run here; otherwise what is missing. */
  readonly missing: string | null;
  /** With another app than the one of the benchmarks, where the way can carry it. */
  start(other?: AppChoice): Promise<RunningPath>;
}

/** A file for node; it listens on PORT. */
export interface AppChoice {
  readonly entry: string;
  readonly env?: NodeJS.ProcessEnv;
}

export function treePids(root: number): number[] {
  return processTree(root).map((one) => one.pid);
}

export async function answers(target: Target, program: Program): Promise<void> {
  await until(
    `${program.child.spawnfile} answers`,
    async () => {
      if (program.child.exitCode !== null) throw new Error(`ended while starting\n${program.output()}`);
      try {
        return (await call(target, '/', { limitMs: 2_000 })).status === 200;
      } catch {
        return false;
      }
    },
    { withinMs: 30_000, state: () => program.output() },
  );
}

export interface NodeApp {
  readonly program: Program;
  readonly port: number;
  readonly socket: string;
}

/** The app alone: `node app.js` on a TCP port or on a unix socket in `folder`. */
export async function startApp(folder: string, kind: 'tcp' | 'unix', other?: AppChoice): Promise<NodeApp> {
  const port = await freePort();
  const socket = join(folder, 'app.sock');
  const where = kind === 'tcp' ? { PORT: String(port) } : { SOCKET: socket };
  const { entry, env = {} } = other ?? { entry: join(app('bench'), 'app.js') };
  const program = startProgram(process.execPath, [entry], { env: { ...process.env, ...env, ...where } });
  await answers(kind === 'tcp' ? port : socket, program);
  return { program, port, socket };
}

/** A proxy in front of the app: `command` gets the proxy's port and the app's address. */
export async function startProxy(
  kind: 'tcp' | 'unix',
  command: (
    port: number,
    upstream: NodeApp,
    folder: string,
  ) => readonly [string, readonly string[], NodeJS.ProcessEnv?],
  other?: AppChoice,
): Promise<RunningPath> {
  const folder = tempFolder('bench');
  const upstream = await startApp(folder, kind, other);
  const port = await freePort();
  const [file, args, env] = command(port, upstream, folder);
  const proxy = startProgram(file, args, { cwd: folder, env: { ...process.env, ...env } });
  const stop = async (): Promise<void> => {
    await proxy.stop();
    await upstream.program.stop();
    removeFolder(folder);
  };
  try {
    await answers(port, proxy);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, front: () => treePids(proxy.pid), app: () => [upstream.program.pid], stop };
}

export const bareNode: BenchPath = {
  name: 'bare node',
  missing: null,
  start: async (other) => {
    const folder = tempFolder('bench');
    const { program, port } = await startApp(folder, 'tcp', other);
    const stop = async (): Promise<void> => {
      await program.stop();
      removeFolder(folder);
    };
    return { port, front: () => [], app: () => [program.pid], stop };
  },
};

/** The same app behind a listener in both hosting models, and with both ways of reading sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { HostedWorker } from './hosted-worker.js';
import { type HarnessOptions, ListenerHarness } from './listener-harness.js';
import { repository } from './paths.js';
import { within } from './time.js';

export const listenerApp = join(repository, 'test/apps/listener/app.cjs');

export interface World {
  readonly listener: ListenerHarness;
  readonly workerPid: number;
  stop(): Promise<void>;
}

export type Model = 'InProcess' | 'OutOfProcess';

/** Starts the app alone on a free port. */
export async function startApp(
  env: Readonly<Record<string, string>> = {},
): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [listenerApp], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...env } });
  const line = new Promise<string>((resolve) =>
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  const port = Number(/listening (\d+)/.exec(await within(20_000, 'the app listens', line))?.[1]);
  return { child, port };
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await within(20_000, 'the app ends', exited);
}

export async function startWorld(model: Model, options: HarnessOptions = {}): Promise<World> {
  const application = { hostingModel: model, ...options.application };
  const listener = await ListenerHarness.start({ ...options, application });
  if (model === 'InProcess') {
    const worker = await HostedWorker.start(listenerApp, { env: { SLUICE_QUIET: '1' } });
    await listener.publish([listener.worker(worker.endpoint)]);
    await listener.heard('link');
    return {
      listener,
      workerPid: worker.pid,
      stop: async () => {
        await listener.stop();
        await worker.kill();
      },
    };
  }
  const { child, port } = await startApp();
  await listener.publish([listener.tcpWorker(port)]);
  return {
    listener,
    workerPid: child.pid ?? 0,
    stop: async () => {
      await listener.stop();
      await stopChild(child);
    },
  };
}

/** Each hosting model, and the fallback for a Node without readable handles. */
export const worlds: readonly { readonly name: string; readonly model: Model; readonly options: HarnessOptions }[] = [
  { name: 'in-process', model: 'InProcess', options: {} },
  { name: 'out-of-process', model: 'OutOfProcess', options: {} },
  { name: 'in-process, data events', model: 'InProcess', options: { env: { SLUICE_SOCKET_READ: 'data' } } },
  { name: 'out-of-process, data events', model: 'OutOfProcess', options: { env: { SLUICE_SOCKET_READ: 'data' } } },
];

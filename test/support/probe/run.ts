/** Runs the probe app alone or hosted, drives scenarios through raw clients and keeps what everybody saw. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { HostStartData } from '../../../pools/protocol/primary-to-host.js';
import { freePort } from '../free-port.js';
import { cleanEnvironment, HostedApp } from '../hosted-app.js';
import { ListenerHarness } from '../listener-harness.js';
import { app } from '../paths.js';
import { RawClient } from '../raw-client.js';
import { until } from '../time.js';
import { tlsConfigs } from './tls-scenarios.js';

export type Mode = 'alone' | HostStartData['path'];

/** What one scenario showed. */
export interface Record {
  readonly name: string;
  /** The app's log, connections numbered from 1. */
  readonly log: readonly string[];
  /** What the client received on each of its connections, dates blanked. */
  readonly client: readonly string[];
}

export interface Scenario {
  readonly name: string;
  /** The probe's server configuration. */
  readonly config: string;
  readonly run: (scene: Scene) => Promise<void>;
}

/** What a scenario can do. */
export class Scene {
  readonly clients: RawClient[] = [];
  readonly #running: Running;
  readonly #log: () => readonly string[];

  constructor(running: Running, log: () => readonly string[]) {
    this.#running = running;
    this.#log = log;
  }

  async connect(): Promise<RawClient> {
    const { port, speaksTls } = this.#running;
    const client = speaksTls ? await RawClient.connectTls(port) : await RawClient.connect(port);
    this.clients.push(client);
    return client;
  }

  /** Waits until the app's log of this scenario has a line that matches. */
  async sees(pattern: RegExp): Promise<void> {
    await until(`log line ${String(pattern)}`, () => this.#log().some((line) => pattern.test(line)), {
      everyMs: 2,
      withinMs: 8_000,
      state: () => this.#log().join('\n'),
    });
  }
}

const probe = `${app('probe')}/probe.cjs`;

interface Running {
  readonly port: number;
  readonly speaksTls: boolean;
  readonly child: ChildProcess;
  stdout(): string;
  stop(): Promise<void>;
}

async function startAlone(config: string, node: string): Promise<Running> {
  const port = await freePort();
  const child = spawn(node, [probe, config], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...cleanEnvironment(), PORT: String(port) },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  let isGone = false;
  child.once('close', () => {
    isGone = true;
  });
  await until('the probe listens', () => text.includes('listening'), { everyMs: 5, state: () => text });
  return {
    port,
    speaksTls: tlsConfigs.includes(config),
    child,
    stdout: () => text,
    stop: async () => {
      child.kill('SIGKILL');
      await until('exit of the probe', () => isGone, { everyMs: 5 });
    },
  };
}

async function startHosted(
  config: string,
  node: string,
  path: HostStartData['path'],
  listener: ListenerHarness,
): Promise<Running> {
  const hosted = HostedApp.start({ entry: probe, args: [config], node, path, envPort: listener.port });
  await hosted.message('listening');
  const worker = listener.worker({ kind: 'link', socketPath: hosted.socketPath, linkToken: HostedApp.token });
  await listener.publish([worker]);
  const isLinked = (): boolean => listener.all('link').some((one) => one.workerId === worker.workerId && one.up);
  await until('the link is up', isLinked, { everyMs: 5 });
  await until('the probe listens', () => hosted.stdout.includes('listening'), { everyMs: 5 });
  return {
    port: listener.port,
    speaksTls: false,
    child: hosted.child,
    stdout: () => hosted.stdout,
    stop: () => hosted.stop(),
  };
}

/** Numbers connections in the order in which they appear. */
function normalised(lines: readonly string[]): string[] {
  const numbers = new Map<string, string>();
  return lines.map((line) =>
    line.replaceAll(/#\d+/g, (id) => {
      const known = numbers.get(id) ?? `#${numbers.size + 1}`;
      numbers.set(id, known);
      return known;
    }),
  );
}

function blankDates(text: string): string {
  return text.replaceAll(/Date: [^\r]*\r\n/g, 'Date: -\r\n');
}

function count(lines: readonly string[], part: string): number {
  return lines.filter((line) => line.includes(part)).length;
}

async function runOne(scenario: Scenario, running: Running): Promise<Record> {
  const start = running.stdout().length;
  const log = (): string[] => running.stdout().slice(start).split('\n').slice(0, -1);
  const scene = new Scene(running, log);
  let failure = '';
  try {
    await scenario.run(scene);
  } catch (error) {
    failure = `client: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
  }
  for (const client of scene.clients) client.close();
  await until('all sockets of the app close', () => count(log(), 'socket close') >= count(log(), ' connection '), {
    everyMs: 2,
    withinMs: 3_000,
  }).catch(() => {
    failure += ' sockets stay open';
  });
  running.child.kill('SIGUSR2');
  await until('the mark', () => log().includes('mark'), { everyMs: 2, state: () => log().join('\n') });
  const lines = normalised(log().filter((line) => line !== 'mark'));
  if (failure !== '') lines.push(failure);
  return { name: scenario.name, log: lines, client: scene.clients.map((one) => blankDates(one.text())) };
}

type Start = (config: string) => Promise<Running>;

/** One process for each configuration. */
async function runWith(start: Start, scenarios: readonly Scenario[], found: Map<string, Record>): Promise<void> {
  for (const config of new Set(scenarios.map((one) => one.config))) {
    const running = await start(config);
    try {
      for (const scenario of scenarios) {
        if (scenario.config === config) found.set(scenario.name, await runOne(scenario, running));
      }
    } finally {
      await running.stop();
    }
  }
}

/** Runs all scenarios: alone, or behind a real listener process. `node` runs the app. */
export async function runAll(scenarios: readonly Scenario[], mode: Mode, node: string): Promise<Map<string, Record>> {
  const found = new Map<string, Record>();
  if (mode === 'alone') {
    await runWith((config) => startAlone(config, node), scenarios, found);
    return found;
  }
  const listener = await ListenerHarness.start({
    application: { hostingModel: 'InProcess' },
    settings: { trustedProxies: ['127.0.0.1'] },
    nodePath: node,
  });
  try {
    await runWith((config) => startHosted(config, node, mode, listener), scenarios, found);
  } finally {
    await listener.stop();
  }
  return found;
}

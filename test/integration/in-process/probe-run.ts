/** Runs the probe app alone or hosted, drives scenarios through raw clients and keeps what everybody saw. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { HostStartData } from '../../../pools/protocol/primary-to-host.js';
import { freePort } from '../../support/free-port.js';
import { cleanEnvironment, HostedApp } from '../../support/hosted-app.js';
import { LinkFront } from '../../support/link-front.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { until } from '../../support/time.js';

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
  readonly #port: number;
  readonly #log: () => readonly string[];

  constructor(port: number, log: () => readonly string[]) {
    this.#port = port;
    this.#log = log;
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.#port);
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
    child,
    stdout: () => text,
    stop: async () => {
      child.kill('SIGKILL');
      await until('exit of the probe', () => isGone, { everyMs: 5 });
    },
  };
}

async function startHosted(config: string, node: string, path: HostStartData['path']): Promise<Running> {
  const hosted = HostedApp.start({ entry: probe, args: [config], node, path });
  await hosted.message('listening');
  const front = new LinkFront(hosted.socketPath);
  const port = await front.listen();
  await until('the probe listens', () => hosted.stdout.includes('listening'), { everyMs: 5 });
  return {
    port,
    child: hosted.child,
    stdout: () => hosted.stdout,
    stop: async () => {
      await front.close();
      await hosted.stop();
    },
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
  const scene = new Scene(running.port, log);
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

/** All scenarios of one configuration, one process. */
export async function runConfig(
  config: string,
  scenarios: readonly Scenario[],
  mode: Mode,
  node: string,
): Promise<Record[]> {
  const running = mode === 'alone' ? await startAlone(config, node) : await startHosted(config, node, mode);
  try {
    const records: Record[] = [];
    for (const scenario of scenarios) {
      if (scenario.config === config) records.push(await runOne(scenario, running));
    }
    return records;
  } finally {
    await running.stop();
  }
}

export async function runAll(scenarios: readonly Scenario[], mode: Mode, node: string): Promise<Map<string, Record>> {
  const found = new Map<string, Record>();
  for (const config of new Set(scenarios.map((one) => one.config))) {
    for (const record of await runConfig(config, scenarios, mode, node)) found.set(record.name, record);
  }
  return found;
}

/**
 * What all experiments about a worker's faults share: a pool `a` that is going to suffer, a pool `b` beside it, open-loop traffic
 * with serial numbers to both, and the ledger in which the workers write what they run.
 */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HostingChoice, hostingModels, outOfProcess } from '../../../support/hosting.js';
import { percentile, type RequestEnd, type RunningLoad, startLoad } from '../../../support/load.js';
import { app } from '../../../support/paths.js';
import { type Settings, type Sluice, withSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { monotonicMs, until } from '../../../support/time.js';
import type { Experiment, Outcome, Row } from '../../experiment.js';

export interface Scene {
  readonly sluice: Sluice;
  /** For files that the applications look at. */
  readonly folder: string;
  readonly ledger: () => Ledger;
}

export interface Ledger {
  /** Processes that began to run, in order. */
  readonly starts: readonly { readonly pid: number; readonly port: string }[];
  /** How often each `METHOD serial` ran. */
  readonly runs: ReadonlyMap<string, number>;
}

export interface SceneOptions {
  readonly choice: HostingChoice;
  readonly pool?: Settings;
  readonly hosting?: Settings;
  /** Of the application of pool `a`; `FOLDER` stands for the scene's folder. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly listeners?: number;
  /** Another fixture than `faults`. */
  readonly physicalPath?: string;
}

/** Rapid-fail protection is off unless the pool's settings say otherwise: it has experiments of its own. */
const calm = { failure: { rapidFailProtection: false } };

export async function withScene(options: SceneOptions, body: (scene: Scene) => Promise<void>): Promise<void> {
  const { choice, pool = {}, hosting = {}, environment = {}, listeners = 2 } = options;
  const folder = tempFolder('fault');
  const ledger = join(folder, 'ledger');
  writeFileSync(ledger, '');
  chmodSync(ledger, 0o666);
  chmodSync(folder, 0o777);
  const variables = { LEDGER: ledger, ...environment };
  const environmentVariables = Object.entries(variables).map(([name, value]) => ({
    name,
    value: value.replaceAll('FOLDER', folder),
  }));
  const hosted = choice.model === 'in-process' ? { hosting } : outOfProcess('index.js', hosting);
  const sluiceOptions = {
    listeners,
    applicationPools: [{ ...calm, ...pool, name: 'a', environmentVariables }, { name: 'b' }],
    applications: [
      { path: '/a', applicationPool: 'a', physicalPath: options.physicalPath ?? app('faults'), ...hosted },
      { path: '/b', applicationPool: 'b', physicalPath: app('plain') },
    ],
  };
  try {
    await withSluice(sluiceOptions, async (sluice) => {
      await sluice.call('/b/');
      await body({ sluice, folder, ledger: () => readLedger(ledger) });
    });
  } finally {
    removeFolder(folder);
  }
}

function readLedger(file: string): Ledger {
  const starts: { pid: number; port: string }[] = [];
  const runs = new Map<string, number>();
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const [what = '', serial = '', third = ''] = line.split(' ');
    if (what === 'start') starts.push({ pid: Number(serial), port: third });
    else if (what !== '') runs.set(`${what} ${serial}`, (runs.get(`${what} ${serial}`) ?? 0) + 1);
  }
  return { starts, runs };
}

export interface Rates {
  readonly get?: number;
  /** GETs with a new connection each. */
  readonly fresh?: number;
  readonly post?: number;
  /** How long a request of pool `a` takes in its worker. */
  readonly ms?: number;
}

interface End extends RequestEnd {
  readonly method: 'GET' | 'POST';
}

export interface Traffic {
  /** Every request to pool `a` that is under way now has its end. */
  underWay(): Promise<void>;
  stop(): Promise<TrafficReport>;
}

const neighbourRate = 40;

/** Two kinds of GET and POSTs with a body to pool `a`, and GETs with new connections to pool `b`. */
export function startTraffic(scene: Scene, { get = 50, fresh = 20, post = 30, ms = 5 }: Rates): Traffic {
  const { sluice } = scene;
  const ends: End[] = [];
  const sent = (): number => loads.reduce((sum, { report }) => sum + report.sent, 0);
  let mostOpen = 0;
  const load = (letter: string, method: 'GET' | 'POST', ratePerSecond: number, kept: number): RunningLoad =>
    startLoad({
      target: sluice.port,
      ratePerSecond,
      method,
      keepAliveConnections: kept,
      limitMs: 90_000,
      path: (serial) => `/a/run/${letter}${serial}?ms=${ms}`,
      ...(method === 'POST' ? { body: (serial: number) => `${letter}${serial}`.padEnd(200, '.') } : {}),
      isRight: (serial, text) => text === `ran ${letter}${serial}`,
      ended: (end) => {
        // It is largest right before something ends.
        mostOpen = Math.max(mostOpen, sent() - ends.length);
        ends.push({ ...end, method });
      },
    });
  const loads: RunningLoad[] = [];
  if (get > 0) loads.push(load('g', 'GET', get, 256));
  if (fresh > 0) loads.push(load('f', 'GET', fresh, 0));
  if (post > 0) loads.push(load('p', 'POST', post, 128));
  const neighbour = startLoad({
    target: sluice.port,
    ratePerSecond: neighbourRate,
    path: (serial) => `/b/n/${serial}`,
    isRight: (serial, text) => text === String(serial),
  });
  return {
    underWay: async () => {
      await Promise.all(loads.map((one) => one.underWay()));
    },
    stop: async () => {
      await Promise.all(loads.map((one) => one.stop()));
      const beside = await neighbour.stop();
      return new TrafficReport(ends, mostOpen, scene.ledger(), {
        failed: beside.sent - beside.ok,
        p99Ms: Math.round(percentile(beside.latenciesMs, 0.99)),
      });
    },
  };
}

/** From the signal until nothing of the process is left: so long the kernel takes connections for it. */
export interface Death {
  readonly fromMs: number;
  readonly toMs: number;
}

export class TrafficReport {
  readonly ends: readonly End[];
  readonly mostOpen: number;
  readonly neighbour: { readonly failed: number; readonly p99Ms: number };
  readonly doubledPosts: number;
  readonly wrong: number;

  constructor(ends: readonly End[], mostOpen: number, ledger: Ledger, neighbour: TrafficReport['neighbour']) {
    this.ends = ends;
    this.mostOpen = mostOpen;
    this.neighbour = neighbour;
    this.doubledPosts = doubledPosts(ledger);
    this.wrong = ends.filter((one) => one.status === 200 && !one.isOk).length;
  }

  lost(method: 'GET' | 'POST'): End[] {
    return this.ends.filter((one) => one.method === method && !one.isOk);
  }

  /** Ms from the fault to the first answer for a request that was sent after it. */
  firstSuccessMs(faultMs: number): number {
    const good = this.ends.filter((one) => one.isOk && one.sentMs >= faultMs).map((one) => one.endedMs);
    return good.length === 0 ? Infinity : Math.round(Math.min(...good) - faultMs);
  }

  /** The last request sent after the fault that took longer than `ms`: from then on all went around it. */
  routedAroundMs(faultMs: number, ms: number): number {
    const slow = this.ends.filter((one) => one.sentMs >= faultMs && one.endedMs - one.sentMs > ms);
    return Math.round(Math.max(0, ...slow.map((one) => one.sentMs - faultMs)));
  }

  slowerThan(ms: number): number {
    return this.ends.filter((one) => one.endedMs - one.sentMs > ms).length;
  }

  /** POSTs that were lost without being under way while a worker died, or not with a 502 that says why. */
  strangelyLost(deaths: readonly Death[]): End[] {
    return this.lost('POST').filter((one) => {
      const wasInFlight = deaths.some(({ fromMs, toMs }) => one.sentMs <= toMs && one.endedMs >= fromMs);
      return !wasInFlight || one.status !== 502 || !one.words.includes('502.3');
    });
  }

  get words(): string {
    const { failed, p99Ms } = this.neighbour;
    return `${this.ends.length} requests, lost GET ${this.lost('GET').length}, lost POST ${this.lost('POST').length}, doubled POST ${this.doubledPosts}, wrong ${this.wrong}; neighbour failed ${failed}, p99 ${p99Ms} ms`;
  }

  /** What no fault of a worker may cause, as facts for `violations`. */
  facts(): Record<string, boolean> {
    const lost = this.lost('GET');
    return {
      [`lost GET: ${describe(lost)}`]: lost.length === 0,
      [`POSTs that ran twice: ${this.doubledPosts}`]: this.doubledPosts === 0,
      [`answers of another request: ${this.wrong}`]: this.wrong === 0,
      [`the neighbour lost ${this.neighbour.failed}`]: this.neighbour.failed === 0,
    };
  }
}

export function doubledPosts({ runs }: Ledger): number {
  return [...runs].filter(([line, times]) => line.startsWith('POST ') && times > 1).length;
}

/** The first few in words. */
export function describe(ends: readonly RequestEnd[]): string {
  const words = ends.slice(0, 4).map(({ serial, status, words: text }) => `#${serial}: ${status} ${firstLine(text)}`);
  return `${ends.length} ${words.join(' | ')}`;
}

/** Of an error page the line with the status. */
export function firstLine(text = 'no answer'): string {
  return (/(?:title|h1)>(\d{3}[^<]*)/.exec(text)?.[1] ?? text).slice(0, 100);
}

/** One of the two is enough in a short run: the other experiments take the other one. */
export function models(scale: number, short: HostingChoice['model']): readonly HostingChoice[] {
  return isShort(scale) ? hostingModels.filter(({ model }) => model === short) : hostingModels;
}

/** Seconds instead of minutes, as in `npm test`: facts only, each once. */
export function isShort(scale: number): boolean {
  return scale < 0.2;
}

export interface FaultRow extends Row {
  readonly missed: readonly string[];
}

/** One fault: its rows one after the other, because figures are taken on a machine that does nothing else. */
export function fault(
  name: string,
  promise: string,
  rows: (scale: number) => readonly (() => Promise<FaultRow>)[],
): Experiment {
  return {
    name: `worker-faults-${name}`,
    promise,
    async run(scale): Promise<Outcome> {
      const done: FaultRow[] = [];
      for (const row of rows(scale)) done.push(await row());
      return {
        measured: done.map((row) => `${row.name}: ${row.measured}`).join('. '),
        broken: done.flatMap((row) => row.broken.map((one) => `${row.name}: ${one}`)),
        missed: done.flatMap((row) => row.missed.map((one) => `${row.name}: ${one}`)),
        rows: done,
      };
    },
  };
}

/** SIGKILL, and the end of the process. */
export async function kill(pid: number): Promise<Death> {
  const fromMs = signal([pid], 'SIGKILL');
  await until('the process is gone', () => !existsSync(`/proc/${pid}`), { everyMs: 1, withinMs: 60_000 });
  return { fromMs, toMs: monotonicMs() };
}

export function signal(pids: readonly number[], name: NodeJS.Signals): number {
  const atMs = monotonicMs();
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It ended between the look and the signal.
    }
  }
  return atMs;
}

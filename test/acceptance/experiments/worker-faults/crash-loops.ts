/** Faults 10 and 11: an application that dies at its start until it is repaired, and one that dies after every 50 requests. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostingChoice } from '../../../support/hosting.js';
import { call, keepAliveAgent } from '../../../support/http-client.js';
import { percentile } from '../../../support/load.js';
import type { Settings } from '../../../support/sluice.js';
import { cpuSeconds } from '../../../support/processes.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { scaled, violations } from '../../experiment.js';
import { describe, fault, type FaultRow, isShort, models, type Scene, startTraffic, withScene } from './rig.js';

interface Tripping {
  readonly choice: HostingChoice;
  /** rapidFailProtectionMaxCrashes, or rapidFailsPerMinute. */
  readonly count: number;
}

/** IIS trips at the Nth failure of the pool, the ASP.NET Core Module above N of the application. */
function startsUntilRefused({ choice, count }: Tripping): number {
  return choice.model === 'in-process' ? count : count + 1;
}

function settings({ choice, count }: Tripping, probe: string) {
  const failure = { rapidFailProtectionMaxCrashes: count, rapidFailProbe: probe };
  if (choice.model === 'in-process') return { pool: { failure } };
  return { pool: { failure }, hosting: { rapidFailsPerMinute: count, startupRetryCount: 0 } };
}

/** What a request gets while it is refused. */
function isRefusal(choice: HostingChoice, end: { readonly status: number; readonly words: string }): boolean {
  const [status, says] = choice.model === 'in-process' ? [503, 'AppOffline'] : [502, '502.5'];
  return end.status === status && end.words.includes(says);
}

/** Asks on until rapid-fail protection has tripped. */
async function untilTripped(scene: Scene, choice: HostingChoice, withinMs: number): Promise<void> {
  const { sluice } = scene;
  const hasTripped = async (): Promise<boolean> => {
    await sluice.call('/a/');
    const { stoppedReason, applications } = await sluice.pool('a');
    return choice.model === 'in-process' ? stoppedReason === 'AppOffline' : applications[0]?.state === 'rapid-failed';
  };
  const state = (): string => sluice.output().slice(-2_000);
  await until('rapid-fail protection trips', hasTripped, { withinMs, everyMs: 50, state });
}

/** Milliseconds of answers on one open connection. */
async function answerTimes(scene: Scene, count: number): Promise<number[]> {
  const agent = keepAliveAgent(1);
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const sentMs = monotonicMs();
    await scene.sluice.call('/a/', { agent });
    times.push(monotonicMs() - sentMs);
  }
  agent.destroy();
  return times;
}

async function order(scene: Scene, action: string): Promise<void> {
  const answer = await call(scene.sluice.adminSocket, `/api/v1/pools/a/${action}`, { method: 'POST' });
  if (answer.status !== 202) throw new Error(`${action}: ${answer.status} ${answer.text}`);
}

/** Asks until the answer is good. @returns how long that took. */
async function recovery(scene: Scene, withinMs: number): Promise<number> {
  const sinceMs = monotonicMs();
  const serves = async (): Promise<boolean> => (await scene.sluice.call('/a/')).status === 200;
  await until('it is served', serves, { withinMs, everyMs: 10 });
  return Math.round(monotonicMs() - sinceMs);
}

interface BrokenFigures {
  readonly starts: number;
  readonly trippedMs: number;
  readonly cpuPercent: number;
  readonly more: number;
  readonly times: readonly number[];
}

async function untilRefused(scene: Scene, choice: HostingChoice, answers: number): Promise<BrokenFigures> {
  const { sluice } = scene;
  const sinceMs = monotonicMs();
  const cpu = cpuSeconds([sluice.pid]);
  await untilTripped(scene, choice, 240_000);
  const trippedMs = Math.round(monotonicMs() - sinceMs);
  const cpuPercent = ((cpuSeconds([sluice.pid]) - cpu) / trippedMs) * 100_000;
  const starts = scene.ledger().starts.length;
  const times = await answerTimes(scene, answers);
  await pause(1_000);
  return { starts, trippedMs, cpuPercent, times, more: scene.ledger().starts.length - starts };
}

/** Broken until it trips; repaired; recovers by an order (in-process) or by itself. */
async function brokenStart(one: Tripping, by: 'order' | 'itself', answers: number): Promise<FaultRow> {
  let row: FaultRow | null = null;
  const { choice } = one;
  // In-process `rapidFailProbe` is the way back; out-of-process it is the end of the minute.
  const options = {
    ...settings(one, by === 'order' ? '00:00:00' : '00:00:04'),
    environment: { BROKEN: 'FOLDER/broken' },
  };
  await withScene({ choice, ...options }, async (scene) => {
    const broken = join(scene.folder, 'broken');
    writeFileSync(broken, '');
    const figures = await untilRefused(scene, choice, answers);
    rmSync(broken);
    if (by === 'order') await order(scene, 'start');
    const recoveredMs = await recovery(scene, 120_000);
    const expected = startsUntilRefused(one);
    const p99 = percentile(figures.times, 0.99);
    const median = percentile(figures.times, 0.5);
    row = {
      name: `crash on start, then repaired and recovered by ${by}, ${choice.model}`,
      measured: `configured ${one.count}, refused after ${figures.starts} starts and ${figures.trippedMs} ms (primary ${figures.cpuPercent.toFixed(1)} % of a core meanwhile); refusals take ${median.toFixed(1)} ms (p99 ${p99.toFixed(1)} ms) and ${figures.more} starts; served ${recoveredMs} ms after the repair`,
      broken: violations({
        [`${figures.starts} starts, not ${expected}`]: figures.starts === expected,
        [`${figures.more} starts while it is refused`]: by === 'itself' || figures.more === 0,
      }),
      missed: violations({
        [`a refusal takes ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`]: median < 5 && p99 < 5,
        [`the restart loop used ${figures.cpuPercent.toFixed(0)} % of a core`]: figures.cpuPercent < 25,
      }),
    };
  });
  if (row === null) throw new Error('did not run');
  return row;
}

export const crashesAtStart = fault(
  'crash-at-start',
  'crash on start until repaired: stops at the configured count exactly, 503 in under 5 ms while failed, recovers by order and by itself',
  (scale) =>
    models(scale, 'out-of-process').flatMap((choice) => {
      const answers = scaled(1_000, scale, 100);
      const one = { choice, count: scaled(6, scale, 2) };
      const byOrder = () => brokenStart(one, 'order', answers);
      // Out-of-process that is the rest of a minute.
      return isShort(scale) ? [byOrder] : [byOrder, () => brokenStart(one, 'itself', answers)];
    }),
);

const diesAfter = 50;

/**
 * A start that takes long gathers more than 50 requests, and whatever is handed over together dies together: on a busy
 * machine only this bounds how many are hit, and then no request is hit twice.
 */
const careful = { maxConcurrentRequests: 16 };

async function flapping(one: Tripping, ratePerSecond: number, processModel: Settings): Promise<FaultRow> {
  let row: FaultRow | null = null;
  const { choice } = one;
  const environment = { DIES_AFTER: String(diesAfter) };
  const { pool, ...rest } = settings(one, '00:00:00');
  await withScene({ choice, environment, pool: { ...pool, processModel }, ...rest }, async (scene) => {
    const sinceMs = monotonicMs();
    const traffic = startTraffic(scene, { get: ratePerSecond * 0.7, fresh: ratePerSecond * 0.3, post: 0, ms: 0 });
    const limitMs = 60_000 + (one.count * diesAfter * 3_000) / ratePerSecond;
    await untilTripped(scene, choice, limitMs);
    const tookMs = monotonicMs() - sinceMs;
    const report = await traffic.stop();
    const lost = report.lost('GET').filter((end) => !isRefusal(choice, end));
    const deaths = scene.ledger().starts.length;
    const expected = startsUntilRefused(one);
    row = {
      name: `dies after every ${diesAfter} requests, ${choice.model}`,
      measured: `${report.ends.length} requests at ${ratePerSecond}/s, ${deaths} lives in ${Math.round(tookMs)} ms (${Math.round((deaths * 60_000) / tookMs)} a minute), lost GET before the trip ${lost.length}, refused after it ${report.lost('GET').length - lost.length}; neighbour failed ${report.neighbour.failed}, p99 ${report.neighbour.p99Ms} ms`,
      broken: violations({
        [`lost GET: ${describe(lost)}`]: lost.length === 0,
        [`tripped after ${deaths} deaths, not ${expected}`]: deaths === expected,
        [`the neighbour lost ${report.neighbour.failed}`]: report.neighbour.failed === 0,
        [`answers of another request: ${report.wrong}`]: report.wrong === 0,
      }),
      missed: [],
    };
  });
  if (row === null) throw new Error('did not run');
  return row;
}

export const flappingWorker = fault(
  'flapping',
  'a worker that dies after every 50 requests: lost GET 0 until rapid-fail protection trips, at the configured count',
  (scale) =>
    models(scale, 'in-process').map(
      (choice) => () => flapping({ choice, count: scaled(20, scale, 3) }, 100, isShort(scale) ? careful : {}),
    ),
);

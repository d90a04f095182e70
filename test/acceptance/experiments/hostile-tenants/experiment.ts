/**
 * Every attack beside innocent pools under an open load of 300 requests a second, in three rounds of quiet and attacked
 * windows: what the attacker got, what the neighbours' clients saw of it, and whether the server stood.
 */
import { failed, type LoadReport, percentile, startLoad } from '../../../support/load.js';
import { residentBytes } from '../../../support/processes.js';
import { pause } from '../../../support/time.js';
import type { Experiment, Outcome } from '../../experiment.js';
import type { Attack } from './attack.js';
import { attacks } from './attacks/all.js';
import { publishResults } from './pages.js';
import { attackerOf, besiege, cleanUp, standing } from './siege.js';
import { innocentPaths, startWorld, type World } from './world.js';

const rounds = 3;
const requestsPerSecond = 300;
const windowMs = { pressure: 20_000, trespass: 2_000 } as const;
/** Attacks that share the quiet window of a round. */
const batchSize = { pressure: 4, trespass: 8 } as const;

export interface Result {
  readonly attack: Attack;
  readonly got: string;
  readonly sent: number;
  readonly failed: number;
  readonly quietMs: number;
  readonly attackedMs: number;
  readonly broken: readonly string[];
  readonly missed: readonly string[];
}

interface Record {
  got: string;
  sent: number;
  failed: number;
  readonly attackedMs: number[];
  readonly broken: Set<string>;
}

function begin(world: World): ReturnType<typeof startLoad> {
  return startLoad({
    target: world.sluice.port,
    ratePerSecond: requestsPerSecond,
    keepAliveConnections: 32,
    path: (serial) => `${innocentPaths[serial % 2] ?? ''}/n/${serial}`,
    isRight: (serial, text) => text === String(serial),
  });
}

function p99(report: LoadReport): number {
  return percentile(report.latenciesMs, 0.99);
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

async function quiet(world: World, ms: number): Promise<number> {
  const load = begin(world);
  await pause(ms);
  return p99(await load.stop());
}

async function attacked(world: World, attack: Attack, ms: number, record: Record): Promise<void> {
  await attackerOf(world, attack).worker();
  const load = begin(world);
  const { got, broken } = await besiege(world, attack, ms);
  const report = await load.stop();
  record.got = got;
  record.sent += report.sent;
  record.failed += failed(report);
  record.attackedMs.push(p99(report));
  if (failed(report) > 0)
    record.broken.add(`${failed(report)} requests of neighbours failed: ${report.examples[0] ?? ''}`);
  for (const one of [...broken, ...standing(world), ...(await cleanUp(world, attack))]) record.broken.add(one);
}

/** Pass: the median within a fifth or 5 ms of the quiet one. */
function bound(quietMs: number): number {
  return Math.max(1.2 * quietMs, quietMs + 5);
}

async function batch(world: World, some: readonly Attack[], ms: number): Promise<Result[]> {
  const quietMs: number[] = [];
  const records = new Map<Attack, Record>(
    some.map((attack) => [attack, { got: '', sent: 0, failed: 0, attackedMs: [], broken: new Set() }]),
  );
  for (let round = 0; round < rounds; round += 1) {
    quietMs.push(await quiet(world, ms));
    for (const [attack, record] of records) await attacked(world, attack, ms, record);
  }
  return [...records].map(([attack, { got, sent, failed: lost, attackedMs, broken }]) => {
    const [before, during] = [median(quietMs), median(attackedMs)];
    const missed =
      during <= bound(before)
        ? []
        : [`${attack.name}: p99 ${during.toFixed(1)} ms over ${bound(before).toFixed(1)} ms`];
    console.error(
      `  ${attack.name}: ${got}; ${lost} failed; p99 ${before.toFixed(1)} -> ${during.toFixed(1)} ms ${[...broken, ...missed].join('; ')}`,
    );
    return { attack, got, sent, failed: lost, quietMs: before, attackedMs: during, broken: [...broken], missed };
  });
}

function inBatches(kind: Attack['kind']): Attack[][] {
  const wanted = attacks.filter((one) => one.kind === kind);
  const batches: Attack[][] = [];
  for (let at = 0; at < wanted.length; at += batchSize[kind]) batches.push(wanted.slice(at, at + batchSize[kind]));
  return batches;
}

function outcomeOf(results: readonly Result[], primaryMb: readonly [before: number, after: number]): Outcome {
  const lost = results.reduce((sum, one) => sum + one.failed, 0);
  const sent = results.reduce((sum, one) => sum + one.sent, 0);
  const worst = results.toSorted((a, b) => b.attackedMs - b.quietMs - (a.attackedMs - a.quietMs))[0];
  return {
    measured: `${results.length} attacks at level user, in both hosting models: ${results.filter(({ broken }) => broken.length === 0).length} held; neighbours sent ${sent}, failed ${lost}; largest rise of p99 ${worst?.attack.name ?? ''} ${worst?.quietMs.toFixed(1) ?? ''} -> ${worst?.attackedMs.toFixed(1) ?? ''} ms; the same primary and listeners throughout, primary ${primaryMb.join(' -> ')} MB`,
    broken: results.flatMap(({ attack, broken }) => broken.map((one) => `${attack.name}: ${one}`)),
    missed: results.flatMap(({ missed }) => missed),
    rows: results.map((one) => ({
      name: one.attack.name,
      measured: `${one.attack.what}: ${one.got}; neighbours: ${one.failed} of ${one.sent} failed, p99 ${one.quietMs.toFixed(1)} -> ${one.attackedMs.toFixed(1)} ms`,
      broken: one.broken,
    })),
    publish: (how) => publishResults(results, how),
  };
}

async function run(scale: number): Promise<Outcome> {
  const world = await startWorld();
  const results: Result[] = [];
  const megabytes = (): number => Math.round(residentBytes(world.sluice.pid) / 2 ** 20);
  let after = 0;
  try {
    await quiet(world, 2_000);
    for (const kind of ['pressure', 'trespass'] as const) {
      for (const some of inBatches(kind))
        results.push(...(await batch(world, some, Math.max(500, windowMs[kind] * scale))));
    }
    after = megabytes();
  } finally {
    await world.end();
  }
  return outcomeOf(results, [Math.round(world.primaryBytes / 2 ** 20), after]);
}

export const hostileTenants: Experiment = {
  name: 'hostile-tenants',
  promise:
    'tenants that attack beside innocent pools under load get nothing; 0 requests of neighbours fail, p99 within 5 ms or a fifth',
  run,
};

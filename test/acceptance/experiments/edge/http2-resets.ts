/** What streams cost that are opened and reset at once, beside nginx and HAProxy: in CPU, and in another tenant's time. */
import { join } from 'node:path';
import { failed, percentile, startLoad } from '../../../support/load.js';
import { app } from '../../../support/paths.js';
import { cpuSeconds } from '../../../support/processes.js';
import { run as runProgram } from '../../../support/program.js';
import { monotonicMs, pause } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { type Front, type Over, overs, withFronts } from './http2-fronts.js';
import { attackedHost, quietHost } from './two-tenants.js';

const attacker = join(app('attacker'), 'http2.js');
const roundsOf = (scale: number): number => (scale < 1 ? 1 : 3);

interface Round {
  readonly cpuSeconds: number;
  /** Of another tenant: before the attack, and under it. */
  readonly quietMs: number;
  readonly attackedMs: number;
  readonly lost: number;
  readonly seconds: number;
  readonly words: string;
}

async function rapidResets({ ports, quietPort, pids }: Front, over: Over, resets: number): Promise<Round> {
  const load = startLoad({
    target: quietPort,
    host: quietHost,
    ratePerSecond: 100,
    path: () => '/',
    keepAliveConnections: 8,
  });
  const latencies = (): number[] => load.report.latenciesMs.splice(0);
  await pause(1_000);
  latencies();
  const quiet = cpuSeconds(pids());
  await pause(3_000);
  const ownPerSecond = (cpuSeconds(pids()) - quiet) / 3;
  const quietMs = percentile(latencies(), 0.99);
  const before = cpuSeconds(pids());
  const startedMs = monotonicMs();
  const args = [attacker, String(ports[over]), 'rapid-reset', '4', attackedHost, String(resets), over];
  const { output } = await runProgram(process.execPath, args, { limitMs: 240_000 });
  const seconds = (monotonicMs() - startedMs) / 1_000;
  const attackedMs = percentile(latencies(), 0.99);
  // What was begun has its end before the account is closed.
  await pause(1_000);
  const used = cpuSeconds(pids()) - before - ownPerSecond * (seconds + 1);
  return { cpuSeconds: used, quietMs, attackedMs, lost: failed(await load.stop()), seconds, words: output.trim() };
}

interface Figures {
  readonly name: string;
  readonly cpuSeconds: number;
  readonly p99Ms: number;
  readonly lost: number;
  /** How much its p99 differed between rounds without an attack. */
  readonly noiseMs: number;
  readonly words: string;
}

function figuresOf(name: string, rounds: readonly Round[]): Figures {
  const median = (pick: (one: Round) => number): number => percentile(rounds.map(pick), 0.5);
  const quiet = rounds.map(({ quietMs }) => quietMs);
  const [cpu, p99Ms] = [median((one) => one.cpuSeconds), median((one) => one.attackedMs)];
  const lost = rounds.reduce((sum, one) => sum + one.lost, 0);
  const spread = rounds
    .map(({ quietMs, attackedMs }) => `${quietMs.toFixed(1)} -> ${attackedMs.toFixed(1)}`)
    .join(', ');
  return {
    name,
    cpuSeconds: cpu,
    p99Ms,
    lost,
    noiseMs: Math.max(...quiet) - Math.min(...quiet),
    words: `${name}: ${cpu.toFixed(2)} CPU s in ${median((one) => one.seconds).toFixed(1)} s, p99 of another tenant ${p99Ms.toFixed(1)} ms (by round ${spread}), ${lost} lost ${rounds[0]?.words ?? ''}`,
  };
}

/** Not worse than either peer: CPU as it is, p99 but for what it differs without an attack. */
function judge(over: Over, figures: readonly Figures[]): Outcome {
  const [own, ...peers] = figures;
  if (own === undefined) return { measured: 'nothing', broken: ['did not run'], missed: [] };
  const noiseMs = Math.max(...figures.map((one) => one.noiseMs));
  const missed = peers.flatMap((peer) =>
    violations({
      [`${over}: more CPU than ${peer.name}`]: own.cpuSeconds <= peer.cpuSeconds,
      [`${over}: a worse p99 than ${peer.name}`]: own.p99Ms <= peer.p99Ms + noiseMs,
    }),
  );
  return {
    measured: `${over}: ${figures.map(({ words }) => words).join('; ')}; noise of the p99 between quiet rounds ${noiseMs.toFixed(1)} ms`,
    broken: violations({ [`${over}: ${own.lost} requests of another tenant lost`]: own.lost === 0 }),
    missed: [...missed, ...violations({ 'no peer is installed': peers.length > 0 })],
  };
}

async function run(scale: number): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  await withFronts(async (fronts) => {
    for (const over of overs) {
      const rounds = new Map<Front, Round[]>(fronts.map((front) => [front, []]));
      for (let round = 0; round < roundsOf(scale); round += 1) {
        for (const [front, own] of rounds) own.push(await rapidResets(front, over, scaled(100_000, scale, 2_000)));
      }
      outcomes.push(
        judge(
          over,
          [...rounds].map(([front, own]) => figuresOf(front.name, own)),
        ),
      );
    }
  });
  return {
    measured: outcomes.map(({ measured }) => measured).join(' | '),
    broken: outcomes.flatMap(({ broken }) => broken),
    missed: outcomes.flatMap(({ missed }) => missed),
  };
}

export const http2RapidReset: Experiment = {
  name: 'h2-abuse-resets',
  promise:
    '100,000 rapid resets, reconnecting after each GOAWAY, with prior knowledge and over TLS: CPU seconds not worse than nginx or HAProxy, another tenant’s p99 neither but for the noise measured in the same run',
  run,
};

/** SIGKILL of the primary under load, and a start after a while: alone, and with a service manager that keeps the socket. */
import { describeLoad, failed, type LoadReport, startLoad } from '../../../support/load.js';
import { monotonicMs, pause } from '../../../support/time.js';
import { type Experiment, type Outcome, type Row, scaled, violations } from '../../experiment.js';
import { MortalServer } from './mortal-server.js';

interface Round {
  readonly activated: boolean;
  /** Between death and start. */
  readonly gapMs: number;
}

const keptPerSecond = 400;
const newPerSecond = 100;
/** Of load before the kill and after the start. */
const aroundMs = 2_000;

async function oneRound({ activated, gapMs }: Round, rate: number): Promise<Row> {
  const server = new MortalServer();
  const start = (): Promise<number> => (activated ? server.startActivated() : server.start());
  try {
    await start();
    await server.serves();
    const common = { target: server.life.port, path: () => '/', limitMs: 2 * gapMs + 60_000 };
    const isRight = (_serial: number, text: string): boolean => text === 'edition 1';
    const kept = startLoad({ ...common, isRight, ratePerSecond: keptPerSecond * rate, keepAliveConnections: 32 });
    const fresh = startLoad({ ...common, isRight, ratePerSecond: newPerSecond * rate });
    await pause(aroundMs);
    const killedAtMs = monotonicMs();
    process.kill(server.life.pid, 'SIGKILL');
    const leftMs = await server.whenNothingIsLeft();
    await pause(Math.max(0, killedAtMs + gapMs - monotonicMs()));
    const readyMs = await start();
    await server.serves();
    // What is sent from now on belongs to the new life alone.
    const after = startLoad({ ...common, isRight, ratePerSecond: newPerSecond * rate });
    await pause(aroundMs);
    const [later, ...across] = await Promise.all([after.stop(), kept.stop(), fresh.stop()]);
    const exit = await server.life.program.stop('SIGTERM', 60_000);
    await server.whenNothingIsLeft();
    const refused = across.reduce((sum, { refused: count }) => sum + count, 0);
    return {
      name: `${activated ? 'socket kept by the service manager' : 'alone'}, started again after ${Math.round(gapMs / 1_000)} s`,
      measured: `nothing left after ${Math.round(leftMs)} ms, ready ${Math.round(readyMs)} ms after the start; across the gap ${tell(across)}; afterwards ${failed(later)} failed of ${later.sent}`,
      broken: violations({
        [`the next life failed requests: ${describeLoad(later)}`]: failed(later) === 0,
        [`refused with the socket kept: ${refused}`]: !activated || refused === 0,
        [`left hanging: ${across.map(describeLoad).join('; ')}`]: across.every(({ timedOut }) => timedOut === 0),
        [`wrong answers: ${across.map(describeLoad).join('; ')}`]: across.every(({ wrong }) => wrong === 0),
        [`the next life ended with ${exit.code ?? exit.signal}`]: exit.code === 0,
      }),
    };
  } finally {
    await server.kill();
  }
}

function unavailable({ byStatus }: LoadReport): number {
  return byStatus.get(503) ?? 0;
}

function tell(reports: readonly LoadReport[]): string {
  const sum = (of: (report: LoadReport) => number): number => reports.reduce((all, report) => all + of(report), 0);
  return `${sum(({ sent }) => sent)} sent, ${sum(({ ok }) => ok)} answered, ${sum(({ refused }) => refused)} refused, ${sum(({ reset, truncated }) => reset + truncated)} cut with their connection, ${sum(unavailable)} told to come again (503)`;
}

async function run(scale: number): Promise<Outcome> {
  const rounds: readonly Round[] =
    scale < 1
      ? [{ activated: true, gapMs: 0 }]
      : [false, true].flatMap((activated) => [0, 10_000, 60_000].map((gapMs) => ({ activated, gapMs })));
  const rows: Row[] = [];
  for (const round of rounds) rows.push(await oneRound(round, scaled(10, scale, 4) / 10));
  return {
    measured: rows.map(({ name, measured }) => `${name}: ${measured}`).join('; '),
    broken: rows.flatMap(({ name, broken }) => broken.map((one) => `${name}: ${one}`)),
    missed: [],
    rows,
  };
}

export const killPrimary: Experiment = {
  name: 'kill-primary',
  promise:
    'kill -9 of the primary at 500 requests/s, started again after 0, 10 and 60 s: no orphan, the next life serves everything, and with socket activation 0 connections are refused',
  run,
};

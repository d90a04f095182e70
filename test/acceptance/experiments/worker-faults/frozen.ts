/** Faults 6 and 7: one of two workers is stopped, or its event loop is blocked. */
import type { HostingChoice } from '../../../support/hosting.js';
import type { Settings } from '../../../support/sluice.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { scaled, violations } from '../../experiment.js';
import {
  describe,
  fault,
  type FaultRow,
  models,
  type Scene,
  signal,
  startTraffic,
  type TrafficReport,
  withScene,
} from './rig.js';

interface Freeze {
  readonly name: string;
  readonly choice: HostingChoice;
  readonly hangMs: number;
  readonly hosting?: Settings;
  /** Freezes one of the workers; resolves with the moment and the process. */
  readonly begin: (scene: Scene, pids: readonly number[]) => Promise<{ readonly atMs: number; readonly pid: number }>;
  /** 0 = it ends only with the process. */
  readonly lastsMs: number;
  /** Of the detection, beyond hangDetection. */
  readonly foundWithinMs: number;
}

const timeSpan = (ms: number): string => `00:00:${String(Math.round(ms / 1_000)).padStart(2, '0')}`;

async function freeze(one: Freeze): Promise<FaultRow> {
  const { choice, hangMs, hosting = {}, lastsMs } = one;
  const failure = { rapidFailProtection: false, hangDetection: timeSpan(hangMs) };
  let row: FaultRow | null = null;
  await withScene({ choice, hosting, pool: { failure, processModel: { maxProcesses: 2 } } }, async (scene) => {
    const { sluice } = scene;
    const pids = await until('both workers run', async () => {
      await sluice.call('/a/');
      const running = await sluice.workerPids('a');
      return running.length === 2 && running;
    });
    const traffic = startTraffic(scene, { get: 60, fresh: 20, post: 20 });
    await pause(1_000);
    const { atMs, pid } = await one.begin(scene, pids);
    let goneMs = 0;
    if (lastsMs > 0) await pause(lastsMs);
    else {
      const isBuried = async (): Promise<boolean> =>
        (await sluice.pool('a')).obituaries.some((dead) => dead.pid === pid);
      await until('the frozen worker is dead', isBuried, { withinMs: hangMs * 10 + 60_000, everyMs: 50 });
      goneMs = monotonicMs() - atMs;
      // Requests beyond the end of the fault are part of it.
      await pause(1_000);
    }
    const report = await traffic.stop();
    const { obituaries } = await sluice.pool('a');
    row = judge(
      one,
      report,
      atMs,
      goneMs,
      obituaries.map(({ reason }) => reason),
    );
  });
  if (row === null) throw new Error('did not run');
  return row;
}

function judge(one: Freeze, report: TrafficReport, atMs: number, goneMs: number, deaths: readonly string[]): FaultRow {
  const around = report.routedAroundMs(atMs, 1_000);
  const lostPosts = report.lost('POST');
  const unexplained = lostPosts.filter(({ status, words }) => status !== 502 || !words.includes('502.3'));
  const isPassing = one.lastsMs > 0;
  const end = isPassing ? `lasted ${one.lastsMs} ms` : `ended after ${Math.round(goneMs)} ms (${deaths.join(', ')})`;
  return {
    name: `${one.name}, ${one.choice.model}`,
    measured: `${end}; routed around after ${around} ms, ${report.slowerThan(1_000)} requests slower than 1 s; ${report.words}`,
    broken: violations({
      ...report.facts(),
      [`POSTs lost without a reason: ${describe(unexplained)}`]: unexplained.length === 0,
      [`a passing block lost POSTs: ${describe(lostPosts)}`]: !isPassing || lostPosts.length === 0,
      [`a passing block killed workers: ${deaths.join(', ')}`]: !isPassing || deaths.length === 0,
    }),
    missed: violations({
      [`routed around after ${around} ms`]: around < 5_000,
      [`dead after ${Math.round(goneMs)} ms`]: goneMs < one.hangMs + one.foundWithinMs,
    }),
  };
}

function stopped(choice: HostingChoice, hangMs: number): Freeze {
  return {
    name: 'SIGSTOP',
    choice,
    hangMs,
    lastsMs: 0,
    // Out-of-process the state of processes is looked at every 5 s.
    foundWithinMs: choice.model === 'in-process' ? 2_500 : 11_000,
    begin: async (_scene, pids) => ({ atMs: signal(pids.slice(0, 1), 'SIGSTOP'), pid: pids[0] ?? 0 }),
  };
}

export const stoppedWorker = fault(
  'stopped',
  'SIGSTOP of one of two workers: lost GET 0, routed around in under 5 s, its POSTs get 502.3 when hang detection ends it',
  (scale) => models(scale, 'in-process').map((choice) => () => freeze(stopped(choice, scaled(10_000, scale, 3_000)))),
);

function blocked(choice: HostingChoice, hangMs: number, ms: number, lastsMs: number, hosting: Settings): Freeze {
  return {
    name: `blocked ${ms} ms`,
    choice,
    hangMs,
    hosting,
    lastsMs,
    foundWithinMs: 2_500,
    begin: async ({ sluice }) => {
      const before = (await sluice.pool('a')).workers;
      const atMs = monotonicMs();
      const request = sluice.call(`/a/block/x?ms=${ms}`, { method: 'POST', body: 'x', limitMs: 120_000 });
      request.catch(() => undefined);
      if (lastsMs > 0) return { atMs, pid: 0 };
      const pid = await until(
        'one of the workers is dead',
        async () => {
          const { obituaries } = await sluice.pool('a');
          return obituaries.map((one) => one.pid).find((dead) => before.some((one) => one.pid === dead));
        },
        { withinMs: 120_000, everyMs: 50 },
      );
      return { atMs, pid };
    },
  };
}

/** The loop of a program is not ours to watch: its own health check does that. */
const check = { healthCheck: { path: '/', interval: '00:00:01', timeout: '00:00:02', failures: 2 } };

export const blockedWorker = fault(
  'blocked',
  'the event loop of one of two workers is blocked 5 s and longer than hangDetection: lost GET 0, routed around, ended at the limit',
  (scale) => {
    const hangMs = scaled(10_000, scale, 3_000);
    const passesMs = scaled(5_000, scale, 2_000);
    return models(scale, 'out-of-process').flatMap((choice) => {
      const watched = choice.model === 'in-process' ? {} : check;
      return [
        () => freeze(blocked(choice, hangMs, passesMs, passesMs + 1_000, {})),
        () => freeze(blocked(choice, hangMs, 60_000, 0, watched)),
      ];
    });
  },
);

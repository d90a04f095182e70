/** Fault 8: a worker that leaks is recycled at its limit; one that leaks faster than anybody looks meets the kernel's. */
import { readFileSync } from 'node:fs';
import type { HostingChoice } from '../../../support/hosting.js';
import { reasonToSkip } from '../../../support/missing.js';
import { commandLine, isAlive } from '../../../support/processes.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { violations } from '../../experiment.js';
import {
  fault,
  type FaultRow,
  isShort,
  models,
  type Scene,
  startTraffic,
  type TrafficReport,
  withScene,
} from './rig.js';

async function leak(scene: Scene, megabytesPerSecond: number): Promise<number> {
  await scene.sluice.call('/a/run/first');
  const [pid = 0] = await scene.sluice.workerPids('a');
  await scene.sluice.call(`/a/leak/x?mb=${megabytesPerSecond}`);
  return pid;
}

const limitKb = 180_000;

async function slowly(choice: HostingChoice): Promise<FaultRow> {
  const recycling = { periodicRestart: { privateMemory: limitKb } };
  let row: FaultRow | null = null;
  await withScene({ choice, pool: { recycling } }, async (scene) => {
    const { sluice } = scene;
    const pid = await leak(scene, 10);
    const startedMs = monotonicMs();
    const traffic = startTraffic(scene, {});
    await until('the leaking worker is replaced and gone', () => !isAlive(pid), { withinMs: 120_000, everyMs: 50 });
    const tookMs = Math.round(monotonicMs() - startedMs);
    await pause(500);
    const report = await traffic.stop();
    const pool = await sluice.pool('a');
    const [receipt] = pool.receipts.filter((one) => one.old.pid === pid);
    row = {
      name: `10 MB/s to the recycle limit, ${choice.model}`,
      measured: `replaced after ${tookMs} ms because of ${receipt?.cause ?? 'nothing'}; ${report.words}`,
      broken: violations({
        ...report.facts(),
        [`lost POST ${report.lost('POST').length}`]: report.lost('POST').length === 0,
        [`recycled for ${receipt?.cause ?? 'nothing'}`]: receipt?.cause === 'private-memory',
        'the recycle counts as a crash': pool.restarts === 0,
      }),
      missed: [],
    };
  });
  if (row === null) throw new Error('did not run');
  return row;
}

/** Set for workers, never for the server: the kernel must choose them first. */
function oomScores(scene: Scene, worker: number): string {
  const { sluice } = scene;
  const score = (pid: number): string => readFileSync(`/proc/${pid}/oom_score_adj`, 'latin1').trim();
  const listener = sluice.tree().find(({ pid }) => commandLine(pid).includes('listener'))?.pid ?? 0;
  return `primary ${score(sluice.pid)}, listener ${score(listener)}, worker ${score(worker)}`;
}

async function quickly(choice: HostingChoice): Promise<FaultRow> {
  const name = `leak to the kernel's limit, ${choice.model}`;
  const reason = reasonToSkip(['control groups', 'other users']);
  if (reason !== null) return { name, measured: reason, broken: [], missed: ['not measured'] };
  let row: FaultRow | null = null;
  await withScene({ choice, pool: { resources: { memoryMax: '200MB' } } }, async (scene) => {
    const { sluice } = scene;
    await sluice.call('/a/run/first');
    const [worker = 0] = await sluice.workerPids('a');
    const scores = oomScores(scene, worker);
    const traffic = startTraffic(scene, {});
    await pause(500);
    const pid = await leak(scene, 1_000);
    await until('the kernel has killed it', () => !isAlive(pid), { withinMs: 60_000, everyMs: 5 });
    const deadMs = monotonicMs();
    await until('it is served again', async () => (await sluice.call('/a/')).status === 200);
    await traffic.underWay();
    const report = await traffic.stop();
    const obituary = await until('its end is written down', async () =>
      (await sluice.pool('a')).obituaries.find((one) => one.pid === pid),
    );
    row = killedRow(name, report, deadMs, obituary, scores);
  });
  if (row === null) throw new Error('did not run');
  return row;
}

function killedRow(
  name: string,
  report: TrafficReport,
  deadMs: number,
  obituary: { readonly reason: string; readonly how: string },
  scores: string,
): FaultRow {
  // A process at its limit is slow to die, so requests are in flight longer.
  const strange = report.strangelyLost([{ fromMs: deadMs - 5_000, toMs: deadMs + 1_000 }]);
  return {
    name,
    measured: `${obituary.reason}; first success after ${report.firstSuccessMs(deadMs)} ms; ${report.words}; oom_score_adj: ${scores}`,
    broken: violations({
      ...report.facts(),
      [`the obituary says ${obituary.reason} ${obituary.how}`]: obituary.reason === 'memory-limit',
      [`POSTs lost without a reason: ${strange.length}`]: strange.length === 0,
      [`oom_score_adj: ${scores}`]: /^primary (-?\d+), listener \1, worker \d+$/.test(scores),
    }),
    missed: [],
  };
}

export const leaking = fault(
  'leaking',
  'a leak of 10 MB/s to the recycle limit: lost 0; a leak to the memory limit of the control group: lost GET 0, the server survives',
  (scale) =>
    models(scale, 'out-of-process').flatMap((choice) => [
      // A worker is not recycled for its memory in its first 15 s: nothing for a short run.
      ...(isShort(scale) ? [] : [() => slowly(choice)]),
      () => quickly(choice),
    ]),
);

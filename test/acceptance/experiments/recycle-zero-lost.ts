/** Recycles of every kind under mixed load, and beside them what an administrator of nginx and node would do. */
import { mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../support/find-program.js';
import { type HostingChoice, hostingModels } from '../../support/hosting.js';
import { type MixedReport, echoApp, startMix } from '../../support/mixed-load.js';
import { ReloadedNginx } from '../../support/reloaded-nginx.js';
import { type Settings, type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { monotonicMs, pause, until } from '../../support/time.js';
import { type Experiment, type Outcome, type Row, scaled, violations } from '../experiment.js';

/** A little above 500/s, so that 5 minutes are 150,000 requests on a machine that stutters. */
const ratePerSecond = 505;
const recycleEveryMs = 10_000;
/** Below it one server is enough for everything. */
const shortestScale = 0.02;

interface Phase {
  readonly name: string;
  readonly seconds: number;
  readonly pool: Settings;
  /** Null: the pool's own settings recycle it. */
  readonly disturb: ((sluice: Sluice, folder: string, times: number) => void) | null;
}

function touch(_sluice: Sluice, folder: string, times: number): void {
  const file = join(folder, 'tmp', 'restart.txt');
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  writeFileSync(file, '');
  utimesSync(file, times, times);
}

/** A new environment variable for the workers; written as editors write. */
function changeConfiguration(sluice: Sluice, _folder: string, times: number): void {
  const document = JSON.parse(readFileSync(sluice.file, 'utf8')) as { applicationPools: Record<string, unknown>[] };
  for (const pool of document.applicationPools) {
    pool['environmentVariables'] = [{ name: 'EDITION', value: String(times) }];
  }
  writeFileSync(`${sluice.file}.new`, JSON.stringify(document));
  renameSync(`${sluice.file}.new`, sluice.file);
}

function phases(scale: number): readonly Phase[] {
  const minute = scaled(60, scale, 6);
  const everyTen = { recycling: { periodicRestart: { time: '00:00:10' } } };
  return [
    { name: 'overlapped recycle every 10 s', seconds: scaled(300, scale, 12), pool: everyTen, disturb: null },
    { name: 'config change', seconds: minute, pool: {}, disturb: changeConfiguration },
    { name: 'touched restart file', seconds: minute, pool: {}, disturb: touch },
    {
      name: 'rolling recycle of 3 workers',
      seconds: minute,
      pool: { processModel: { maxProcesses: 3 } },
      disturb: touch,
    },
  ];
}

async function runPhase({ name, seconds, pool, disturb }: Phase, choice: HostingChoice): Promise<Row> {
  const folder = tempFolder('app');
  let row: Row = { name, measured: 'did not run', broken: ['did not run'] };
  try {
    writeFileSync(join(folder, 'index.js'), echoApp);
    const options = {
      applicationPools: [{ name: 'a', ...pool }],
      sites: (port: number) => [
        {
          name: 'main',
          bindings: [{ protocol: 'http', bindingInformation: `*:${port}:`, http2: true }],
          applications: [{ path: '/', applicationPool: 'a', physicalPath: folder, ...choice.settings }],
        },
      ],
    };
    await withSluice(options, async (sluice) => {
      await sluice.call('/');
      const before = await recycles(sluice);
      const mix = startMix(sluice.port, ratePerSecond, true);
      const end = monotonicMs() + seconds * 1_000;
      for (let times = 1; monotonicMs() < end; times += 1) {
        await pause(Math.min(recycleEveryMs / 2, end - monotonicMs()));
        disturb?.(sluice, folder, times);
        await pause(Math.max(0, Math.min(recycleEveryMs / 2, end - monotonicMs())));
      }
      const report = await mix.stop();
      // On a slow machine the last replacement may still be starting.
      const done = await until('a recycle is counted', async () => (await recycles(sluice)) - before || false, {
        withinMs: 60_000,
      });
      row = { name: `${name}, ${choice.model}`, ...judged(report, seconds, done) };
    });
  } finally {
    removeFolder(folder);
  }
  return row;
}

async function recycles(sluice: Sluice): Promise<number> {
  const text = await sluice.metrics();
  const counts = [...text.matchAll(/^sluice_pool_recycles_total\{[^}]*\} (\d+)/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

function judged(report: MixedReport, seconds: number, done: number): Omit<Row, 'name'> {
  return {
    measured: `${report.failed} failed of ${report.sent} in ${seconds} s with ${done} recycles (${report.words}; ${delay(report)})`,
    broken: violations({
      [`lost: ${report.failures}`]: report.failed === 0,
      'workers were recycled': done > 0,
      [`${report.sent} requests are too few`]: report.sent >= seconds * ratePerSecond * 0.95,
    }),
  };
}

/** The sender shares the machine: what it was late itself is part of the p99. */
function delay({ p99Ms, sentLateMs }: MixedReport): string {
  return `p99 ${p99Ms} ms, of that the sender late by ${sentLateMs} ms`;
}

/** New node, `nginx -s reload`, end of the old node: nothing here may fail the experiment. */
async function besideNginx(seconds: number): Promise<Row> {
  const name = 'for comparison: nginx reload in front of restarted node';
  if (findProgram('nginx') === null) return { name, measured: 'nginx is not installed', broken: [] };
  const front = await ReloadedNginx.start(echoApp);
  try {
    const mix = startMix(front.port, ratePerSecond);
    const end = monotonicMs() + seconds * 1_000;
    let restarts = 0;
    while (monotonicMs() < end) {
      await pause(Math.min(recycleEveryMs, end - monotonicMs()));
      await front.restart();
      restarts += 1;
    }
    const report = await mix.stop();
    const measured = `${report.failed} failed of ${report.sent} in ${seconds} s with ${restarts} restarts (${report.words}; ${delay(report)})`;
    return { name, measured, broken: [] };
  } finally {
    await front.stop();
  }
}

/** Both ways of hosting on one server, recycled in turn by a changed configuration and a touched file. */
async function shortForm(seconds: number, rate: number): Promise<Outcome> {
  const folders = hostingModels.map(() => tempFolder('app'));
  let outcome: Outcome = { measured: 'nothing', broken: ['did not run'], missed: [] };
  try {
    for (const folder of folders) writeFileSync(join(folder, 'index.js'), echoApp);
    const applications = hostingModels.map(({ model, settings }, index) => ({
      path: `/${model}`,
      applicationPool: model,
      physicalPath: folders[index],
      ...settings,
    }));
    const bindings = (port: number) => [{ protocol: 'http', bindingInformation: `*:${port}:`, http2: true }];
    const options = {
      applicationPools: hostingModels.map(({ model }) => ({ name: model })),
      sites: (port: number) => [{ name: 'main', bindings: bindings(port), applications }],
    };
    await withSluice(options, async (sluice) => {
      const bases = hostingModels.map(({ model }) => `/${model}/`);
      for (const base of bases) await sluice.call(base);
      const mixes = bases.map((base) => startMix(sluice.port, rate / bases.length, true, base));
      const end = monotonicMs() + seconds * 1_000;
      let done = 0;
      for (let times = 1; monotonicMs() < end; times += 1) {
        const before = await recycles(sluice);
        if (times % 2 === 1) changeConfiguration(sluice, '', times);
        else for (const folder of folders) touch(sluice, folder, times);
        await until('both are recycled', async () => (await recycles(sluice)) - before >= bases.length, {
          withinMs: 60_000,
        });
        done += bases.length;
      }
      const reports = await Promise.all(mixes.map((mix) => mix.stop()));
      const failures = reports.map((report) => report.failures).filter((one) => one !== '');
      const measured = reports.map(
        (report) => `${report.failed} failed of ${report.sent} (${report.words}; ${delay(report)})`,
      );
      outcome = {
        measured: `${done} recycles in ${seconds} s: ${measured.join('; ')}`,
        broken: violations({ [`lost: ${failures.join('; ')}`]: failures.length === 0 }),
        missed: [],
      };
    });
  } finally {
    for (const folder of folders) removeFolder(folder);
  }
  return outcome;
}

async function run(scale: number): Promise<Outcome> {
  if (scale < shortestScale) return shortForm(8, 100);

  const rows: Row[] = [];
  for (const phase of phases(scale)) {
    for (const choice of hostingModels) {
      // The long one is about in-process hosting; the others are short enough for both.
      if (phase.disturb === null && choice.model !== 'in-process') continue;
      rows.push(await runPhase(phase, choice));
    }
  }
  rows.push(await besideNginx(scaled(300, scale, 12)));
  const failed = rows.filter((row) => row.broken.length > 0);
  return {
    measured: `${rows[0]?.measured ?? ''}; beside it ${rows.at(-1)?.measured ?? ''}`,
    broken: failed.map(({ name }) => name),
    missed: [],
    rows,
  };
}

export const recycleZeroLost: Experiment = {
  name: 'recycle-zero-lost',
  promise:
    'overlapped recycle every 10 s for 5 min at 500 requests/s on keep-alive, new connections and slow requests: 0 failed; config change, touched restart file and rolling recycle 60 s each: the same 0',
  run,
};

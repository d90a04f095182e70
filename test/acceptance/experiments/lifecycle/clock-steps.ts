/**
 * The wall clock of primary and listeners is set to and fro (libfaketime, the monotonic clock untouched): nothing is
 * recycled early, refused, or forgotten for that reason.
 */
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeLoad, failed, type LoadReport, startLoad } from '../../../support/load.js';
import { recordsOf } from '../../../support/log-records.js';
import { app, repository } from '../../../support/paths.js';
import { type Settings, type Sluice, type SluiceOptions, withSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';

const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const requestsPerSecond = 20;

/** What libfaketime reads: an offset, or a moment that the clock starts from. */
const steps = [
  { name: 'an hour on', text: () => '+1h' },
  { name: 'an hour back', text: () => '-1h' },
  { name: 'ten years on', text: () => '+10y' },
  { name: '1970', text: () => '@1970-01-02 00:00:00' },
  { name: 'a second back in every second', text: (second: number) => `-${3_600 + second}s` },
  { name: 'right again', text: () => '+0s' },
] as const;

/** A copy of the server whose listeners keep the variables of libfaketime, which they would not get. */
function copyOfServer(folder: string): string {
  cpSync(join(repository, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(join(repository, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'dist', 'server', 'primary', 'listener-process.js');
  const text = readFileSync(file, 'utf8');
  const names = [
    'LD_PRELOAD',
    'DONT_FAKE_MONOTONIC',
    'NO_FAKE_STAT',
    'FAKETIME_CACHE_DURATION',
    'FAKETIME_TIMESTAMP_FILE',
  ];
  const changed = text.replace("['LANG',", `[${names.map((name) => `'${name}'`).join(', ')}, 'LANG',`);
  if (changed === text) throw new Error('the environment of listeners is made elsewhere now');
  writeFileSync(file, changed);
  return join(folder, 'dist', 'server', 'cli', 'main.js');
}

/** `scheduled` is due once, by the jump of an hour; everything else is far from every limit. */
function options(main: string, clock: string): SluiceOptions {
  const inHalfAnHour = new Date(performance.timeOrigin + performance.now() + 1_800_000);
  const schedule = [inHalfAnHour.toTimeString().slice(0, 5).concat(':00')];
  const names = ['steady', 'scheduled', 'limited', 'sticky'];
  const pools: Readonly<Record<string, Settings>> = {
    steady: { recycling: { periodicRestart: { time: '00:30:00' } }, processModel: { idleTimeout: '00:20:00' } },
    scheduled: { recycling: { periodicRestart: { schedule } } },
    sticky: { affinity: 'cookie', processModel: { maxProcesses: 2 } },
  };
  return {
    main,
    through: [
      'env',
      `LD_PRELOAD=${library}`,
      'DONT_FAKE_MONOTONIC=1',
      'NO_FAKE_STAT=1',
      'FAKETIME_CACHE_DURATION=1',
      `FAKETIME_TIMESTAMP_FILE=${clock}`,
    ],
    applicationPools: names.map((name) => ({ name, ...pools[name] })),
    sites: (port) =>
      names.map((name) => ({
        name,
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${name}.test` }],
        limits: name === 'limited' ? { maxRequestsPerSecond: requestsPerSecond } : {},
        applications: [{ path: '/', applicationPool: name, physicalPath: app('plain') }],
      })),
  };
}

interface Phase {
  readonly name: string;
  /** Date of an answer. */
  readonly seen: string;
  readonly lost: string;
  readonly allowed: number;
  readonly sameWorker: boolean;
}

async function phase(
  sluice: Sluice,
  clock: string,
  step: (typeof steps)[number],
  seconds: number,
  cookie: string,
): Promise<Phase> {
  writeFileSync(clock, step.text(0));
  const sticky = { host: 'sticky.test', headers: { cookie } };
  const pid = (await sluice.call('/pid', sticky)).text;
  // The library looks again after a second.
  await pause(1_500);
  const loads = ['steady', 'limited'].map((name) =>
    startLoad({
      target: sluice.port,
      host: `${name}.test`,
      ratePerSecond: 3 * requestsPerSecond,
      keepAliveConnections: 4,
      path: (serial) => `/n/${serial}`,
    }),
  );
  for (let second = 1; second <= seconds; second += 1) {
    await pause(1_000);
    writeFileSync(clock, step.text(second));
  }
  const [steady, limited] = (await Promise.all(loads.map((load) => load.stop()))) as [LoadReport, LoadReport];
  // The listener's own answer: workers have the clock of the machine.
  const date = (await sluice.call('/', { host: 'nobody.test' })).headers.date ?? '';
  const refusedOnly = failed(limited) === (limited.byStatus.get(429) ?? 0);
  return {
    name: step.name,
    seen: date,
    lost: failed(steady) === 0 && refusedOnly ? '' : `${describeLoad(steady)}; ${describeLoad(limited)}`,
    allowed: limited.ok / seconds,
    sameWorker: (await sluice.call('/pid', sticky)).text === pid,
  };
}

async function measure(sluice: Sluice, clock: string, seconds: number): Promise<Outcome> {
  for (const name of ['steady', 'scheduled', 'limited']) await sluice.call('/', { host: `${name}.test` });
  const first = await sluice.call('/', { host: 'sticky.test' });
  const cookie = String(first.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
  const phases: Phase[] = [];
  for (const step of steps) {
    phases.push(await phase(sluice, clock, step, seconds, cookie));
    // What was missed while the clock jumped is done within half a minute.
    if (step.name === 'an hour on') {
      await until('the schedule was noticed', () => recordsOf(sluice, 'recycled', 'scheduled').length > 0, {
        withinMs: 60_000,
      });
    }
  }
  const ends = (await sluice.pools()).flatMap(({ name, obituaries }) =>
    obituaries.map(({ reason }) => `${name} ${reason}`),
  );
  const years = phases.map(({ seen }) => new Date(seen).getUTCFullYear());
  const rates = phases.map(({ allowed }) => allowed.toFixed(0));
  return {
    measured: `${phases.map(({ name, seen }) => `${name} (answers said ${seen})`).join(', ')}: ended workers: ${ends.join(', ')}; ${requestsPerSecond} requests a second allowed, ${rates.join(', ')} passed; sticky clients kept their worker in ${phases.filter(({ sameWorker }) => sameWorker).length} of ${phases.length}`,
    broken: violations({
      [`the clock was not set: ${years.join(', ')}`]: years[3] === 1970 && (years[2] ?? 0) > (years[5] ?? 0) + 8,
      [`ended: ${ends.join(', ')}`]: ends.join() === 'scheduled recycle',
      [`lost: ${phases.map(({ lost }) => lost).join(' ')}`]: phases.every(({ lost }) => lost === ''),
      'a sticky client changed its worker': phases.every(({ sameWorker }) => sameWorker),
      [`the limit let nothing, or everything pass: ${rates.join(', ')}`]: phases.every(
        ({ allowed }) => allowed > requestsPerSecond / 2 && allowed < 2 * requestsPerSecond,
      ),
    }),
    missed: [],
  };
}

async function run(seconds: number): Promise<Outcome> {
  if (!existsSync(library)) {
    return { measured: 'libfaketime (Debian: faketime) is not installed', broken: [], missed: ['not measured'] };
  }
  const folder = tempFolder('clock');
  let outcome: Outcome | null = null;
  try {
    const clock = join(folder, 'clock');
    writeFileSync(clock, '+0s', { mode: 0o644 });
    await withSluice(options(copyOfServer(folder), clock), async (sluice) => {
      outcome = await measure(sluice, clock, seconds);
    });
  } finally {
    removeFolder(folder);
  }
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const clockSteps: Experiment = {
  name: 'clock-steps',
  promise:
    'wall clock + 1 h, - 1 h, + 10 years, 1970, a second back in every second: 0 requests lost, nothing recycled early, a scheduled recycle done exactly once, limits and sticky clients as before',
  run: (scale) => run(scaled(12, scale, 3)),
};

/** Equal loads through every example, again and again: descriptors stay equal, memory stays. */
import { exampleConfiguration, examples } from '../../support/examples.js';
import { findProgram } from '../../support/find-program.js';
import { commandLine, descriptorCount, residentBytes } from '../../support/processes.js';
import { run as runProgram } from '../../support/program.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { pause } from '../../support/time.js';
import { median } from '../../bench/measure.js';
import { type Experiment, type Outcome, scaled, violations } from '../experiment.js';

/** MiB for each load. One step says little: between two collections V8's memory goes up and down by 5 MiB. */
const growthMax = 4;
const moreRounds = [3, 4, 5];
const quietMs = 5_000;

async function load(sluice: Sluice, path: string, requests: number): Promise<void> {
  let done = 0;
  while (done < requests) {
    const url = `http://127.0.0.1:${sluice.port}${path}`;
    const { output } = await runProgram(findProgram('wrk') ?? 'wrk', ['-t1', '-c32', '-d2s', url]);
    const answered = Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
    if (answered === 0 || output.includes('Non-2xx')) throw new Error(`${path}: ${output}`);
    done += answered;
  }
}

interface Size {
  readonly descriptors: number;
  readonly rss: number;
}

async function sizes(sluice: Sluice, foreign: ReadonlySet<number>): Promise<Map<number, Size>> {
  await pause(quietMs);
  const pids = sluice.tree().map((one) => one.pid);
  return new Map(
    pids.map((pid) => [pid, { descriptors: descriptorCount(pid), rss: foreign.has(pid) ? 0 : residentBytes(pid) }]),
  );
}

function role(pid: number, primary: number): string {
  if (pid === primary) return 'primary';
  return commandLine(pid).includes('listener') ? 'listener' : 'guardian';
}

interface Growth {
  readonly process: string;
  readonly descriptors: number;
  /** MiB from the first load to the second, and the median of all later steps. */
  readonly second: number;
  readonly median: number;
}

const mebibyte = 2 ** 20;

function growthOf(process: string, pid: number, rounds: readonly Map<number, Size>[]): Growth {
  const all = rounds.map((round) => round.get(pid) ?? { descriptors: 0, rss: 0 });
  const steps = all.slice(1).map(({ rss }, index) => (rss - (all[index]?.rss ?? 0)) / mebibyte);
  const descriptors = Math.max(...all.slice(1).map((one) => one.descriptors - (all[0]?.descriptors ?? 0)));
  return { process, descriptors, second: steps[0] ?? 0, median: median(steps) };
}

async function run(requests: number): Promise<Outcome> {
  let outcome: Outcome | null = null;
  await withSluice({ yaml: exampleConfiguration() }, async (sluice) => {
    const half = Math.ceil(requests / 2);
    const all = examples();
    const ours = all.filter((example) => example.ours);
    const names = new Map<number, string>();
    const foreign = new Set<number>();
    const rounds: Map<number, Size>[] = [];
    for (const loaded of [all, all, ...moreRounds.map(() => ours)]) {
      for (const example of loaded) await load(sluice, example.path, half);
      for (const example of rounds.length === 0 ? all : []) {
        for (const pid of await sluice.workerPids(example.pool)) {
          names.set(pid, example.pool);
          if (!example.ours) foreign.add(pid);
        }
      }
      rounds.push(await sizes(sluice, foreign));
    }
    const pids = [...(rounds[0]?.keys() ?? [])];
    const grown = pids.map((pid) => growthOf(names.get(pid) ?? role(pid, sluice.pid), pid, rounds));
    const worst = (key: 'second' | 'median'): string => Math.max(...grown.map((one) => one[key])).toFixed(1);
    outcome = {
      measured:
        `${all.length} examples, ${half} requests each and again: worst growth ${worst('second')} MiB, ` +
        `median of ${rounds.length - 1} such steps ${worst('median')} MiB; ` +
        `descriptors ${grown.reduce((sum, one) => sum + Math.max(0, one.descriptors), 0)} more`,
      broken: violations({
        'the same processes all the time': rounds.every((round) => pids.every((pid) => round.has(pid))),
        [`descriptors leak: ${JSON.stringify(grown.filter((one) => one.descriptors > 0))}`]: grown.every(
          (one) => one.descriptors <= 0,
        ),
      }),
      missed: violations({
        [`memory grows: ${JSON.stringify(grown.filter((one) => one.median > growthMax))}`]: grown.every(
          (one) => one.median <= growthMax,
        ),
      }),
    };
  });
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const growth: Experiment = {
  name: 'growth',
  promise:
    '100,000 requests through every example leave no growth (descriptors equal, RSS at most 4 MB more a step, median of four)',
  run: (scale) => run(scaled(100_000, scale, 2_000)),
};

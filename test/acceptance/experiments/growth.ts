/** Two equal loads through every example: descriptors and memory after the second as after the first. */
import { exampleConfiguration, examples } from '../../support/examples.js';
import { findProgram } from '../../support/find-program.js';
import { commandLine, descriptorCount, residentBytes } from '../../support/processes.js';
import { run as runProgram } from '../../support/program.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { pause } from '../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../experiment.js';

const growthBytesMax = 4 * 2 ** 20;
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

async function run(requests: number): Promise<Outcome> {
  let outcome: Outcome | null = null;
  await withSluice({ yaml: exampleConfiguration() }, async (sluice) => {
    const half = Math.ceil(requests / 2);
    const all = examples();
    const round = async (): Promise<void> => {
      for (const example of all) await load(sluice, example.path, half);
    };
    await round();
    const foreign = new Set<number>();
    const names = new Map<number, string>();
    for (const { pool, ours } of all) {
      for (const pid of await sluice.workerPids(pool)) {
        names.set(pid, pool);
        if (!ours) foreign.add(pid);
      }
    }
    const first = await sizes(sluice, foreign);
    await round();
    const second = await sizes(sluice, foreign);
    const grown = [...second].map(([pid, size]) => ({
      process: names.get(pid) ?? role(pid, sluice.pid),
      descriptors: size.descriptors - (first.get(pid)?.descriptors ?? 0),
      rss: size.rss - (first.get(pid)?.rss ?? 0),
    }));
    const worst = Math.max(...grown.map((one) => one.rss)) / 2 ** 20;
    outcome = {
      measured: `${all.length} examples, 2 x ${half} requests each: worst growth ${worst.toFixed(1)} MiB, descriptors ${grown.reduce((sum, one) => sum + Math.max(0, one.descriptors), 0)} more`,
      broken: violations({
        'the same processes all the time': [...second.keys()].every((pid) => first.has(pid)),
        [`descriptors leak: ${JSON.stringify(grown.filter((one) => one.descriptors > 0))}`]: grown.every(
          (one) => one.descriptors <= 0,
        ),
      }),
      missed: violations({
        [`memory grows: ${JSON.stringify(grown.filter((one) => one.rss > growthBytesMax))}`]: grown.every(
          (one) => one.rss <= growthBytesMax,
        ),
      }),
    };
  });
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const growth: Experiment = {
  name: 'growth',
  promise: '100,000 requests through every example leave no growth (descriptors equal, RSS at most 4 MB more)',
  run: (scale) => run(scaled(100_000, scale, 2_000)),
};

/**
 * `npm run bench [-- --only PATTERN --rounds N --seconds N --connections 64,1 --bytes N --json FILE]`:
 * Sluice and the peers that are present, the same app and load, interleaved rounds, medians.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../config/base/errors.js';
import { findProgram } from '../support/find-program.js';
import { repository } from '../support/paths.js';
import { median, measure, medianSample, type Sample } from './measure.js';
import { bareNode, type BenchPath, type RunningPath } from './paths.js';
import { peers } from './peers.js';
import { type BenchResult, commit, machine, type PathResult, renderResult } from './report.js';
import { sluicePaths } from './sluice-paths.js';
import { download, type Transfer, upload } from './transfer.js';

export interface BenchOptions {
  readonly only: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: readonly number[];
  /** Size of the large bodies; 0 = none. */
  readonly bytes: number;
}

interface Started {
  readonly name: string;
  readonly running: RunningPath;
  readonly samples: Map<number, Sample[]>;
  readonly downloads: Transfer[];
  readonly uploads: Transfer[];
}

const notes = [
  'One machine, loopback: the load generator shares the cores with what it measures, so throughput is a lower bound;',
  'CPU per request (user and system time of all processes of a path, from /proc) is the figure to compare.',
  'Access logs: on in Sluice, nginx and Caddy; HAProxy logs only to syslog and runs without, the Node proxies have none.',
  'wrk is closed-loop: its p99 is that of a saturated server, not of one with room.',
];

async function startPaths(wanted: readonly BenchPath[], log: (line: string) => void): Promise<Started[]> {
  const started: Started[] = [];
  for (const path of wanted) {
    if (path.missing !== null) {
      log(`skipped ${path.name}: ${path.missing}`);
      continue;
    }
    try {
      const running = await path.start();
      started.push({ name: path.name, running, samples: new Map(), downloads: [], uploads: [] });
    } catch (error) {
      log(`skipped ${path.name}: ${messageOf(error)}`);
    }
  }
  return started;
}

async function runRounds(started: readonly Started[], options: BenchOptions, log: (line: string) => void) {
  for (const connections of options.connections) {
    for (const path of started) await measure(path.running, connections, 1);
    for (let round = 0; round < options.rounds; round += 1) {
      // Another first one each round: nobody always runs on the cool or the warm machine.
      for (let index = 0; index < started.length; index += 1) {
        const path = started[(index + round) % started.length];
        if (path === undefined) continue;
        const sample = await measure(path.running, connections, options.seconds);
        path.samples.set(connections, [...(path.samples.get(connections) ?? []), sample]);
      }
      log(`${connections} connections: round ${round + 1} of ${options.rounds}`);
    }
  }
}

const bigPaths = /^(bare node|nginx|sluice)/;

async function runTransfers(started: readonly Started[], options: BenchOptions, log: (line: string) => void) {
  if (options.bytes === 0) return;
  const big = started.filter((path) => bigPaths.test(path.name));
  for (let round = 0; round < Math.min(3, options.rounds); round += 1) {
    for (const path of big) {
      path.downloads.push(await download(path.running, options.bytes));
      path.uploads.push(await upload(path.running, options.bytes));
    }
    log(`large bodies: round ${round + 1}`);
  }
}

function medianTransfer(all: readonly Transfer[]): Transfer | null {
  if (all.length === 0) return null;
  return {
    megabytesPerSecond: median(all.map((one) => one.megabytesPerSecond)),
    cpuSecondsPerGigabyte: median(all.map((one) => one.cpuSecondsPerGigabyte)),
    // A promise of flat memory is about the worst round, not the middle one.
    growthBytes: Math.max(...all.map((one) => one.growthBytes)),
  };
}

function resultOf(path: Started): PathResult {
  return {
    name: path.name,
    load: Object.fromEntries([...path.samples].map(([count, samples]) => [String(count), medianSample(samples)])),
    download: medianTransfer(path.downloads),
    upload: medianTransfer(path.uploads),
  };
}

/** Runs everything and always takes it down again. */
export async function bench(options: BenchOptions, log: (line: string) => void): Promise<BenchResult> {
  if (findProgram('wrk') === null) throw new Error('wrk is not installed');
  const pattern = new RegExp(options.only, 'i');
  const started = await startPaths(
    [bareNode, ...sluicePaths, ...peers].filter((path) => pattern.test(path.name)),
    log,
  );
  try {
    await runRounds(started, options, log);
    await runTransfers(started, options, log);
  } finally {
    for (const path of started) {
      await path.running.stop().catch((error: unknown) => log(`${path.name}: ${messageOf(error)}`));
    }
  }
  const { rounds, seconds } = options;
  const paths = started.map(resultOf);
  return { machine: machine(), commit: commit(), node: process.versions.node, rounds, seconds, paths, notes };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '64,1' },
      bytes: { type: 'string', default: '1000000000' },
      json: { type: 'string', default: join(repository, 'dist', 'bench.json') },
    },
  });
  const options: BenchOptions = {
    only: values.only,
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    connections: values.connections.split(',').map(Number),
    bytes: Number(values.bytes),
  };
  const result = await bench(options, (line) => console.error(line));
  writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
  console.log(renderResult(result));
  console.log(`\nJSON: ${values.json}`);
}

if (process.argv[1]?.endsWith('bench/main.js')) await main();

/** One measurement: wrk against a path, with the CPU time and memory of the path's processes around it. */
import { findProgram } from '../support/find-program.js';
import { cpuSeconds, residentBytes } from '../support/processes.js';
import { run } from '../support/program.js';
import type { RunningPath } from './paths.js';

export interface Sample {
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** CPU microseconds per request: of the processes before the app, and of the app. */
  readonly frontUs: number;
  readonly appUs: number;
  readonly rssBytes: number;
  /** Answers that were not 2xx/3xx, and socket errors. */
  readonly errors: number;
}

const unitUs: Readonly<Record<string, number>> = { us: 1, ms: 1_000, s: 1_000_000, m: 60_000_000 };

function latency(output: string, percent: string): number {
  const match = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)`, 'm').exec(output);
  return match === null ? Number.NaN : Number(match[1]) * (unitUs[match[2] ?? ''] ?? Number.NaN);
}

function errorCount(output: string): number {
  const statuses = /Non-2xx or 3xx responses: (\d+)/.exec(output);
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output);
  const numbers = [statuses?.[1], ...(sockets?.slice(1) ?? [])];
  return numbers.reduce((sum, one) => sum + Number(one ?? 0), 0);
}

/** What a load generator tells. */
interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly errors: number;
}

async function generate(program: string, args: readonly string[], seconds: number): Promise<string> {
  const { output, code } = await run(findProgram(program) ?? program, args, { limitMs: seconds * 1000 + 60_000 });
  if (code !== 0) throw new Error(`${program} failed (${code}): ${output}`);
  return output;
}

async function wrk(url: string, connections: number, seconds: number): Promise<Load> {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '10s', url];
  const output = await generate('wrk', args, seconds);
  return {
    requests: Number(/(\d+) requests in/.exec(output)?.[1] ?? 0),
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1] ?? Number.NaN),
    p50Us: latency(output, '50'),
    p99Us: latency(output, '99'),
    errors: errorCount(output),
  };
}

/** h2load tells no percentiles: its mean stands for the median. */
async function h2load(url: string, streams: number, seconds: number): Promise<Load> {
  const output = await generate('h2load', ['-t1', '-c1', `-m${streams}`, `-D${seconds}`, url], seconds);
  const [, succeeded, failed, errored] = /(\d+) succeeded, (\d+) failed, (\d+) errored/.exec(output) ?? [];
  const [, mean, unit] = /^time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)/m.exec(output) ?? [];
  return {
    requests: Number(succeeded ?? 0),
    requestsPerSecond: Number(/([\d.]+) req\/s/.exec(output)?.[1] ?? Number.NaN),
    p50Us: Number(mean) * (unitUs[unit ?? ''] ?? Number.NaN),
    p99Us: Number.NaN,
    errors: Number(failed ?? 0) + Number(errored ?? 0),
  };
}

export async function measure(path: RunningPath, connections: number, seconds: number): Promise<Sample> {
  const front = path.front();
  const app = path.app();
  const url = path.tlsPort === undefined ? `http://127.0.0.1:${path.port}/` : `https://127.0.0.1:${path.tlsPort}/`;
  const before = { front: cpuSeconds(front), app: cpuSeconds(app) };
  const load = await (path.isHttp2 === true ? h2load : wrk)(url, connections, seconds);
  if (load.requests === 0) throw new Error(`no request of ${url} was answered`);
  const perRequest = (cpu: number): number => (cpu * 1_000_000) / load.requests;
  const { requestsPerSecond, p50Us, p99Us, errors } = load;
  return {
    requestsPerSecond,
    p50Us,
    p99Us,
    frontUs: perRequest(cpuSeconds(front) - before.front),
    appUs: perRequest(cpuSeconds(app) - before.app),
    rssBytes: [...front, ...app].reduce((sum, pid) => sum + residentBytes(pid), 0),
    errors,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? high)) / 2;
}

/** The median of every figure over the rounds. */
export function medianSample(samples: readonly Sample[]): Sample {
  const of = (pick: (sample: Sample) => number): number => median(samples.map(pick));
  return {
    requestsPerSecond: of((one) => one.requestsPerSecond),
    p50Us: of((one) => one.p50Us),
    p99Us: of((one) => one.p99Us),
    frontUs: of((one) => one.frontUs),
    appUs: of((one) => one.appUs),
    rssBytes: of((one) => one.rssBytes),
    errors: samples.reduce((sum, one) => sum + one.errors, 0),
  };
}

/** Fault 14: a program that takes requests and never reads them, never answers, or answers a byte now and then. */
import { readFileSync } from 'node:fs';
import { type HostingChoice, hostingModels, outOfProcess } from '../../../support/hosting.js';
import { percentile } from '../../../support/load.js';
import { app } from '../../../support/paths.js';
import { descriptorCount, statusNumber } from '../../../support/processes.js';
import type { Sluice } from '../../../support/sluice.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { fault, type FaultRow, isShort, firstLine, startTraffic, withScene } from './rig.js';

const outside: HostingChoice = { model: 'out-of-process', settings: outOfProcess('index.js') };
/** Connections of the neighbour's traffic, and idle ones to its worker. */
const slack = 24;
/** maxConcurrentRequests: what one worker may have under way. */
const concurrent = 20;

interface Silence {
  readonly name: string;
  readonly choice: HostingChoice;
  /** What the clients ask for, and the body that they send. */
  readonly path: string;
  readonly bodyBytes: number;
  readonly requests: number;
  readonly limitMs: number;
  /** 504 before the head of an answer; behind it the answer is cut, which no client takes for an answer. */
  readonly expected: '504' | 'cut';
}

interface Seen {
  readonly answers: readonly { readonly status: number; readonly words: string; readonly tookMs: number }[];
  /** Connections to the worker at most. */
  readonly toWorker: number;
  /** Descriptors of the listeners after it, beyond those before it. */
  readonly fds: number;
  readonly grownMiB: number;
}

interface Usage {
  readonly fds: number;
  readonly mib: number;
  readonly toWorker: number;
}

/** Established ones of the kernel's table, by their far end. */
function connectionsTo(port: number): number {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')} 01 `;
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .filter((row) => row.includes(end)).length;
}

const usageOf = (pids: readonly number[], port: number): Usage => ({
  toWorker: port === 0 ? 0 : connectionsTo(port),
  fds: pids.reduce((sum, pid) => sum + descriptorCount(pid), 0),
  mib: pids.reduce((sum, pid) => sum + (statusNumber(pid, 'VmRSS') ?? 0) / 1_024, 0),
});

async function ask(sluice: Sluice, one: Silence, port: number): Promise<Seen> {
  const pids = listenerPids(sluice);
  const before = usageOf(pids, port);
  const body = Buffer.alloc(one.bodyBytes);
  const how = { method: one.bodyBytes > 0 ? 'POST' : 'GET', body, limitMs: one.limitMs * 10 + 60_000 };
  const seen: Usage[] = [];
  let isOver = false;
  const watch = (async () => {
    for (; !isOver; await pause(100)) seen.push(usageOf(pids, port));
  })();
  const answers = await Promise.all(
    Array.from({ length: one.requests }, async () => {
      const sentMs = monotonicMs();
      const answer = await sluice.call(one.path, how).catch((error: unknown) => ({ status: 0, text: String(error) }));
      return { status: answer.status, words: firstLine(answer.text), tookMs: monotonicMs() - sentMs };
    }),
  );
  isOver = true;
  await watch;
  await until('the connections are given back', () => usageOf(pids, port).fds <= before.fds + slack, {
    withinMs: 30_000,
  });
  return {
    answers,
    toWorker: Math.max(...seen.map(({ toWorker }) => toWorker)),
    fds: usageOf(pids, port).fds - before.fds,
    grownMiB: Math.round(Math.max(...seen.map(({ mib }) => mib)) - before.mib),
  };
}

async function silence(one: Silence): Promise<FaultRow> {
  let row: FaultRow | null = null;
  const seconds = String(Math.round(one.limitMs / 1_000)).padStart(2, '0');
  const options = {
    choice: one.choice,
    hosting: { requestTimeout: `00:00:${seconds}` },
    pool: { processModel: { maxConcurrentRequests: concurrent } },
    physicalPath: app(one.choice.model === 'in-process' ? 'plain' : 'silent'),
  };
  await withScene(options, async (scene) => {
    const { sluice } = scene;
    const good = one.choice.model === 'in-process' ? '/a/n/good' : '/a/good';
    await sluice.call(good);
    const beside = startTraffic(scene, { get: 0, fresh: 0, post: 0 });
    const port = one.choice.model === 'in-process' ? 0 : Number((await sluice.call('/a/port')).text);
    const seen = await ask(sluice, one, port);
    const { neighbour } = await beside.stop();
    const after = await sluice.call(good);
    const isExpected = ({ status, words }: Seen['answers'][number]): boolean =>
      one.expected === 'cut' ? status === 0 && words.includes('aborted') : status === 504;
    const others = seen.answers.filter((answer) => !isExpected(answer));
    const times = seen.answers.map(({ tookMs }) => tookMs);
    row = {
      name: `${one.name}, ${one.choice.model}`,
      measured: `${one.requests} requests, ${one.requests - others.length} x ${one.expected}, the first after ${Math.round(Math.min(...times))} ms, half after ${Math.round(percentile(times, 0.5))} ms (requestTimeout ${one.limitMs} ms, ${concurrent} at a time); ${port === 0 ? 'one link' : `${seen.toWorker} connections`} to the worker at most, listeners ${seen.grownMiB} MiB larger, ${seen.fds} descriptors more after it; neighbour failed ${neighbour.failed}, p99 ${neighbour.p99Ms} ms`,
      broken: violations({
        [`others: ${others.length} ${others[0]?.status} ${others[0]?.words}`]: others.length === 0,
        [`${seen.toWorker} connections to the worker`]: seen.toWorker <= concurrent + 2,
        [`before its time: ${Math.round(Math.min(...times))} ms`]: Math.min(...times) >= one.limitMs,
        [`the neighbour lost ${neighbour.failed}`]: neighbour.failed === 0,
        [`a good request got ${after.status}`]: after.status === 200,
      }),
      missed: violations({
        [`the first after ${Math.round(Math.min(...times))} ms`]: Math.min(...times) < one.limitMs + 2_000,
        [`listeners grew by ${seen.grownMiB} MiB`]: seen.grownMiB < 60,
      }),
    };
  });
  if (row === null) throw new Error('did not run');
  return row;
}

export const silentWorker = fault(
  'silent',
  'a worker that takes requests and never reads, never answers, or answers a byte now and then: 504 at requestTimeout, its connections stay within the cap, no other pool is slower',
  (scale) => {
    const limitMs = scaled(5_000, scale, 2_000);
    const common = { bodyBytes: 0, requests: scaled(60, scale, 60), limitMs, expected: '504' } as const;
    const never = { ...common, name: 'never answers', path: '/a/never' };
    const rows: Silence[] = [
      ...hostingModels.map((choice) => ({
        ...never,
        choice,
        path: choice.model === 'in-process' ? '/a/hold' : '/a/never',
      })),
      { ...common, choice: outside, name: 'never reads', path: '/a/deaf', bodyBytes: 8_000_000 },
      { ...common, choice: outside, name: 'half a head', path: '/a/half-head' },
      { ...common, choice: outside, name: 'a byte now and then', path: '/a/drip', expected: 'cut' },
    ];
    return rows.filter(({ bodyBytes }) => bodyBytes > 0 || !isShort(scale)).map((one) => () => silence(one));
  },
);

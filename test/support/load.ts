/**
 * Open-loop load: requests leave at a constant rate whatever the answers do, each with a serial number
 * that the app echoes. Latency counts from the intended time of sending; how much later it was sent is told too.
 */
import type { Agent } from 'node:http';
import { codeOf, messageOf } from '../../config/base/errors.js';
import { call, keepAliveAgent, type Target } from './http-client.js';
import { after, monotonicMs } from './time.js';

export interface LoadOptions {
  readonly target: Target;
  readonly host?: string;
  /** Over TLS, asking for this name. */
  readonly servername?: string;
  readonly ratePerSecond: number;
  readonly path: (serial: number) => string;
  readonly method?: string;
  readonly body?: (serial: number) => string;
  /** 0 = a new connection for each request. */
  readonly keepAliveConnections?: number;
  readonly limitMs?: number;
  /** Instead of HTTP/1.1. */
  readonly send?: (path: string) => Promise<{ readonly status: number; readonly text: string }>;
  /** Whether the answer's body belongs to the request; by default nothing is compared. */
  readonly isRight?: (serial: number, text: string) => boolean;
  /** Told of every request as it ends. */
  readonly ended?: (end: RequestEnd) => void;
}

export interface RequestEnd {
  readonly serial: number;
  /** Monotonic ms. */
  readonly sentMs: number;
  readonly endedMs: number;
  readonly isOk: boolean;
  /** 0 = there was no answer. */
  readonly status: number;
  /** Of an answer other than 200 its text, else the error. */
  readonly words: string;
}

export interface LoadReport {
  sent: number;
  ok: number;
  refused: number;
  /** Connection lost before the first byte of an answer. */
  reset: number;
  truncated: number;
  timedOut: number;
  wrong: number;
  readonly byStatus: Map<number, number>;
  readonly latenciesMs: number[];
  /** What of these is the sender's own: it shares the machine, and may get its turn late. */
  readonly sentLateMs: number[];
  /** The first few failures in words. */
  readonly examples: string[];
}

export interface RunningLoad {
  readonly report: LoadReport;
  /** Resolves when every request that is under way now has its end. */
  underWay(): Promise<void>;
  /** Stops sending and waits for the answers that are still out. */
  stop(): Promise<LoadReport>;
}

export function failed(report: LoadReport): number {
  return report.sent - report.ok;
}

export function percentile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
}

export function describeLoad(report: LoadReport): string {
  const statuses = [...report.byStatus].map(([status, count]) => `${status}: ${count}`).join(', ');
  const { sent, ok, refused, reset, truncated, timedOut, wrong } = report;
  return `sent ${sent}, ok ${ok}, refused ${refused}, reset ${reset}, truncated ${truncated}, timed out ${timedOut}, wrong ${wrong}, statuses {${statuses}} ${report.examples.join(' | ')}`;
}

function countFailure(report: LoadReport, serial: number, error: unknown): void {
  const code = codeOf(error);
  const message = messageOf(error);
  if (code === 'ECONNREFUSED') report.refused += 1;
  else if (message.startsWith('no complete answer')) report.timedOut += 1;
  else if (message === 'aborted') report.truncated += 1;
  else report.reset += 1;
  if (report.examples.length < 5) report.examples.push(`#${serial}: ${code} ${message}`);
}

interface Sending {
  readonly serial: number;
  readonly intendedMs: number;
}

async function sendOne(
  options: LoadOptions,
  agent: Agent | null,
  report: LoadReport,
  { serial, intendedMs }: Sending,
): Promise<void> {
  const sentMs = monotonicMs();
  report.sent += 1;
  report.sentLateMs.push(sentMs - intendedMs);
  const ended = (isOk: boolean, status: number, words: string): void =>
    options.ended?.({ serial, sentMs, endedMs: monotonicMs(), isOk, status, words });
  try {
    const path = options.path(serial);
    const answer = await (options.send?.(path) ??
      call(options.target, path, {
        ...(options.method === undefined ? {} : { method: options.method }),
        ...(options.body === undefined ? {} : { body: options.body(serial) }),
        ...(options.host === undefined ? {} : { host: options.host }),
        ...(options.servername === undefined ? {} : { servername: options.servername }),
        ...(agent === null ? {} : { agent }),
        limitMs: options.limitMs ?? 30_000,
      }));
    report.byStatus.set(answer.status, (report.byStatus.get(answer.status) ?? 0) + 1);
    report.latenciesMs.push(monotonicMs() - intendedMs);
    if (answer.status !== 200) {
      if (report.examples.length < 5) report.examples.push(`#${serial}: ${answer.status} ${answer.text.slice(0, 200)}`);
    } else if (options.isRight?.(serial, answer.text) === false) {
      report.wrong += 1;
      if (report.examples.length < 5) report.examples.push(`#${serial}: wrong body ${answer.text.slice(0, 100)}`);
    } else report.ok += 1;
    const isOk = answer.status === 200 && options.isRight?.(serial, answer.text) !== false;
    ended(isOk, answer.status, isOk ? '' : answer.text.slice(0, 1_000));
  } catch (error) {
    countFailure(report, serial, error);
    ended(false, 0, messageOf(error));
  }
}

/** Starts sending at once; the caller stops it. */
export function startLoad(options: LoadOptions): RunningLoad {
  const report: LoadReport = {
    sent: 0,
    ok: 0,
    refused: 0,
    reset: 0,
    truncated: 0,
    timedOut: 0,
    wrong: 0,
    byStatus: new Map(),
    latenciesMs: [],
    sentLateMs: [],
    examples: [],
  };
  const connections = options.keepAliveConnections ?? 0;
  const agent = connections === 0 ? null : keepAliveAgent(connections, options.servername !== undefined);
  const startedMs = monotonicMs();
  const open = new Set<Promise<void>>();
  let serial = 0;
  let cancel = (): void => undefined;
  const turn = (): void => {
    const due = Math.floor(((monotonicMs() - startedMs) / 1000) * options.ratePerSecond);
    for (; serial < due; serial += 1) {
      const intendedMs = startedMs + ((serial + 1) / options.ratePerSecond) * 1_000;
      const one = sendOne(options, agent, report, { serial, intendedMs });
      open.add(one);
      void one.finally(() => open.delete(one));
    }
    cancel = after(5, turn);
  };
  turn();
  return {
    report,
    underWay: async () => {
      await Promise.all(open);
    },
    stop: async () => {
      cancel();
      await Promise.all(open);
      agent?.destroy();
      return report;
    },
  };
}

/** What a tenant that does nothing wrong gets while something happens next door. */
import {
  describeLoad,
  failed,
  type LoadReport,
  percentile,
  type RunningLoad,
  startLoad,
} from '../../../support/load.js';
import type { Sluice } from '../../../support/sluice.js';
import { pause } from '../../../support/time.js';
import { quietHost } from './two-tenants.js';

/** Requests that leave at a constant rate whatever the answers do, over 8 connections. */
export function quietLoad(
  sluice: Sluice,
  ratePerSecond: number,
  limitMs = 30_000,
  protocol: 'http' | 'https' = 'http',
  keepAliveConnections = 8,
): RunningLoad {
  const target = sluice.port;
  return startLoad({
    target,
    host: quietHost,
    ...(protocol === 'https' ? { servername: quietHost } : {}),
    ratePerSecond,
    path: (n) => `/n/${n}`,
    keepAliveConnections,
    limitMs,
  });
}

export interface Window {
  readonly p99Ms: number;
  readonly failed: number;
  readonly words: string;
}

export function windowOf(report: LoadReport): Window {
  return { p99Ms: percentile(report.latenciesMs, 0.99), failed: failed(report), words: describeLoad(report) };
}

/** 300 requests a second for this long. */
export async function quietWindow(
  sluice: Sluice,
  seconds: number,
  protocol: 'http' | 'https' = 'http',
): Promise<Window> {
  const load = quietLoad(sluice, 300, 30_000, protocol);
  await pause(seconds * 1_000);
  return windowOf(await load.stop());
}

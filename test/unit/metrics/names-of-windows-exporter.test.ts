import { spawnSync } from 'node:child_process';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ObituaryView, PoolView, WorkerView } from '../../../pools/supervisor/ports.js';
import { listenerMetrics } from '../../../server/metrics/definitions.js';
import { MetricTotals } from '../../../server/metrics/fold.js';
import { primaryMetrics } from '../../../server/metrics/primary-definitions.js';
import { WindowsMetrics } from '../../../server/primary/windows-metrics.js';
import { testNeeding } from '../../support/needs.js';
import { samplePool } from '../../support/sample-pools.js';

const startedAtMs = 1_700_000_000_000;
const nowMs = startedAtMs + 3_600_000;
const config = samplePool('shop');

let own: MetricTotals;
let windows: WindowsMetrics;

function worker(pid: number, requestsTotal: number): WorkerView {
  const place = { workerId: pid, slot: 1, generation: 1, applicationId: 'main/', hostingModel: 'InProcess' };
  const figures = { inFlight: 2, rssBytes: 0, requestsTotal, heartbeat: null, node: '' };
  return { ...place, ...figures, pid, state: 'running', startedAtMs };
}

function ended(secondsAgo: number, cause: ObituaryView['cause'] = ''): ObituaryView {
  return { atMs: nowMs - secondsAgo * 1_000, cause } as ObituaryView;
}

function pool(more: Partial<PoolView> = {}): PoolView {
  const lists = { applications: [], workers: [], obituaries: [], receipts: [] };
  return { name: 'shop', state: 'Started', stoppedReason: '', restarts: 0, ...lists, ...more };
}

function fill(...pools: readonly PoolView[]): string {
  const poolConfig = (name: string): typeof config | undefined => (name === 'shop' ? config : undefined);
  windows.fill(own, pools, { startedAtMs, nowMs, poolConfig });
  return [...windows.totals.encode()].join('');
}

function requests(site: string, method: string, code: string, count: number): void {
  own.add(listenerMetrics.httpRequests, [site, 'shop', method, code], count);
}

beforeEach(() => {
  own = new MetricTotals();
  windows = new WindowsMetrics();
});

describe('pools', () => {
  test.each([
    ['Starting', 'Initialized'],
    ['Started', 'Running'],
    ['Stopping', 'Shutdown Pending'],
    ['Stopped', 'Disabled'],
  ] as const)('%s is %s, and no other state', (state, shown) => {
    const lines = fill(pool({ state }))
      .split('\n')
      .filter((line) => line.startsWith('windows_iis_current_application_pool_state{'));
    expect(lines).toHaveLength(7);
    expect(lines.filter((line) => line.endsWith(' 1'))).toEqual([
      `windows_iis_current_application_pool_state{app="shop",state="${shown}"} 1`,
    ]);
  });

  test('ends of workers are told apart as WAS does', () => {
    const reasons = {
      exit: 1,
      signal: 2,
      hang: 4,
      'start-failed': 8,
      'startup-timeout': 16,
      'shutdown-timeout': 32,
      idle: 64,
      recycle: 128,
    };
    for (const [reason, count] of Object.entries(reasons)) own.add(primaryMetrics.workerExits, ['shop', reason], count);
    own.add(primaryMetrics.workerStarts, ['shop'], 100);
    own.add(primaryMetrics.poolRecycles, ['shop', 'time'], 3);
    own.add(primaryMetrics.poolRecycles, ['shop', 'memory'], 4);
    const text = fill(pool());
    expect(text).toContain('windows_iis_total_worker_process_failures{app="shop"} 7\n');
    expect(text).toContain('windows_iis_total_worker_process_ping_failures{app="shop"} 4\n');
    expect(text).toContain('windows_iis_total_worker_process_startup_failures{app="shop"} 24\n');
    expect(text).toContain('windows_iis_total_worker_process_shutdown_failures{app="shop"} 32\n');
    expect(text).toContain('windows_iis_total_worker_processes_created{app="shop"} 124\n');
    expect(text).toContain('windows_iis_total_application_pool_recycles{app="shop"} 7\n');
  });

  test('failures are recent within the interval of rapid-fail protection; who was asked to leave has not failed', () => {
    const interval = config.failure.rapidFailProtectionIntervalMs / 1_000;
    const text = fill(pool({ obituaries: [ended(interval + 60), ended(30), ended(20), ended(5, 'time')] }));
    expect(text).toContain('windows_iis_recent_worker_process_failures{app="shop"} 2\n');
    expect(text).toContain('windows_iis_time_since_last_worker_process_failure{app="shop"} 20\n');
  });

  test('workers come and go, the most that were seen stay; start times are those of pool and server', () => {
    expect(fill(pool({ workers: [worker(11, 5), worker(12, 6)] }))).toContain(
      'windows_iis_worker_requests_total{app="shop",pid="12"} 6\n',
    );
    const text = fill(pool({ workers: [worker(12, 7)] }));
    expect(text).toContain('windows_iis_worker_current_requests{app="shop",pid="12"} 2\n');
    expect(text).not.toContain('pid="11"');
    expect(text).toContain('windows_iis_current_worker_processes{app="shop"} 1\n');
    expect(text).toContain('windows_iis_maximum_worker_processes{app="shop"} 2\n');
    expect(text).toContain(`windows_iis_total_application_pool_start_time{app="shop"} ${startedAtMs / 1_000}\n`);
    expect(text).toContain(`windows_iis_current_application_pool_start_time{app="shop"} ${startedAtMs / 1_000}\n`);
    expect(fill()).toBe('');
    // A removed pool leaves nothing behind: this is another one of its name.
    expect(fill(pool({ workers: [worker(13, 0)] }))).toContain('windows_iis_maximum_worker_processes{app="shop"} 1\n');
  });
});

test('sites have requests by method, bytes and their time; queues have their pool as site', () => {
  requests('main', 'GET', '2xx', 5);
  requests('main', 'GET', '4xx', 2);
  requests('main', 'PATCH', '2xx', 1);
  requests('main', 'CONNECT', '2xx', 1);
  own.add(listenerMetrics.httpRequestBytes, ['main', 'shop'], 10);
  own.add(listenerMetrics.httpResponseBytes, ['main', 'shop'], 20);
  own.set(listenerMetrics.queueLength, ['shop'], 3);
  own.add(listenerMetrics.queueRejected, ['shop', 'QueueFull'], 4);
  const text = fill(pool());
  const wanted = [
    'requests_total{site="main",method="GET"} 7',
    'requests_total{site="main",method="other"} 2',
    'received_bytes_total{site="main"} 10',
    'sent_bytes_total{site="main"} 20',
    'service_uptime{site="main"} 3600',
    'http_requests_current_queue_size{site="shop"} 3',
    'http_request_total_rejected_request{site="shop"} 4',
    'http_requests_arrival_rate{site="shop"} 9',
  ];
  for (const line of wanted) expect(text).toContain(`windows_iis_${line}\n`);
});

testNeeding('promtool')('promtool can parse them', () => {
  requests('main', 'GET', '2xx', 5);
  const checked = spawnSync('promtool', ['check', 'metrics'], {
    input: fill(pool({ workers: [worker(1, 1)] })),
    encoding: 'utf8',
  });
  // 3: remarks about names that are not ours to choose.
  expect([0, 3]).toContain(checked.status);
});

/** One server and one Debian Prometheus for all of it: every scrape of the whole file has to be without a remark. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { call } from '../../support/http-client.js';
import { reasonToSkip, testNeeding } from '../../support/needs.js';
import { app } from '../../support/paths.js';
import { Prometheus } from '../../support/prometheus.js';
import { everyExpression } from '../../support/prometheus-files.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

const testScraped = testNeeding('prometheus', 'promtool');
const isHere = reasonToSkip(['prometheus', 'promtool']) === null;
const within = { withinMs: 60_000, everyMs: 100 };

let sluice: Sluice;
let prometheus: Prometheus;

beforeAll(async () => {
  if (!isHere) return;
  sluice = await startSluice({
    server: { metrics: { compatibility: 'windows_exporter' } },
    applicationPools: [
      { name: 'shop', processModel: { maxProcesses: 2 }, failure: { hangDetection: '00:00:00' } },
      { name: 'plain' },
    ],
    applications: [
      { path: '/', applicationPool: 'shop', physicalPath: app('metrics') },
      { path: '/plain', applicationPool: 'plain', physicalPath: app('plain') },
    ],
  });
  prometheus = await Prometheus.start(sluice.adminPort);
}, 120_000);

afterAll(async () => {
  if (!isHere) return;
  await prometheus.stop();
  await sluice.stop();
}, 90_000);

async function order(times: number): Promise<Set<string>> {
  const pids = new Set<string>();
  for (let index = 0; index < times; index += 1) pids.add((await sluice.call('/order')).text.trim());
  return pids;
}

async function becomes(expr: string, is: (value: number) => boolean): Promise<void> {
  let value = Number.NaN;
  const state = (): string => `${expr} is ${value}\n${prometheus.log().slice(-500)}`;
  await until(expr, async () => is((value = await prometheus.value(expr))), { ...within, state });
}

testScraped(
  'it is up and its text is as promtool wants it',
  async () => {
    await order(3);
    await sluice.call('/plain/');
    await becomes('up{job="sluice"}', (value) => value === 1);
    const answer = await call(sluice.adminPort, '/metrics', {
      headers: { accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5' },
    });
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    await becomes('sluice_published_series', (value) => value > 0);
    // The names of windows_exporter break conventions on purpose.
    const input = (await sluice.metrics())
      .split('\n')
      .filter((line) => !line.includes('windows_iis_'))
      .join('\n');
    const checked = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    expect([checked.status, checked.stdout + checked.stderr]).toEqual([0, '']);
  },
  120_000,
);

testScraped(
  'what an application publishes is added up over its workers and outlives them',
  async () => {
    await until(
      'both workers run',
      async () => {
        await order(1);
        return (await sluice.workerPids('shop')).length === 2;
      },
      within,
    );
    const before = 1_000;
    for (let index = 0; index < before / 50; index += 1)
      await Promise.all(Array.from({ length: 50 }, () => sluice.call('/order?kind=toy')));
    const toys = 'orders_total{pool="shop",kind="toy"}';
    await becomes(toys, (value) => value === before);
    await becomes('wait_seconds_bucket{pool="shop",le="1"}', (value) => value >= before);
    const [pid = -1] = await sluice.workerPids('shop');
    process.kill(pid, 'SIGKILL');
    await until(
      'another worker is there',
      async () => {
        const pids = await sluice.workerPids('shop');
        return pids.length === 2 && !pids.includes(pid);
      },
      within,
    );
    await order(2);
    await becomes('sum(sluice_worker_exits_total{pool="shop",reason="signal"})', (value) => value === 1);
    await becomes(toys, (value) => value === before);
  },
  120_000,
);

testScraped(
  'every panel, alert and recorded rule can be computed',
  async () => {
    for (const { at, expr } of everyExpression()) {
      await expect(prometheus.query(expr).then(() => at, String)).resolves.toBe(at);
    }
    await until(
      'every rule was evaluated',
      async () => {
        const rules = await prometheus.rules();
        return rules.length > 20 && rules.every(({ health }) => health === 'ok');
      },
      within,
    );
    await becomes('pool:sluice_http_requests:rate5m{pool="shop"}', (value) => value > 0);
    await becomes('pool:sluice_http_request_duration_seconds:p99_5m{pool="shop"}', (value) => value > 0);
  },
  120_000,
);

testScraped(
  'workers, listeners and the names of windows_exporter have figures',
  async () => {
    const wanted = [
      'sluice_worker_resident_memory_bytes{pool="shop",worker="1"} > 1e7',
      'sluice_worker_cpu_seconds_total{pool="shop",worker="2"} > 0',
      'sluice_worker_open_fds{pool="plain"} > 3',
      'sluice_worker_heap_used_bytes{pool="shop",worker="1"} > 1e6',
      `sluice_worker_info{pool="shop",worker="1",hosting="InProcess",node="${process.version}"}`,
      'sluice_listener_resident_memory_bytes{listener="2"} > 1e7',
      'sluice_listener_eventloop_utilization{listener="1"} >= 0',
      'sum(sluice_connections) >= 0',
      'sluice_queue_limit{pool="shop"} == 1000',
      'sluice_applications{pool="shop",state="ready"} == 1',
      'sluice_ready == 1',
      'sluice_config_version == 1',
      'windows_iis_requests_total{site="main",method="GET"} > 1000',
      'windows_iis_current_application_pool_state{app="shop",state="Running"} == 1',
      'windows_iis_current_worker_processes{app="shop"} == 2',
      'windows_iis_total_worker_process_failures{app="shop"} == 1',
      'sum(windows_iis_worker_requests_total{app="shop"}) > 0',
      'windows_iis_http_requests_current_queue_size{site="shop"} == 0',
    ];
    for (const expr of wanted) await becomes(expr, (value) => !Number.isNaN(value));
  },
  120_000,
);

testScraped(
  'a worker that hangs and an application that lies leave every scrape good',
  async () => {
    await sluice.call('/forge');
    const blocked = sluice.call('/block?ms=4000');
    await becomes('max(sluice_worker_eventloop_lag_seconds{pool="shop"})', (value) => value > 1);
    await becomes('sluice_published_refused_total{pool="shop",reason="reserved-name"}', (value) => value > 0);
    await becomes('orders_sum{pool="shop"}', (value) => value === 1);
    expect(await prometheus.query('sluice_ready')).toHaveLength(1);
    expect(await prometheus.value('sluice_ready')).toBe(1);
    await blocked;
    await until(
      'the newest scrape is good',
      async () => {
        const [target] = await prometheus.targets();
        return target?.health === 'up' && target.lastError === '';
      },
      within,
    );
    const remarks = prometheus.log().split('\n');
    expect(remarks.filter((line) => /level=(?:warn|error)/.test(line))).toEqual([]);
  },
  120_000,
);

/** A pool is recycled while thousands of its clients are slow: they do not hold it up beyond the limit, and the others notice nothing. */
import type { ReceiptView } from '../../../../pools/supervisor/ports.js';
import { call } from '../../../support/http-client.js';
import { type HostingChoice, hostingModels } from '../../../support/hosting.js';
import { describeLoad, failed, percentile, startLoad } from '../../../support/load.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, type Row, scaled, violations } from '../../experiment.js';
import { attackedHost } from '../edge/two-tenants.js';
import { attacked, beginAttack, metric } from './attacked.js';

const limitMs = 10_000;
/** Beyond the limit: the start of the new worker, and the end of the old process. */
const slackMs = 2_000;

async function recycle(sluice: Sluice): Promise<ReceiptView> {
  const known = (await sluice.pool(attackedHost)).receipts.length;
  await call(sluice.adminSocket, `/api/v1/pools/${attackedHost}/recycle`, { method: 'POST' });
  return until('the recycle is accounted for', async () => (await sluice.pool(attackedHost)).receipts[known], {
    withinMs: 120_000,
    everyMs: 100,
  });
}

async function measure(choice: HostingChoice, clients: number, rounds: number): Promise<Row & { missed: string[] }> {
  let row: (Row & { missed: string[] }) | null = null;
  const processModel = { maxConcurrentRequests: 10_000, shutdownTimeLimit: '00:00:10' };
  await withSluice(attacked(choice, { processModel }), async (sluice) => {
    await sluice.call('/', { host: attackedHost });
    const end = beginAttack(sluice, 'slowly', clients);
    const uploads = Math.floor(clients * 0.4);
    await until(
      'many slow requests are in flight',
      async () => (await metric(sluice, 'sluice_http_requests_in_flight')) > uploads,
      {
        withinMs: 60_000,
        everyMs: 200,
      },
    );
    const load = startLoad({
      target: sluice.port,
      host: attackedHost,
      ratePerSecond: 100,
      keepAliveConnections: 16,
      path: () => '/',
    });
    const fresh = startLoad({ target: sluice.port, host: attackedHost, ratePerSecond: 20, path: () => '/' });
    const receipts: ReceiptView[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await pause(2_000);
      receipts.push(await recycle(sluice));
    }
    const reports = [await load.stop(), await fresh.stop()];
    await end();
    row = judge(choice, receipts, {
      lost: reports.reduce((sum, report) => sum + failed(report), 0),
      sent: reports.reduce((sum, { sent }) => sum + sent, 0),
      p99Ms: percentile(
        reports.flatMap(({ latenciesMs }) => latenciesMs),
        0.99,
      ),
      words: reports.map(describeLoad).join('; '),
      clients,
    });
  });
  return row ?? { name: choice.model, measured: 'nothing', broken: ['did not run'], missed: [] };
}

interface Healthy {
  readonly lost: number;
  readonly sent: number;
  readonly p99Ms: number;
  readonly words: string;
  readonly clients: number;
}

function judge(
  { model }: HostingChoice,
  receipts: readonly ReceiptView[],
  healthy: Healthy,
): Row & { missed: string[] } {
  const longest = Math.max(...receipts.map(({ durationMs }) => durationMs));
  const slow = receipts.map(({ requests }) => requests.inFlight);
  const cut = receipts.map(({ requests }) => requests.cut);
  return {
    name: model,
    measured: `${receipts.length} recycles with ${healthy.clients} slow clients (${slow.join(', ')} requests in flight, ${cut.join(', ')} cut at the limit of 10 s): the longest took ${(longest / 1_000).toFixed(1)} s; ${healthy.lost} of ${healthy.sent} healthy requests lost, p99 ${healthy.p99Ms.toFixed(0)} ms`,
    broken: violations({
      [`${model}: ${healthy.words}`]: healthy.lost === 0,
      [`${model}: a recycle failed`]: receipts.every(({ outcome }) => outcome === 'done'),
      [`${model}: no slow request was in flight`]: slow.every((count) => count > 0),
    }),
    missed: violations({ [`${model}: ${Math.round(longest)} ms`]: longest <= limitMs + slackMs }),
  };
}

async function run(clients: number, rounds: number): Promise<Outcome> {
  const rows: (Row & { missed: string[] })[] = [];
  for (const choice of hostingModels) rows.push(await measure(choice, clients, rounds));
  return {
    measured: rows.map(({ name, measured }) => `${name}: ${measured}`).join('; '),
    broken: rows.flatMap(({ broken }) => broken),
    missed: rows.flatMap(({ missed }) => missed),
  };
}

export const slowRecycle: Experiment = {
  name: 'slow-recycle',
  promise: 'recycling with 5,000 slow clients: 0 healthy requests lost, and shutdownTimeLimit holds',
  run: (scale) => run(scaled(5_000, scale, 200), scaled(4, scale, 1)),
};

/** Clients that go away at any point of a request: nothing of them stays, and what they asked for is cancelled. */
import { type HostingChoice, hostingModels } from '../../../support/hosting.js';
import { describeLoad, failed, percentile, startLoad } from '../../../support/load.js';
import { descriptorCount, residentBytes } from '../../../support/processes.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, type Row, scaled, violations } from '../../experiment.js';
import { attackedHost, quietHost } from '../edge/two-tenants.js';
import { listenerPids } from '../kill-listeners.js';
import { attacked, beginAttack, metric } from './attacked.js';

const growthMiB = 16;

interface Seen {
  readonly descriptors: string;
  readonly rssMiB: number;
}

function look(pids: readonly number[]): Seen {
  return {
    descriptors: pids.map(descriptorCount).join(', '),
    rssMiB: pids.reduce((sum, pid) => sum + residentBytes(pid), 0) / 2 ** 20,
  };
}

interface AppState {
  readonly inFlight: number;
  readonly aborted: number;
}

async function stateOf(sluice: Sluice): Promise<AppState> {
  return JSON.parse((await sluice.call('/state', { host: attackedHost })).text) as AppState;
}

/** Everything that counts requests says that there are none, and nobody holds a descriptor more than before. */
async function isCalm(sluice: Sluice, pids: readonly number[], before: Seen): Promise<string> {
  const counts = {
    'in flight': await metric(sluice, 'sluice_http_requests_in_flight'),
    queued: await metric(sluice, 'sluice_queue_length'),
    tunnels: await metric(sluice, 'sluice_websockets_active'),
    connections: await metric(sluice, 'sluice_connections'),
  };
  const left = Object.entries(counts).filter(([, count]) => count !== 0);
  if (left.length > 0) return left.map(([name, count]) => `${count} ${name}`).join(', ');
  const { descriptors } = look(pids);
  return descriptors === before.descriptors ? '' : `descriptors ${descriptors}, before ${before.descriptors}`;
}

/** @returns '' or what did not come back. */
async function settled(sluice: Sluice, pids: readonly number[], before: Seen): Promise<string> {
  let left = '';
  try {
    await until('all is as before', async () => (left = await isCalm(sluice, pids, before)) === '', {
      withinMs: 60_000,
      everyMs: 500,
    });
    const { inFlight } = await stateOf(sluice);
    // The one that asks.
    return inFlight === 1 ? '' : `${inFlight - 1} requests run on in the app`;
  } catch {
    return left;
  }
}

async function measure(choice: HostingChoice, clients: number, seconds: number): Promise<Row & { missed: string[] }> {
  let row: (Row & { missed: string[] }) | null = null;
  // Few at a time, so that many wait in the queue when their clients go.
  await withSluice(attacked(choice, { processModel: { maxConcurrentRequests: 64 } }), async (sluice) => {
    for (const host of [attackedHost, quietHost]) await sluice.call('/', { host });
    const storm = async (ms: number): Promise<void> => {
      const end = beginAttack(sluice, 'aborts', clients);
      await pause(ms);
      await end();
    };
    const workers = [...(await sluice.workerPids(attackedHost)), ...(await sluice.workerPids(quietHost))];
    const pids = [...listenerPids(sluice), ...workers];
    await pause(6_000);
    const before = look(pids);
    const load = startLoad({ target: sluice.port, host: quietHost, ratePerSecond: 50, path: () => '/' });
    await storm((seconds * 1_000) / 2);
    const first = await settledRss();
    await storm((seconds * 1_000) / 2);
    const report = await load.stop();
    const left = await settled(sluice, pids, before);
    const { aborted } = await stateOf(sluice);
    const grown = look(pids).rssMiB - first;
    const same = (await sluice.workerPids(attackedHost)).every((pid) => pids.includes(pid));
    row = {
      name: choice.model,
      measured: `${clients} clients for ${seconds} s: ${aborted} requests cancelled in the app, the quiet site lost ${failed(report)} of ${report.sent} (p99 ${percentile(report.latenciesMs, 0.99).toFixed(0)} ms); afterwards descriptors ${before.descriptors} as before, nothing in flight or queued; memory after the second half ${grown.toFixed(1)} MiB more than after the first`,
      broken: violations({
        [`${choice.model}: left behind: ${left}`]: left === '',
        [`${choice.model}: nothing was cancelled in the app`]: aborted > 0,
        [`${choice.model}: the worker was replaced`]: same,
        [`${choice.model}: ${describeLoad(report)}`]: failed(report) === 0,
      }),
      missed: violations({ [`${choice.model}: memory grew by ${grown.toFixed(1)} MiB`]: grown <= growthMiB }),
    };

    async function settledRss(): Promise<number> {
      await pause(5_000);
      return look(pids).rssMiB;
    }
  });
  return row ?? { name: choice.model, measured: 'nothing', broken: ['did not run'], missed: [] };
}

async function run(clients: number, seconds: number): Promise<Outcome> {
  const rows: (Row & { missed: string[] })[] = [];
  for (const choice of hostingModels) rows.push(await measure(choice, clients, seconds));
  return {
    measured: rows.map(({ name, measured }) => `${name}: ${measured}`).join('; '),
    broken: rows.flatMap(({ broken }) => broken),
    missed: rows.flatMap(({ missed }) => missed),
  };
}

export const abortingClients: Experiment = {
  name: 'aborting-clients',
  promise:
    '5,000 clients that abort at random points for 60 s: descriptors, memory, worker requests and queue come back to the base line, aborted requests are cancelled',
  run: (scale) => run(scaled(5_000, scale, 200), scaled(60, scale, 6)),
};

/** New versions that do not start: the old one serves on, and log, receipt and API say so. */
import type { PoolView } from '../../../../pools/supervisor/ports.js';
import { describeLoad, failed, type LoadReport, startLoad } from '../../../support/load.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, type Row, scaled, violations } from '../../experiment.js';
import { bothPools, editionApp, MortalServer, pathOf } from './mortal-server.js';

/** What a new version does instead of serving. */
const faults = {
  'throws at start': 'throw',
  'ends at start': 'exit',
  'never listens': 'sleep',
} as const;

const source = `
const fault = process.env.FAULT;
if (fault === 'throw') throw new Error('this version is broken');
else if (fault === 'exit') process.exit(3);
else if (fault === 'sleep') setInterval(() => undefined, 1_000);
else {${editionApp}}
`;

const loadPerPool = 50;

/** Pids of the workers that serve, one of each pool. */
function serving(pools: readonly PoolView[]): number[] {
  return pools.map(({ workers }) => workers.find(({ state }) => state === 'running')?.pid ?? 0);
}

function changes(server: MortalServer): number {
  return server.life.output().split('configuration-applied').length;
}

async function oneFault(server: MortalServer, name: keyof typeof faults, order: 'config' | 'recycle'): Promise<Row> {
  const before = await server.life.pools();
  const receipts = before.map((pool) => pool.receipts.length);
  const variables = [
    { name: 'EDITION', value: '1' },
    { name: 'FAULT', value: faults[name] },
  ];
  const applied = changes(server);
  server.edit((pool) => {
    pool['environmentVariables'] = variables;
    // The change itself recycles; with this it only takes effect at the next order.
    pool['recycling'] = { disallowRotationOnConfigChange: order === 'recycle' };
  });
  if (order === 'recycle') {
    await until('the change is applied', () => changes(server) > applied, { withinMs: 60_000 });
    for (const pool of bothPools) server.order('recycle', pool);
  }
  const after = await until(
    'both receipts',
    async () => {
      const now = await server.life.pools();
      return now.every((pool, index) => pool.receipts.length > (receipts[index] ?? 0)) ? now : null;
    },
    { withinMs: 90_000 },
  );
  const last = after.map((pool) => pool.receipts.at(-1));
  return {
    name: `${name}, by ${order === 'config' ? 'changed configuration' : 'order'}`,
    measured: last.map((receipt) => `${receipt?.kind} ${receipt?.outcome} after ${receipt?.durationMs} ms`).join(', '),
    broken: violations({
      [`workers changed: ${serving(before).join(', ')} -> ${serving(after).join(', ')}`]:
        serving(before).join() === serving(after).join(),
      [`the receipts say ${last.map((receipt) => receipt?.outcome).join()}`]: last.every(
        (receipt) => receipt?.outcome === 'failed',
      ),
      'the log says that the old one serves': /recycle-failed/.test(server.life.output()),
    }),
  };
}

async function repaired(server: MortalServer): Promise<Row> {
  const before = serving(await server.life.pools());
  server.change((pool) => delete pool['recycling']);
  await server.serves();
  const after = await until('new workers alone serve', async () => {
    const now = serving(await server.life.pools());
    return now.every((pid, index) => pid !== 0 && pid !== before[index]) ? now : null;
  });
  return { name: 'repaired', measured: `${before.join(', ')} -> ${after.join(', ')}`, broken: [] };
}

async function run(scale: number): Promise<Outcome> {
  const server = new MortalServer({ source, hosting: { startupTimeLimit: scale < 1 ? 60 : 5 } });
  const rows: Row[] = [];
  let reports: readonly LoadReport[] = [];
  try {
    await server.start();
    await server.serves();
    const loads = bothPools.map((pool) =>
      startLoad({
        target: server.life.port,
        ratePerSecond: loadPerPool,
        path: () => pathOf(pool),
        keepAliveConnections: 16,
        isRight: (_serial, text) => text.startsWith('edition '),
      }),
    );
    const names = Object.keys(faults) as (keyof typeof faults)[];
    for (const name of scale < 1 ? names.slice(0, 1) : names) {
      for (const order of scale < 1 ? (['config'] as const) : (['config', 'recycle'] as const)) {
        rows.push(await oneFault(server, name, order));
        await pause(scaled(2_000, scale, 200));
        rows.push(await repaired(server));
      }
    }
    reports = await Promise.all(loads.map((load) => load.stop()));
  } finally {
    await server.kill();
  }
  const lost = reports.reduce((sum, report) => sum + failed(report), 0);
  return {
    measured: `${rows.length / 2} new versions that do not start: ${lost} of ${reports.reduce((sum, { sent }) => sum + sent, 0)} requests failed; ${rows.map(({ name, measured }) => `${name}: ${measured}`).join('; ')}`,
    broken: [
      ...violations({ [`lost: ${reports.map(describeLoad).join('; ')}`]: lost === 0 }),
      ...rows.flatMap(({ name, broken }) => broken.map((one) => `${name}: ${one}`)),
    ],
    missed: [],
    rows,
  };
}

export const failedRecycles: Experiment = {
  name: 'failed-recycles',
  promise:
    'new versions that throw, end or never listen, under load: 0 requests lost, the old worker serves on, and receipt and log say that the recycle failed',
  run,
};

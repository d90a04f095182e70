/** The primary is replaced under load, again and again: HTTP/1.1, HTTP/2 and tunnels go on. */
import { startMix } from '../../../support/mixed-load.js';
import { isAlive } from '../../../support/processes.js';
import { pause, until } from '../../../support/time.js';
import { UpgradedServer } from '../../../support/upgraded-server.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';

interface Scale {
  readonly upgrades: number;
  readonly rate: number;
  readonly tunnels: number;
  readonly restMs: number;
}

async function run({ upgrades, rate, tunnels: count, restMs }: Scale): Promise<Outcome> {
  const server = await UpgradedServer.start();
  const broken: string[] = [];
  const tookMs: number[] = [];
  try {
    const mixes = [
      startMix(server.sluice.port, rate * 0.6, true),
      startMix(server.sluice.port, rate * 0.4, true, '/out/'),
    ];
    await until('both are under load', () => mixes.every((mix) => mix.sent() > 30));
    let kept = 0;
    for (let turn = 1; turn <= upgrades; turn++) {
      const tunnels = await server.tunnels(count);
      const before = await server.primary();
      const startedMs = performance.now();
      const { code, output } = await server.upgrade();
      tookMs.push(performance.now() - startedMs);
      const now = await server.primary();
      broken.push(
        ...violations({ [`upgrade ${turn}: ${output}`]: code === 0 && now !== before && server.lockOwner() === now }),
      );
      await pause(restMs);
      const left = await tunnels.echo(`after upgrade ${turn}`);
      kept += left;
      broken.push(
        ...violations({ [`upgrade ${turn}: ${count - left} tunnels cut`]: left === count && isAlive(before) }),
      );
      tunnels.close();
      await until('the old primary ends', () => !isAlive(before), { withinMs: 90_000 });
    }
    const reports = await Promise.all(mixes.map((mix) => mix.stop()));
    const [sent, failed] = [sum(reports.map((one) => one.sent)), sum(reports.map((one) => one.failed))];
    broken.push(...reports.map(({ failures }) => failures).filter((text) => text !== ''));
    return {
      measured: `${upgrades} upgrades, ${Math.round(Math.max(...tookMs))} ms at most until the new primary answers: ${failed} failed of ${sent} requests (${reports.map(({ words }) => words).join('; ')}), p99 ${Math.max(...reports.map(({ p99Ms }) => p99Ms))} ms; ${kept} of ${upgrades * count} tunnels alive ${restMs / 1_000} s later`,
      broken: broken.length === 0 ? [] : [...broken, server.sluice.output().slice(-4_000)],
      missed: [],
    };
  } finally {
    await server.end();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}

export const upgradesExperiment: Experiment = {
  name: 'upgrades',
  promise:
    'the primary replaced under load, with 1,000 WebSockets and HTTP/2 streams: 0 requests lost, tunnels live until the limit',
  run: (scale) =>
    run({
      upgrades: scaled(5, scale, 1),
      rate: scaled(500, scale, 100),
      tunnels: scaled(1_000, scale, 20),
      restMs: scaled(10_000, scale, 2_000),
    }),
};

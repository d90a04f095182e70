/** What one tenant's hostile clients cost the clients of another tenant. */
import { join } from 'node:path';
import { failed, percentile, startLoad } from '../../../support/load.js';
import { app } from '../../../support/paths.js';
import { residentBytes } from '../../../support/processes.js';
import { startProgram } from '../../../support/program.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { attackedHost, quietHost, twoTenants } from './two-tenants.js';

type Kind = 'giant-headers' | 'one-byte-chunks' | 'bad-requests' | 'slow-clients' | 'idle';

/** Starts the clients in a process of their own. @returns how to end them. */
function begin(sluice: Sluice, kind: Kind, connections: number): () => Promise<unknown> {
  const args = [join(app('attacker'), 'index.js'), String(sluice.port), kind, String(connections)];
  const attacker = startProgram(process.execPath, args);
  return () => attacker.stop('SIGKILL');
}

async function p99(sluice: Sluice, seconds: number): Promise<{ ms: number; failed: number }> {
  const load = startLoad({
    target: sluice.port,
    host: quietHost,
    ratePerSecond: 100,
    path: () => '/',
    keepAliveConnections: 8,
  });
  await pause(seconds * 1_000);
  const report = await load.stop();
  return { ms: percentile(report.latenciesMs, 0.99), failed: failed(report) };
}

function attacks(slow: number): readonly (readonly [Kind, number])[] {
  return [
    ['giant-headers', 4],
    ['one-byte-chunks', 4],
    ['bad-requests', 4],
    ['slow-clients', slow],
  ];
}

async function run(slow: number, seconds: number): Promise<Outcome> {
  const measured: string[] = [];
  const broken: string[] = [];
  const missed: string[] = [];
  await withSluice(twoTenants(), async (sluice) => {
    for (const host of [attackedHost, quietHost]) await sluice.call('/', { host });
    await p99(sluice, 2);
    for (const [kind, connections] of attacks(slow)) {
      const name = `${connections} x ${kind}`;
      const quiet = await p99(sluice, seconds);
      const end = begin(sluice, kind, connections);
      const attacked = await p99(sluice, seconds);
      await end();
      await pause(500);
      const bound = Math.max(1.2 * quiet.ms, quiet.ms + 5);
      measured.push(`${name}: p99 ${quiet.ms.toFixed(1)} -> ${attacked.ms.toFixed(1)} ms, ${attacked.failed} failed`);
      broken.push(...violations({ [`${name}: ${attacked.failed} failed`]: attacked.failed === 0 }));
      missed.push(...violations({ [`${name}: p99 over ${bound.toFixed(1)} ms`]: attacked.ms <= bound }));
    }
  });
  return { measured: measured.join('; '), broken, missed };
}

export const fairness: Experiment = {
  name: 'fairness',
  promise:
    'giant headers, tiny chunks, bad requests and 10,000 slow clients of one tenant leave another one’s p99 within 5 ms or a fifth',
  run: (scale) => run(scaled(10_000, scale, 500), scaled(20, scale, 2)),
};

async function idle(connections: number): Promise<Outcome> {
  let outcome: Outcome | null = null;
  await withSluice(twoTenants(), async (sluice) => {
    await sluice.call('/', { host: quietHost });
    const rss = (): number => listenerPids(sluice).reduce((sum, pid) => sum + residentBytes(pid), 0);
    const before = rss();
    const end = begin(sluice, 'idle', connections);
    await until('all are connected', async () => {
      const text = await sluice.metrics();
      return Number(/sluice_connections\{[^}]*state="idle"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0) >= connections;
    });
    const grown = rss() - before;
    await end();
    outcome = {
      measured: `${connections} idle clients: listeners ${(grown / 2 ** 20).toFixed(1)} MB larger, ${Math.round(grown / connections)} bytes each`,
      broken: [],
      missed: violations({ 'more than 10 kB for each': grown / connections < 10_240 }),
    };
  });
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const idleClients: Experiment = {
  name: 'idle-clients',
  promise: 'memory of the listeners for 10,000 idle clients: below 10 kB each',
  run: (scale) => idle(scaled(10_000, scale, 500)),
};

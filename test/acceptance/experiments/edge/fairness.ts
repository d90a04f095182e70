/** What one tenant's hostile clients cost the clients of another tenant. */
import { percentile } from '../../../support/load.js';
import { residentBytes } from '../../../support/processes.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { type AttackKind, beginAttack } from './attackers.js';
import { quietWindow, type Window } from './quiet-tenant.js';
import { attackedHost, attackedLimits, quietHost, twoTenants } from './two-tenants.js';

type Protocol = 'http' | 'https';
type Attack = readonly [kind: AttackKind, connections: number];

function attacks(slow: number): readonly Attack[] {
  return [
    ['flood', 64],
    ['giant-headers', 4],
    ['slow-clients', slow],
  ];
}

/** Of clients that speak TLS, or do not get as far. */
function attacksOverTls(slow: number): readonly Attack[] {
  return [
    ['flood', 64],
    ['come-and-go', 64],
    ['silent', slow],
    ['slow-clients', slow],
  ];
}

function medianP99(windows: readonly Window[]): number {
  return percentile(
    windows.map(({ p99Ms }) => p99Ms),
    0.5,
  );
}

/** Quiet and attacked windows take turns: what else happens on the machine hits both. */
async function compare(
  sluice: Sluice,
  [kind, connections]: Attack,
  protocol: Protocol,
  rounds: number,
  seconds: number,
): Promise<Outcome> {
  const quiet: Window[] = [];
  const attacked: Window[] = [];
  for (let round = 0; round < rounds; round++) {
    quiet.push(await quietWindow(sluice, seconds, protocol));
    const end = beginAttack(sluice, kind, connections, protocol);
    // The clients need a moment to connect.
    await pause(500);
    attacked.push(await quietWindow(sluice, seconds, protocol));
    await end();
    await pause(500);
  }
  const [before, during] = [medianP99(quiet), medianP99(attacked)];
  const bound = Math.max(1.2 * before, before + 5);
  const lost = [...quiet, ...attacked].filter((one) => one.failed > 0);
  const name = `${connections} x ${kind}`;
  return {
    measured: `${name}: p99 ${before.toFixed(1)} -> ${during.toFixed(1)} ms`,
    broken: lost.map(({ words }) => `${name}: ${words}`),
    missed: violations({ [`${name}: p99 ${during.toFixed(1)} ms, over ${bound.toFixed(1)} ms`]: during <= bound }),
  };
}

async function run(all: readonly Attack[], protocol: Protocol, rounds: number, seconds: number): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  await withSluice(twoTenants({}, attackedLimits, protocol), async (sluice) => {
    for (const host of [attackedHost, quietHost]) {
      await sluice.call('/', { host, ...(protocol === 'https' ? { servername: host } : {}) });
    }
    await quietWindow(sluice, 2, protocol);
    for (const attack of all) outcomes.push(await compare(sluice, attack, protocol, rounds, seconds));
  });
  return {
    measured: `300 requests a second, median of ${rounds}: ${outcomes.map(({ measured }) => measured).join('; ')}`,
    broken: outcomes.flatMap(({ broken }) => broken),
    missed: outcomes.flatMap(({ missed }) => missed),
  };
}

export const fairness: Experiment = {
  name: 'fairness',
  promise:
    'a flood, giant headers and 10,000 slow clients of one tenant leave another one’s p99 within 5 ms or a fifth, 0 failed',
  run: (scale) => run(attacks(scaled(10_000, scale, 500)), 'http', scaled(3, scale, 1), scaled(60, scale, 2)),
};

export const fairnessOverTls: Experiment = {
  name: 'fairness-tls',
  promise:
    'over TLS a flood of requests or handshakes and thousands of silent or slow clients of one tenant leave another one’s p99 within 5 ms or a fifth, 0 failed',
  run: (scale) => run(attacksOverTls(scaled(4_000, scale, 200)), 'https', scaled(3, scale, 1), scaled(45, scale, 2)),
};

async function idle(connections: number): Promise<Outcome> {
  let outcome: Outcome | null = null;
  await withSluice(twoTenants(), async (sluice) => {
    await sluice.call('/', { host: quietHost });
    const rss = (): number => listenerPids(sluice).reduce((sum, pid) => sum + residentBytes(pid), 0);
    const before = rss();
    const end = beginAttack(sluice, 'idle', connections);
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

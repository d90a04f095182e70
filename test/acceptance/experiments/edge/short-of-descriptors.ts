/** Listeners that get no descriptor for a new connection: their own limit, or the kernel's refusal. */
import { findProgram } from '../../../support/find-program.js';
import { cpuSeconds } from '../../../support/processes.js';
import { startProgram } from '../../../support/program.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { beginAttack } from './attackers.js';
import { quietLoad, windowOf } from './quiet-tenant.js';
import { quietHost, twoTenants } from './two-tenants.js';

const openFiles = 1_000;
/** What a connection may cost that is accepted, closed to make room, and comes again at once. */
const cpuSecondsPerConnection = 0.000_5;
/** Of one processor, for all listeners together, beyond that: each that spins uses one. What strace stops is in it. */
const spinShareMax = 0.8;

type Protocol = 'http' | 'https';

interface Shortage {
  readonly name: string;
  readonly lost: string;
  /** Of one processor, what all listeners together used. */
  readonly cpuShare: number;
  readonly accepted: number;
  /** Of that share, what no accepted connection explains. */
  readonly spinShare: number;
  /** From the end of the shortage to the first answer on a new connection. */
  readonly backMs: number;
}

/** Connections that were there before are asked all the time. */
async function during(
  sluice: Sluice,
  name: string,
  seconds: number,
  protocol: Protocol,
  begin: () => Promise<() => Promise<unknown>>,
): Promise<Shortage> {
  // Each has one connection, made now: one that it would open later is a new one, and may be refused.
  const loads = Array.from({ length: 4 }, () => quietLoad(sluice, 12, 30_000, protocol, 1));
  await pause(500);
  const pids = listenerPids(sluice);
  const end = await begin();
  const before = { cpu: cpuSeconds(pids), accepted: await acceptedBy(sluice) };
  const startedMs = monotonicMs();
  await pause(seconds * 1_000);
  const used = cpuSeconds(pids) - before.cpu;
  const elapsed = (monotonicMs() - startedMs) / 1_000;
  const accepted = (await acceptedBy(sluice)) - before.accepted;
  await end();
  const endedMs = monotonicMs();
  await until('a new connection is served', async () => {
    const how = { host: quietHost, limitMs: 2_000, ...nameOf(protocol) };
    const answer = await sluice.call('/', how).catch(() => null);
    return answer?.status === 200;
  });
  const backMs = monotonicMs() - endedMs;
  const windows = (await Promise.all(loads.map((load) => load.stop()))).map((report) => windowOf(report));
  const lost = windows.filter(({ failed }) => failed > 0).map(({ words }) => words);
  const deaths = sluice
    .output()
    .split('\n')
    .filter((line) => line.includes('listener-died'));
  const [cpuShare, spinShare] = [used / elapsed, (used - accepted * cpuSecondsPerConnection) / elapsed];
  return {
    name,
    lost: [...lost, ...deaths].join('; '),
    cpuShare,
    accepted,
    spinShare,
    backMs,
  };
}

function nameOf(protocol: Protocol): { readonly servername?: string } {
  return protocol === 'https' ? { servername: quietHost } : {};
}

async function acceptedBy(sluice: Sluice): Promise<number> {
  return Number(/^sluice_connections_accepted_total (\d+)/m.exec(await sluice.metrics())?.[1] ?? 0);
}

/** Every accept of the listeners fails with this error. */
function injecting(sluice: Sluice, error: string): () => Promise<() => Promise<unknown>> {
  return async () => {
    const pids = listenerPids(sluice).flatMap((pid) => ['-p', String(pid)]);
    const inject = ['-e', 'trace=accept4', '-e', `inject=accept4:error=${error}`];
    const strace = startProgram('strace', ['-f', '-qq', '-o', '/dev/null', ...inject, ...pids]);
    await pause(300);
    // Somebody has to knock: a listener that accepts nothing fails at nothing.
    const knock = beginAttack(sluice, 'idle', 20);
    return async () => {
      await knock();
      await strace.stop('SIGINT');
    };
  };
}

/** Four clients for every descriptor: with a request each and then idle, or without a byte of a handshake. */
async function outOfDescriptors(seconds: number, protocol: Protocol): Promise<Shortage> {
  const through = ['/bin/sh', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh'] as const;
  const clients = 4 * openFiles;
  const kind = protocol === 'http' ? 'idle' : 'silent';
  const found: Shortage[] = [];
  await withSluice({ ...twoTenants({}, {}, protocol), through }, async (sluice) => {
    await sluice.call('/', { host: quietHost, ...nameOf(protocol) });
    const name = `${protocol}: ${clients} ${kind} clients, ${openFiles} descriptors (EMFILE)`;
    const begin = (): Promise<() => Promise<unknown>> => Promise.resolve(beginAttack(sluice, kind, clients, protocol));
    found.push(await during(sluice, name, seconds, protocol, begin));
  });
  const [shortage] = found;
  if (shortage === undefined) throw new Error('nothing was measured');
  return shortage;
}

async function run(seconds: number): Promise<Outcome> {
  const found = [await outOfDescriptors(seconds, 'http'), await outOfDescriptors(seconds, 'https')];
  const canInject = findProgram('strace') !== null;
  if (canInject) {
    for (const protocol of ['http', 'https'] as const) {
      await withSluice(twoTenants({}, {}, protocol), async (sluice) => {
        await sluice.call('/', { host: quietHost, ...nameOf(protocol) });
        for (const error of ['ENFILE', 'ENOMEM']) {
          found.push(await during(sluice, `${protocol}: ${error}`, seconds, protocol, injecting(sluice, error)));
        }
      });
    }
  }
  return {
    measured: `${found.map(words).join('; ')}${canInject ? '' : '; strace is not installed: ENFILE and ENOMEM were not measured'}; connections that were there lost nothing`,
    broken: found.flatMap(({ name, lost }) => (lost === '' ? [] : [`${name}: ${lost}`])),
    missed: found.flatMap(({ name, backMs, spinShare }) =>
      violations({
        [`${name}: back after ${Math.round(backMs)} ms`]: backMs < 3_000,
        [`${name}: ${Math.round(spinShare * 100)} % of a processor for nothing`]: spinShare <= spinShareMax,
      }),
    ),
  };
}

function words({ name, cpuShare, accepted, backMs }: Shortage): string {
  return `${name}: listeners use ${Math.round(cpuShare * 100)} % of a processor and accept ${accepted} connections, a new one is served ${Math.round(backMs)} ms after it`;
}

export const shortOfDescriptors: Experiment = {
  name: 'short-of-descriptors',
  promise:
    'EMFILE, ENFILE and ENOMEM at accept, with and without TLS: established connections lose 0 requests, no listener spins, and new connections are served again',
  run: (scale) => run(scaled(30, scale, 2)),
};

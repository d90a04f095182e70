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

interface Shortage {
  readonly name: string;
  readonly lost: string;
  /** Of one processor, what all listeners together used. */
  readonly cpuShare: number;
  /** From the end of the shortage to the first answer on a new connection. */
  readonly backMs: number;
}

/** Connections that were there before are asked all the time. */
async function during(
  sluice: Sluice,
  name: string,
  seconds: number,
  begin: () => Promise<() => Promise<unknown>>,
): Promise<Shortage> {
  const load = quietLoad(sluice, 50);
  await pause(500);
  const pids = listenerPids(sluice);
  const end = await begin();
  const before = cpuSeconds(pids);
  const startedMs = monotonicMs();
  await pause(seconds * 1_000);
  const cpuShare = (cpuSeconds(pids) - before) / ((monotonicMs() - startedMs) / 1_000);
  await end();
  const endedMs = monotonicMs();
  await until('a new connection is served', async () => {
    const answer = await sluice.call('/', { host: quietHost, limitMs: 2_000 }).catch(() => null);
    return answer?.status === 200;
  });
  const backMs = monotonicMs() - endedMs;
  const { failed, words } = windowOf(await load.stop());
  return { name, lost: failed === 0 ? '' : words, cpuShare, backMs };
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

async function run(seconds: number): Promise<Outcome> {
  const found: Shortage[] = [];
  const through = ['/bin/sh', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh'] as const;
  await withSluice({ ...twoTenants(), through }, async (sluice) => {
    await sluice.call('/', { host: quietHost });
    const clients = 4 * openFiles;
    const idle = (): Promise<() => Promise<unknown>> => Promise.resolve(beginAttack(sluice, 'idle', clients));
    found.push(await during(sluice, `${clients} clients, ${openFiles} descriptors (EMFILE)`, seconds, idle));
  });
  const canInject = findProgram('strace') !== null;
  if (canInject) {
    await withSluice(twoTenants(), async (sluice) => {
      await sluice.call('/', { host: quietHost });
      for (const error of ['ENFILE', 'ENOMEM']) {
        found.push(await during(sluice, error, seconds, injecting(sluice, error)));
      }
    });
  }
  return {
    measured: `${found
      .map(
        (one) =>
          `${one.name}: listeners use ${Math.round(one.cpuShare * 100)} % of a processor, a new connection is served ${Math.round(one.backMs)} ms after it`,
      )
      .join(
        '; ',
      )}${canInject ? '' : '; strace is not installed: ENFILE and ENOMEM were not measured'}; connections that were there lost nothing`,
    broken: found.flatMap(({ name, lost }) => (lost === '' ? [] : [`${name}: ${lost}`])),
    missed: found.flatMap(({ name, backMs }) =>
      violations({ [`${name}: back after ${Math.round(backMs)} ms`]: backMs < 3_000 }),
    ),
  };
}

export const shortOfDescriptors: Experiment = {
  name: 'short-of-descriptors',
  promise:
    'EMFILE, ENFILE and ENOMEM at accept: established connections lose 0 requests, nobody spins, and new ones come again',
  run: (scale) => run(scaled(30, scale, 2)),
};

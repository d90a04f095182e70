/** Tenants that take all they can get of processor, memory, processes, descriptors and disk. */
import { availableParallelism } from 'node:os';
import { groupFile } from '../../../../support/hostile-tenant.js';
import { isAlive } from '../../../../support/processes.js';
import { monotonicMs, pause, until } from '../../../../support/time.js';
import { type Attack, type Verdict, verdict } from '../attack.js';
import { type Attacker, waitMs } from '../attacker.js';
import { cpuPercent, fileSizeMax, memoryMax, openFilesMax, pidsMax } from '../world.js';

/** Processes of the pool and forks that the kernel refused; version 1 counts these where they were tried. */
function pidsOf(worker: number): { readonly current: number; readonly refused: number } {
  const refused = ['.', '..'].reduce((sum, at) => {
    const events = groupFile(worker, 'pids', [`${at}/pids.events`, `${at}/pids.events`], '');
    return sum + Number(/max (\d+)/.exec(events)?.[1]);
  }, 0);
  return { current: Number(groupFile(worker, 'pids', ['pids.current', 'pids.current'])), refused };
}

/** Until it is held at its limit of processes, or the kernel ended it at another limit. */
async function crowd(attacker: Attacker, attack: string): Promise<Verdict> {
  const worker = await attacker.worker();
  await attacker.tell(attack);
  const seen = await until(
    `${attack} reaches a limit`,
    () => {
      if (!isAlive(worker)) return 'dead';
      try {
        const pids = pidsOf(worker);
        return pids.refused > 20 ? pids : null;
      } catch {
        return 'dead';
      }
    },
    { withinMs: waitMs },
  );
  if (seen === 'dead') {
    const { reason } = await attacker.obituary(worker);
    return { got: `its worker ended (${reason}) and is replaced`, broken: [] };
  }
  return verdict(`held at ${pidsMax} processes and threads, every further one refused`, {
    [`${seen.current} processes and threads`]: seen.current <= pidsMax,
  });
}

async function eat(attacker: Attacker): Promise<Verdict> {
  const worker = await attacker.worker();
  await attacker.tell('memory-hog');
  const { reason, signal } = await attacker.obituary(worker);
  return verdict(`killed at ${memoryMax} MB (${reason}), replaced at the next request`, {
    [`ended by ${reason} ${signal ?? ''}`]: reason === 'memory-limit',
  });
}

async function hoard(attacker: Attacker): Promise<Verdict> {
  const worker = await attacker.worker();
  const got = (await attacker.tell('fd-hog')) as { readonly opened: number; readonly refusal: string } | null;
  // Without a descriptor left it may be unable to answer even that.
  if (got === null) return { got: `held at ${openFilesMax} descriptors`, broken: [] };
  return verdict(`held at ${openFilesMax} descriptors (${got.refusal})`, {
    [`${got.opened} descriptors, ${got.refusal}`]: got.opened <= openFilesMax,
    'its worker is alive': isAlive(worker),
  });
}

/** CPU time of the pool so far. */
function cpuMs(worker: number): number {
  const text = groupFile(worker, 'cpuacct', ['cpuacct.usage', 'cpu.stat']);
  const microseconds = /^usage_usec (\d+)/m.exec(text)?.[1];
  return microseconds === undefined ? Number(text) / 1e6 : Number(microseconds) / 1e3;
}

async function spin(attacker: Attacker): Promise<Verdict> {
  const worker = await attacker.worker();
  await attacker.tell('cpu-spin');
  const [beginMs, before] = [monotonicMs(), cpuMs(worker)];
  await pause(1_000);
  const used = cpuMs(worker) - before;
  const percent = Math.round((100 * used) / (monotonicMs() - beginMs) / availableParallelism());
  // A period of the quota may lie at either end.
  return verdict(`throttled to ${cpuPercent} % of the machine`, {
    [`${percent} % of the machine`]: percent <= cpuPercent * 1.25,
  });
}

async function fill(attacker: Attacker): Promise<Verdict> {
  const got = (await attacker.tell('disk-flood')) as { readonly bytes: number; readonly refusal: string } | null;
  return verdict(`each file ends at ${fileSizeMax} MB (${got?.refusal ?? 'its worker ended'})`, {
    [`a file of ${got?.bytes ?? 0} bytes`]: (got?.bytes ?? 0) <= fileSizeMax * 1024 * 1024,
  });
}

export const resources: readonly Attack[] = [
  {
    name: 'fork-bomb',
    what: 'shells that fork without end, started again every 20 ms',
    kind: 'pressure',
    by: 'outside',
    act: ({ outside }) => crowd(outside, 'fork-bomb'),
  },
  {
    name: 'thread-bomb',
    what: 'threads without end',
    kind: 'pressure',
    by: 'inside',
    act: ({ inside }) => crowd(inside, 'thread-bomb'),
  },
  {
    name: 'zombies',
    what: 'children that are never waited for',
    kind: 'trespass',
    by: 'outside',
    act: ({ outside }) => crowd(outside, 'zombies'),
  },
  {
    name: 'memory-hog',
    what: '8 MB every 5 ms, outside the engine’s heap',
    kind: 'pressure',
    by: 'outside',
    act: ({ outside }) => eat(outside),
  },
  {
    name: 'fd-hog',
    what: 'descriptors and sockets without end',
    kind: 'pressure',
    by: 'inside',
    act: ({ inside }) => hoard(inside),
  },
  {
    name: 'cpu-spin',
    what: 'eight processes that spin, beside its own event loop',
    kind: 'pressure',
    by: 'inside',
    act: ({ inside }) => spin(inside),
  },
  {
    name: 'disk-flood',
    what: 'files written and flushed without pause by two processes',
    kind: 'pressure',
    by: 'outside',
    act: ({ outside }) => fill(outside),
  },
];

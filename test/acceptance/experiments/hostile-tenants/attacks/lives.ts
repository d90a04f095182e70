/** Tenants that stop themselves, do not end, or leave something behind. */
import { until } from '../../../../support/time.js';
import { type Attack, type Verdict, verdict } from '../attack.js';
import { type Attacker, waitMs } from '../attacker.js';

async function stopItself(attacker: Attacker): Promise<Verdict> {
  const worker = await attacker.worker();
  await attacker.tell('stop-itself');
  // A request that waits for it makes it a worker that hangs.
  const waiting = attacker.call('/').catch(() => null);
  const { reason } = await attacker.obituary(worker);
  await waiting;
  return verdict(`found and replaced (${reason})`, {
    [`ended as ${reason}`]: reason === 'hang' || reason === 'ping-timeout',
  });
}

/** What an administrator's stop leaves of a pool that does not want to end. */
async function stopped(attacker: Attacker, attack: string): Promise<Verdict> {
  const worker = await attacker.worker();
  const before = attacker.processes().length;
  await attacker.tell(attack);
  await until('its children run', () => attacker.processes().length > before, { withinMs: waitMs });
  const count = attacker.processes().length;
  const left = await attacker.stop();
  const { reason } = await attacker.obituary(worker);
  await attacker.start();
  return verdict(`${count} processes killed with their group at the stop (${reason}), 0 left`, {
    [`${left.length} processes left`]: left.length === 0,
  });
}

export const lives: readonly Attack[] = [
  {
    name: 'stops-itself',
    what: 'SIGSTOP to itself while requests wait',
    kind: 'trespass',
    by: 'inside',
    leavesNothing: true,
    act: ({ inside }) => stopItself(inside),
  },
  {
    name: 'ignores-sigterm',
    what: 'worker and children hear SIGTERM and stay',
    kind: 'trespass',
    by: 'outside',
    leavesNothing: true,
    act: ({ outside }) => stopped(outside, 'stay'),
  },
  {
    name: 'grandchildren',
    what: 'setsid’d grandchildren without a parent, which ignore SIGTERM',
    kind: 'trespass',
    by: 'outside',
    leavesNothing: true,
    act: ({ outside }) => stopped(outside, 'escape'),
  },
  {
    name: 'fake-names',
    what: 'process names made for those who read /proc, and that of the server’s own helper',
    kind: 'trespass',
    by: 'inside',
    leavesNothing: true,
    act: ({ inside }) => stopped(inside, 'fake-name'),
  },
];

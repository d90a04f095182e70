/** Tenants that use what connects their host with the server: output, control channel, link, inherited descriptors. */
import { isAlive, residentBytes } from '../../../../support/processes.js';
import { pause, until } from '../../../../support/time.js';
import { type Attack, type Verdict, verdict } from '../attack.js';
import { type Attacker, waitMs } from '../attacker.js';
import type { World } from '../world.js';

async function pauses(world: World, pool: string): Promise<number> {
  const text = await world.sluice.metrics();
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('sluice_worker_output_pauses_total') && line.includes(`"${pool}"`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function flood(world: World, attacker: Attacker, attack: string): Promise<Verdict> {
  await attacker.worker();
  const before = await pauses(world, attacker.pool);
  await attacker.tell(attack);
  await until('its output is left unread', async () => (await pauses(world, attacker.pool)) > before, {
    withinMs: waitMs,
  });
  return {
    got: 'read at 1 MiB/s after a burst of 8 MiB, then it waits; escaped in a log of its own',
    broken: [],
  };
}

/** Something on the control channel or a link after which the worker may not stay. */
async function ended(attacker: Attacker, attack: string, facts: unknown, reasons: readonly string[]): Promise<Verdict> {
  const worker = await attacker.worker();
  await attacker.tell(attack, facts);
  // Requests keep links in use: only those show what came over them.
  let over = false;
  void (async () => {
    while (!over) {
      await attacker.call('/').catch(() => null);
      await pause(20);
    }
  })();
  try {
    const { reason } = await attacker.obituary(worker);
    return verdict(`cut off, its worker replaced (${reason})`, {
      [`ended as ${reason}`]: reasons.includes(reason),
    });
  } finally {
    over = true;
  }
}

const garbage = [
  'not JSON',
  'a deep array',
  'an unknown type',
  '__proto__',
  'a wrong type of field',
  'a half message',
  'a port above 65535',
];

/** One worker for each. */
async function sendGarbage(attacker: Attacker, kinds: readonly string[]): Promise<Verdict> {
  const verdicts: Verdict[] = [];
  for (const kind of kinds) verdicts.push(await ended(attacker, 'control-garbage', { kind }, ['bad-control-message']));
  return {
    got: `each of ${kinds.length} ends its worker (bad-control-message)`,
    broken: verdicts.flatMap(({ broken }, index) => broken.map((one) => `${kinds[index] ?? ''}: ${one}`)),
  };
}

/** Well-formed lies: they may cost the liar, nobody else. */
async function lie(world: World, attack: string): Promise<Verdict> {
  const { inside, facts, sluice } = world;
  const worker = await inside.worker();
  await inside.tell(attack, facts);
  // Pings of the server run over the same channel: it has read what came before one is answered.
  await pause(300);
  const shown = (await sluice.pool(inside.pool)).workers.filter(
    ({ pid }) => pid === worker || facts.others.some((one) => one.pid === pid),
  );
  const life = isAlive(worker) ? 'ignored' : `its worker ended (${(await inside.obituary(worker)).reason})`;
  return {
    got: `${life}; text is cut and escaped in the log`,
    broken: shown.every(({ pid }) => pid === worker) ? [] : ['the server takes another process for its worker'],
  };
}

/** Whatever becomes of the worker: the pool serves again. */
async function closeDescriptors(attacker: Attacker, descriptors: readonly number[]): Promise<Verdict> {
  const worker = await attacker.worker();
  await attacker.tell('close-descriptors', { descriptors });
  const served = await until(
    'the pool serves',
    async () => {
      const answer = await attacker.call('/').catch(() => null);
      return answer?.status === 200 ? answer : null;
    },
    { withinMs: waitMs, everyMs: 100 },
  );
  const life = isAlive(worker)
    ? 'its own loss: the worker goes on'
    : `its worker ended (${(await attacker.obituary(worker)).reason})`;
  return verdict(`${life}, the pool serves`, { [`status ${served.status}`]: served.status === 200 });
}

async function boundedMemory(world: World, act: () => Promise<Verdict>): Promise<Verdict> {
  const { got, broken } = await act();
  const grown = Math.round((residentBytes(world.sluice.pid) - world.primaryBytes) / 2 ** 20);
  return { got, broken: [...broken, ...(grown < 150 ? [] : [`the primary grew by ${grown} MB`])] };
}

function attack(
  name: string,
  what: string,
  kind: Attack['kind'],
  act: (world: World) => Promise<Verdict>,
  by: Attack['by'] = 'inside',
): Attack {
  // Where the worker ended, nothing is left to stop.
  const leavesNothing = /^(control-(flood|endless|garbage)|link-)/.test(name);
  return { name, what, kind, by, leavesNothing, act: (world) => boundedMemory(world, () => act(world)) };
}

const bad = ['bad-control-message'];
/** How a worker may end whose links are cut again and again. */
const cut = ['bad-control-message', 'hang', 'health-check', 'ping-timeout', 'exit', 'signal'];

export const channels: readonly Attack[] = [
  attack(
    'stdout-flood',
    'gigabytes without a line end on both streams',
    'pressure',
    (world) => flood(world, world.outside, 'stdout-flood'),
    'outside',
  ),
  attack('stdout-lines', 'a million lines a second: forged records, terminal escapes', 'pressure', (world) =>
    flood(world, world.inside, 'stdout-lines'),
  ),
  attack('stdout-binary', 'nothing but bytes that have to be escaped', 'pressure', (world) =>
    flood(world, world.inside, 'stdout-binary'),
  ),
  attack('control-flood', 'correct control messages as fast as they go', 'trespass', ({ inside }) =>
    ended(inside, 'control-flood', {}, bad),
  ),
  attack('control-endless', 'a control message of 4 GB that never ends', 'trespass', ({ inside }) =>
    ended(inside, 'control-endless', {}, bad),
  ),
  attack('control-garbage', 'control messages that no host sends', 'trespass', ({ inside }) =>
    sendGarbage(inside, garbage),
  ),
  attack(
    'control-lies',
    'well-formed control messages with another one’s pid, port and file names',
    'trespass',
    (world) => lie(world, 'control-lies'),
  ),
  attack('stall-lies', 'a forged stack and profile of a stall that never was', 'trespass', (world) =>
    lie(world, 'stall-lies'),
  ),
  attack('link-window', 'answer bytes far beyond the window of a stream', 'pressure', ({ inside }) =>
    ended(inside, 'link-window', { how: 'bytes' }, cut),
  ),
  attack('link-credit', 'credit for bytes that never came', 'trespass', ({ inside }) =>
    ended(inside, 'link-window', { how: 'credit' }, cut),
  ),
  attack('link-streams', 'whole answers and ends for every stream there could be', 'trespass', ({ inside }) =>
    ended(inside, 'link-streams', {}, cut),
  ),
  attack('link-garbage', 'a frame of 4 GB', 'trespass', ({ inside }) => ended(inside, 'link-garbage', {}, cut)),
  attack('closed-output', 'closes descriptors 0, 1 and 2', 'trespass', ({ inside }) =>
    closeDescriptors(inside, [0, 1, 2]),
  ),
  attack('closed-control', 'closes the control channel (3) and the watchdog’s (5)', 'trespass', ({ inside }) =>
    closeDescriptors(inside, [3, 5]),
  ),
  attack('closed-link', 'closes the socket of its links (4)', 'trespass', ({ inside }) =>
    closeDescriptors(inside, [4]),
  ),
];

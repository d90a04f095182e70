/** Tenants whose answers are no answers: what their clients, and those of others, see of it. */
import { residentBytes } from '../../../../support/processes.js';
import { RawClient } from '../../../../support/raw-client.js';
import { pause } from '../../../../support/time.js';
import { type Attack, type Verdict, verdict } from '../attack.js';
import type { Attacker } from '../attacker.js';
import type { World } from '../world.js';

/** Its words are whole answers that an attacker made up. */
const stolen = /stolen/i;

/** Status of the answer, 0 = cut off. A worker that is not answered for itself ends with its connection. */
async function seen(attacker: Attacker, name: string): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const { status, text, rawHeaders } = await attacker.call(`/answer/${name}`);
    return { status, text: `${rawHeaders.join('\n')}\n${text}` };
  } catch {
    return { status: 0, text: '' };
  }
}

async function asked(
  attackers: readonly Attacker[],
  names: readonly string[],
  right: (status: number) => boolean,
): Promise<Verdict> {
  const broken: string[] = [];
  const statuses = new Set<number>();
  for (const attacker of attackers) {
    for (const name of names) {
      const { status, text } = await seen(attacker, name);
      statuses.add(status);
      if (!right(status)) broken.push(`${attacker.pool} ${name}: ${status}`);
      if (stolen.test(text)) broken.push(`${attacker.pool} ${name}: the forged part was shown`);
      const next = await attacker.call('/').catch(() => null);
      if (next === null || stolen.test(next.text))
        broken.push(`${attacker.pool} ${name}: the next request got ${next?.text ?? 'nothing'}`);
    }
  }
  const words = [...statuses].map((status) => (status === 0 ? 'cut off' : String(status)));
  return { got: `${words.join(' or ')}, and the next request is clean`, broken };
}

/** Of the tenant and its clients: endless answers of both hosting models, read or not. What is not read waits in the tenant. */
async function endless(world: World, name: string, isRead: boolean): Promise<Verdict> {
  const listeners = world.server.filter(({ name }) => name.startsWith('listener'));
  const bytes = (): number => listeners.reduce((sum, { pid }) => sum + residentBytes(pid), 0);
  const before = bytes();
  const clients: RawClient[] = [];
  for (const { pool } of [world.inside, world.outside]) {
    for (let n = 0; n < 4; n += 1) {
      const client = await RawClient.connect(world.sluice.port);
      if (isRead) client.socket.removeAllListeners('data').resume();
      else client.socket.pause();
      client.send(`GET /${pool}/answer/${name} HTTP/1.1\r\nHost: a\r\n\r\n`);
      clients.push(client);
    }
  }
  await pause(800);
  const grown = Math.round((bytes() - before) / 2 ** 20);
  for (const client of clients) client.close();
  return verdict(
    isRead
      ? 'passed on in turns, as fast as its share of CPU makes them'
      : 'held back: a bounded piece of each waits in the listener',
    {
      [`listeners grew by ${grown} MB`]: grown < 60,
    },
  );
}

const both = ({ inside, outside }: World): readonly Attacker[] => [inside, outside];
const refusedOrCut = (status: number): boolean => status === 502 || status === 0;

export const answers: readonly Attack[] = [
  {
    name: 'response-splitting',
    what: 'line ends in a field, two lengths, length and chunks, an upgrade nobody asked for',
    kind: 'trespass',
    by: 'outside',
    act: (world) =>
      asked(
        both(world),
        ['splitting', 'splitting-cr', 'two-lengths', 'length-and-chunks', 'unasked-upgrade'],
        refusedOrCut,
      ),
  },
  {
    name: 'second-answers',
    what: 'more answers behind the one that was asked for, for the next client',
    kind: 'trespass',
    by: 'outside',
    act: (world) => asked(both(world), ['two-answers'], (status) => status === 200 || refusedOrCut(status)),
  },
  {
    name: 'endless-heads',
    what: 'header fields, 1xx answers and chunk sizes without end',
    kind: 'trespass',
    by: 'outside',
    act: (world) =>
      asked(
        both(world),
        ['endless-headers', 'endless-interim', 'endless-chunk-size'],
        (status) => status === 502 || status === 0,
      ),
  },
  {
    name: 'endless-body',
    what: 'bodies without end for clients that do not read',
    kind: 'pressure',
    by: 'inside',
    act: (world) => endless(world, 'endless-body', false),
  },
  {
    name: 'crumbs',
    what: 'bodies without end in pieces of one byte, for clients that read them',
    kind: 'pressure',
    by: 'inside',
    act: (world) => endless(world, 'endless-crumbs', true),
  },
];

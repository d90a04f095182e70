/** Tenants that reach for what is not theirs: processes, files, sockets, ports and rights of others. */
import { join } from 'node:path';
import type { PoolView } from '../../../../../pools/supervisor/ports.js';
import { call } from '../../../../support/http-client.js';
import { withToken } from '../../../../support/sluice.js';
import { type Attack, refusals, type Verdict, verdict } from '../attack.js';
import { secretVariable, type World } from '../world.js';

interface Asked {
  readonly status: number;
  readonly text: string;
}

function refused(name: string, what: string, tried: string, by: Attack['by'], allowed?: RegExp): Attack {
  const act = async (world: World): Promise<Verdict> => refusals(await world[by].tell(tried, world.facts), allowed);
  return { name, what, kind: 'trespass', by, leavesNothing: true, act };
}

async function ask(world: World, port: number, path: string, more: object = {}): Promise<Asked> {
  const answer = (await world.outside.tell('ask', { port, path, ...more })) as Asked | null;
  return answer ?? { status: -1, text: '' };
}

/** Another pool's program, whose port every local user can reach: only the token tells the host apart. */
async function withoutToken(world: World): Promise<Verdict> {
  const port = world.facts.victimPort;
  const plain = await ask(world, port, '/paired/');
  const guessed = await ask(world, port, '/paired/', {
    headers: { 'MS-ASPNETCORE-TOKEN': '00000000-0000-0000-0000-000000000000' },
  });
  const stop = await ask(world, port, '/paired/iisintegration', {
    method: 'POST',
    headers: { 'MS-ASPNETCORE-EVENT': 'shutdown' },
  });
  const statuses = [plain, guessed, stop].map(({ status }) => status);
  return verdict(`${statuses.join(', ')}: without the token of the pair nothing is answered`, {
    [`answered ${statuses.join(', ')}`]: statuses.every((status) => status === 400 || status === 403),
  });
}

async function adminPort(world: World): Promise<Verdict> {
  const { adminPort: port } = world.facts;
  const orders = await Promise.all(
    ['/api/v1/pools/quiet-in/stop', '/api/v1/pools/quiet-out/recycle', '/api/v1/workers/1/stop'].map((path) =>
      ask(world, port, path, { method: 'POST' }),
    ),
  );
  const views = await Promise.all(
    ['/api/v1/pools', '/api/v1/events', '/api/v1/operations/1'].map((path) => ask(world, port, path)),
  );
  const guesses = await Promise.all(
    Array.from({ length: 60 }, (_, guess) =>
      ask(world, port, '/api/v1/pools', { headers: { authorization: `Bearer ${String(guess).padStart(43, 'x')}` } }),
    ),
  );
  // From the same address, with the right token: nobody is locked out by guesses of others.
  const own = await call(port, '/api/v1/pools', { headers: withToken });
  const statuses = [...orders, ...views].map(({ status }) => status);
  const guessed = [...new Set(guesses.map(({ status }) => status))];
  return verdict(`refused without a token (${[...new Set(statuses)].join(', ')}), views and orders alike`, {
    [`answered ${statuses.join(', ')}`]: statuses.every((status) => status === 401 || status === 429),
    [`guesses of a token answered ${guessed.join(', ')}`]: guessed.every((status) => status === 401 || status === 429),
    [`the administrator was answered ${own.status}`]: own.status === 200,
  });
}

const odd = '\x1b[2J\x9b31m\t"\\\'#\x85';

/** One record for each request, whatever stands in it. */
async function logInjection(world: World): Promise<Verdict> {
  const { port } = world.facts;
  const line = '{"event":"forged-by-tenant"}';
  const texts = [
    `GET /evil-out/%0a${encodeURIComponent(line)}?%1b%5b2J%e2%80%a8 HTTP/1.1\r\nHost: a\r\nUser-Agent: ${odd.replaceAll('\x1b', '')}${line}\r\nReferer: ${line}\r\n\r\n`,
    `GET /evil-out/ HTTP/1.1\r\nHost: a\r\nUser-Agent: a\r\n ${line}\r\n\r\n`,
    `GET /evil-out/${odd} HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET /evil-out/ HTTP/1.1\r\nHost: a${odd}\r\n\r\n`,
    `${odd} /evil-out/ HTTP/1.1\r\nHost: a\r\n\r\n`,
  ];
  const got = await world.outside.tell('send', { port, texts });
  const answers = Array.isArray(got) ? got.map((one) => String(one).slice(9, 12)) : [];
  return verdict(`${answers.join(', ')}: one escaped record for each`, {
    [`${answers.length} answers`]: answers.length === texts.length && answers.every((one) => /^[2345]/.test(one)),
  });
}

/** It listens first where a pool with a fixed port will be started. */
async function stealPort(world: World): Promise<Verdict> {
  const { outside, facts, sluice } = world;
  const listens = await outside.tell('steal-port', { port: facts.nextPort });
  const answer = await sluice.call('/stolen/');
  await sluice.pool('stolen').then((pool: PoolView) => pool.state);
  return verdict(`it listens, but the pool's start fails (${answer.status}): no request reaches the thief`, {
    [`the thief could not listen: ${String(listens)}`]: listens === 'listens' || listens === 'EADDRINUSE',
    'the thief was asked': answer.text !== 'stolen',
    [`status ${answer.status}`]: answer.status >= 500,
  });
}

/** Instead of a socket of its own it offers the listeners a way to somebody else's. */
async function swapSocket(world: World): Promise<Verdict> {
  const { outside, facts, sluice } = world;
  const target = facts.sockets.find((path) => path.endsWith('app.sock')) ?? '';
  const seen: string[] = [];
  for (const how of ['link', 'folder', 'late']) {
    await outside.tell('make', { at: join(outside.folder, 'swap'), kind: 'file', to: JSON.stringify({ how, target }) });
    const answer = await sluice.call('/evil-swap/');
    seen.push(answer.status === 200 ? answer.text : String(answer.status));
    await outside.stop();
    await outside.start();
  }
  return verdict('a link or a folder there is refused (502); what is trusted cannot be replaced (EACCES)', {
    [`got ${seen.join(', ')}`]: seen.join(' ') === '502 502 EACCES',
  });
}

interface Rights {
  readonly status: string;
  readonly limits: string;
  readonly tried: unknown;
}

async function moreRights({ inside }: World): Promise<Verdict> {
  const answer = (await inside.tell('more-rights')) as Rights | null;
  if (answer === null) return { got: 'no answer', broken: ['the attacker did not answer'] };
  const { got, broken } = refusals(answer.tried);
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(answer.status)?.[1]?.trim() ?? '';
  const core = /^Max core file size\s+(\S+)\s+(\S+)/m.exec(answer.limits);
  const facts = verdict('', {
    [`NoNewPrivs ${field('NoNewPrivs')}`]: field('NoNewPrivs') === '1',
    [`capabilities ${field('CapEff')} ${field('CapBnd')}`]: /^0+$/.test(field('CapEff') + field('CapBnd')),
    [`groups ${field('Groups')}`]: field('Groups').split(' ').filter(Boolean).length <= 1,
    [`core dumps ${core?.[2] ?? ''}`]: core?.[2] === '0',
  });
  return { got: `${got}; no capabilities, no new privileges, no core dumps`, broken: [...broken, ...facts.broken] };
}

interface Inherited {
  readonly descriptors: readonly string[];
  readonly environment: readonly string[];
  readonly commandLine: readonly string[];
}

/** Secrets of whoever started the server must not be in what a worker was born with. */
async function inherited({ inside, outside }: World): Promise<Verdict> {
  const broken: string[] = [];
  for (const attacker of [inside, outside]) {
    const answer = (await attacker.tell('inherited')) as Inherited | null;
    if (answer === null) return { got: 'no answer', broken: ['the attacker did not answer'] };
    const files = answer.descriptors.filter((one) => / \//.test(one) && !/ \/(dev\/null|proc\/|sys\/)/.test(one));
    const token = answer.commandLine.filter((one) => /[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}/i.test(one));
    broken.push(
      ...files.map((one) => `${attacker.pool} holds ${one}`),
      ...token.map((one) => `${attacker.pool} was started with ${one}`),
      ...answer.environment
        .filter((one) => one.startsWith(secretVariable))
        .map(() => `${attacker.pool} has the server’s environment`),
    );
  }
  return { got: 'streams, its control channel and link; an environment built from nothing', broken };
}

const cannotConnect = /^(EACCES|EPERM)$/;

export const others: readonly Attack[] = [
  refused(
    'read-environments',
    'reads /proc/PID/environ of the server and its neighbours',
    'read-environments',
    'inside',
  ),
  refused('trace', 'opens memory, descriptors, folders and stack of others', 'trace', 'outside'),
  refused(
    'kill-others',
    'five signals to the server, its helpers, its neighbours and their groups',
    'kill-others',
    'inside',
  ),
  refused(
    'read-files',
    'reads keys, state, logs and temporary files of the server and its neighbours',
    'read-files',
    'outside',
  ),
  refused(
    'plant-files',
    'plants files and links in their folders, and itself in their control groups',
    'plant-files',
    'inside',
  ),
  refused(
    'connect-sockets',
    'connects to links, sockets and the admin socket by their paths',
    'connect-sockets',
    'outside',
    cannotConnect,
  ),
  {
    name: 'without-token',
    what: 'asks another pool’s program on its loopback port',
    kind: 'trespass',
    by: 'outside',
    leavesNothing: true,
    act: withoutToken,
  },
  {
    name: 'admin-port',
    what: 'gives orders to the admin API on its loopback port, and guesses tokens',
    kind: 'trespass',
    by: 'outside',
    leavesNothing: true,
    act: adminPort,
  },
  {
    name: 'log-injection',
    what: 'requests with line ends, escapes and whole records in every part',
    kind: 'trespass',
    by: 'outside',
    leavesNothing: true,
    act: logInjection,
  },
  {
    name: 'port-theft',
    what: 'listens first on the fixed port of another pool',
    kind: 'trespass',
    by: 'outside',
    act: stealPort,
  },
  {
    name: 'socket-swap',
    what: 'offers a link to a neighbour’s socket, or a folder, where its own socket is expected',
    kind: 'trespass',
    by: 'outside',
    leavesNothing: true,
    act: swapSocket,
  },
  {
    name: 'more-rights',
    what: 'setuid programs, limits, priorities, mounts, kernel settings',
    kind: 'trespass',
    by: 'inside',
    leavesNothing: true,
    act: moreRights,
  },
  {
    name: 'inherited',
    what: 'looks for secrets and descriptors it was born with',
    kind: 'trespass',
    by: 'inside',
    leavesNothing: true,
    act: inherited,
  },
];

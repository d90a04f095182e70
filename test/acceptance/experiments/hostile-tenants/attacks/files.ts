/** Tenants that put something into their own folders for the server, which may be root, to stumble over. */
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { residentBytes } from '../../../../support/processes.js';
import { until } from '../../../../support/time.js';
import { type Attack, refusals, type Verdict, verdict } from '../attack.js';
import { type Attacker, waitMs } from '../attacker.js';
import { innocents, listen, type World } from '../world.js';

/** In a file that only root can read. */
const secret = 'only-root-may-read-this';

/** What nobody may have changed. */
function untouched({ facts }: World): Record<string, boolean> {
  const names = readdirSync(facts.canary);
  const text = readFileSync(join(facts.canary, 'file'), 'utf8');
  return {
    [`${names.length} files in a folder of somebody else`]: names.length === 1,
    [`another one's file now says ${text.slice(0, 80)}`]: text === 'alive',
  };
}

async function make(attacker: Attacker, at: string, kind: string, to = ''): Promise<void> {
  const path = join(attacker.folder, at);
  const got = await attacker.tell('make', { at: path, kind, to });
  if (got !== 'done') throw new Error(`${attacker.pool} could not make ${at} a ${kind}: ${String(got)}`);
}

async function restart(attacker: Attacker): Promise<void> {
  await attacker.stop();
  await attacker.start();
}

/** The folder of its stdoutLogFile becomes something else, then every name in it is taken. */
async function logFolder(world: World): Promise<Verdict> {
  const { outside: attacker, facts } = world;
  const said = listen(world);
  for (const kind of ['link', 'pipe', 'file']) {
    await make(attacker, 'logs', kind, kind === 'link' ? facts.canary : '');
    await restart(attacker);
  }
  await until('the refusals are logged', () => said().split('stdout-log-failed').length > 3, { withinMs: waitMs });
  return verdict('nothing is opened, one warning each; the worker runs without that log', untouched(world));
}

async function logNames(world: World): Promise<Verdict> {
  const { outside: attacker, facts } = world;
  await make(attacker, 'logs', 'folder');
  await make(attacker, 'logs/own', 'file', 'mine');
  const folder = join(attacker.folder, 'logs');
  const planted = await attacker.tell('plant-log-names', { folder, target: join(facts.canary, 'file') });
  await restart(attacker);
  const own = readFileSync(join(folder, 'own'), 'utf8');
  return verdict(`${String(planted)} names planted: links are refused, written is only to new files of its own`, {
    ...untouched(world),
    [`hard links: ${own.slice(0, 40)}`]: own === 'mine',
  });
}

/** Links in HOME and TMPDIR, which the server cleans when it ends. */
async function ownFolders(world: World): Promise<Verdict> {
  const planted = refusals(await world.outside.tell('fill-folders', world.facts), /^(done|EEXIST)$/);
  await make(world.outside, 'tmp', 'link', world.facts.canary);
  await restart(world.outside);
  rmSync(join(world.outside.folder, 'tmp'), { force: true });
  return verdict('cleaned as its own user; nothing outside is touched', {
    ...untouched(world),
    [planted.broken.join(', ')]: planted.broken.length === 0,
  });
}

/** Its entry becomes a link to what only root can read; the page and the log must not tell what stands there. */
async function entryLink(world: World): Promise<Verdict> {
  const { outside: attacker, sluice, facts } = world;
  const entry = join(attacker.folder, 'index.js');
  const original = readFileSync(entry);
  const hidden = join(facts.canary, '..', 'hidden.js');
  writeFileSync(hidden, `${secret}!`);
  chmodSync(hidden, 0o600);
  await make(attacker, 'index.js', 'link', hidden);
  await attacker.stop();
  await attacker.order('start');
  const answer = await attacker.call('/');
  rmSync(entry);
  writeFileSync(entry, original);
  await restart(attacker);
  return verdict(`its start fails (${answer.status}), the file is not read`, {
    [`status ${answer.status}`]: answer.status >= 500,
    'the page shows what only root may read': !answer.text.includes(secret),
    'the log shows what only root may read': !sluice.output().includes(secret),
  });
}

const doctype = `<!DOCTYPE a [${Array.from({ length: 10 }, (_, n) => `<!ENTITY a${n + 1} "${`&a${n};`.repeat(10)}">`).join('')}<!ENTITY a0 SYSTEM "file:///etc/shadow">]><configuration>&a10;</configuration>`;

const webConfigs: readonly (readonly [name: string, what: string, kind: string, to: string])[] = [
  ['web-config-pipe', 'web.config is a pipe that nobody writes', 'pipe', ''],
  ['web-config-link', 'web.config is a link to what only root can read', 'link', '/etc/shadow'],
  ['web-config-device', 'web.config is a link to a device without end', 'link', '/dev/zero'],
  ['web-config-huge', 'web.config of 100 MB', 'large file', ''],
  ['web-config-doctype', 'web.config with a document type: entities that grow, a file of the system', 'file', doctype],
  ['web-config-deep', 'web.config with 100,000 nested elements', 'file', '<a>'.repeat(100_000)],
  [
    'web-config-proto',
    'web.config that sets __proto__, escapes and paths of others',
    'file',
    '<configuration><system.webServer><aspNetCore processPath="/bin/su\n&#27;[2J" arguments="../../../../etc/shadow" stdoutLogFile="/etc/cron.d/x" __proto__="x" constructor="y"><environmentVariables><environmentVariable name="__proto__" value="x"/><environmentVariable name="LD_PRELOAD" value="/tmp/x.so"/></environmentVariables></aspNetCore></system.webServer></configuration>',
  ],
];

async function webConfig(world: World, kind: string, to: string): Promise<Verdict> {
  const { inside: attacker, sluice } = world;
  const said = listen(world);
  const bytes = residentBytes(sluice.pid);
  await make(attacker, 'web.config', kind, to);
  // Another tenant's change has to get through beside it, whatever becomes of this one.
  const status = await until(
    'the change was judged',
    async () =>
      /web\.config|configuration-(applied|refused|problem)/.test(said())
        ? ((await attacker.call('/').catch(() => null))?.status ?? null)
        : null,
    { withinMs: waitMs, everyMs: 100 },
  );
  const grown = Math.round((residentBytes(sluice.pid) - bytes) / 2 ** 20);
  const serve = await innocents(sluice);
  rmSync(join(attacker.folder, 'web.config'), { force: true });
  await until('the pool serves again', async () => (await attacker.call('/').catch(() => null))?.status === 200, {
    withinMs: waitMs,
    everyMs: 100,
    state: () => said().slice(-3_000),
  });
  return verdict(
    status === 200
      ? 'refused with a message; what was before it serves on'
      : `refused with a message; its own site answers ${status}`,
    {
      'neighbours answer': serve,
      'the log shows what only root may read': !/root:[*!$x]/.test(said()),
      [`the primary grew by ${grown} MB`]: grown < 80,
    },
  );
}

export const files: readonly Attack[] = [
  {
    name: 'log-folder',
    what: 'the folder of its stdoutLogFile becomes a link, a pipe, a file',
    kind: 'trespass',
    by: 'outside',
    leavesNothing: true,
    act: logFolder,
  },
  {
    name: 'log-names',
    what: 'symbolic and hard links under every name its next log could get',
    kind: 'trespass',
    by: 'outside',
    leavesNothing: true,
    act: logNames,
  },
  {
    name: 'own-folders',
    what: 'links to other people’s folders in HOME, TMPDIR and tmp',
    kind: 'trespass',
    by: 'outside',
    leavesNothing: true,
    act: ownFolders,
  },
  {
    name: 'entry-link',
    what: 'its entry becomes a link to a file of root',
    kind: 'trespass',
    by: 'outside',
    leavesNothing: true,
    act: entryLink,
  },
  ...webConfigs.map(([name, what, kind, to]): Attack => {
    return {
      name,
      what,
      kind: 'trespass',
      by: 'inside',
      leavesNothing: true,
      act: (world) => webConfig(world, kind, to),
    };
  }),
];

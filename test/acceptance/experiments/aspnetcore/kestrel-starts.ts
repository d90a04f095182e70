/** Real apps that start in unusual ways, or do not start at all. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AloneApp, aloneToken, withApp } from '../../../support/aspnetcore/alone.js';
import { ask, backendOf, direct, type HostedApp, json, type Seen } from '../../../support/aspnetcore/app-client.js';
import { published } from '../../../support/aspnetcore/published.js';
import { call } from '../../../support/http-client.js';
import { run } from '../../../support/program.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { within } from '../../../support/time.js';
import type { Sluice } from '../../../support/sluice.js';
import { type Check, type Finding, finding } from './group.js';
import { addressLoses, at, ownAddress } from './kestrel-server.js';

const slow = { limitMs: 120_000 };

async function problemOf(sluice: Sluice, app: HostedApp): Promise<string> {
  return (await sluice.pool(app.pool)).applications[0]?.problem ?? '';
}

async function ownAddressWins(sluice: Sluice): Promise<Finding> {
  const facts: Record<string, boolean> = {};
  await Promise.all(
    ownAddress.map(async (kind) => {
      const { status } = await sluice.call(`/${kind}/`, slow);
      const problem = await problemOf(sluice, at(kind));
      facts[`${kind}: 502 and the port found, not ${status} ${problem}`] =
        status === 502 && /listens on port \d+ instead of \d+/.test(problem);
    }),
  );
  for (const kind of addressLoses) {
    const seen = await ask<Seen>(sluice, at(kind), '/seen');
    facts[`${kind}: served on the port it was given`] = seen.pathBase === `/${kind}`;
  }
  return finding(`${ownAddress.join(', ')}: 502.5 with the port; ${addressLoses.join(', ')}: served`, facts);
}

async function capturedStartup(sluice: Sluice): Promise<Finding> {
  const app = at('startup-throws');
  const answer = await sluice.call(`${app.base}/`, slow);
  const to = await backendOf(sluice, app);
  const wrong = await call(to.port, '/', { headers: { 'MS-ASPNETCORE-TOKEN': 'wrong' } });
  const stop = await direct(to, `${app.base}/iisintegration`, {
    method: 'POST',
    headers: { 'MS-ASPNETCORE-EVENT': 'shutdown' },
  });
  return finding(`listens and answers ${answer.status} to everything, shutdown too: ${stop.status}`, {
    'the app’s own 500 passes': answer.status === 500 && (answer.headers['content-type'] ?? '').includes('html'),
    'a wrong token: 500': wrong.status === 500,
    'the shutdown request: 500': stop.status === 500,
    'the pool runs': (await sluice.workerPids(app.pool)).length === 1,
  });
}

async function startException(sluice: Sluice): Promise<Finding> {
  const text = 'the database of the shop is not configured';
  const page = { headers: { accept: 'text/html' }, ...slow };
  const quiet = await sluice.call('/throws/', page);
  const open = await sluice.call('/throws-openly/', page);
  const [obituary] = (await sluice.pool('throws')).obituaries;
  return finding(`${open.status}, the exception in Development only`, {
    [`502.5 in Production, not ${quiet.status}`]: quiet.status === 502 && quiet.text.includes('502.5'),
    'no exception in Production': !quiet.text.includes(text),
    [`502.5 with the exception in Development, not ${open.status}`]: open.status === 502 && open.text.includes(text),
    'the exception among the last output': (obituary?.outputTail ?? '').includes(text),
  });
}

async function missingFramework(sluice: Sluice): Promise<Finding> {
  const { status } = await sluice.call('/future/', slow);
  const problem = await problemOf(sluice, at('future'));
  return finding(`${status}: ${problem}`, {
    [`a start failure, not ${status}`]: status === 502,
    'framework and version are named': /Microsoft\.(AspNetCore|NETCore)\.App 99\.0\.0/.test(problem),
  });
}

async function builders(sluice: Sluice): Promise<Finding> {
  const facts: Record<string, boolean> = {};
  for (const kind of ['slim', 'empty'] as const) {
    const seen = await ask<Seen>(sluice, at(kind), '/seen').catch(() => null);
    facts[`${kind} is served with the port in its own words`] = seen !== null;
    // Neither of them has the integration: no path base, and the fields stay.
    facts[`${kind} knows no path base`] = seen?.pathBase === '' && seen.path === `/${kind}/seen`;
  }
  return finding('CreateSlimBuilder by ASPNETCORE_URLS, CreateEmptyBuilder by --urls', facts);
}

async function exampleRuns(sluice: Sluice): Promise<Finding> {
  const seen = await ask<Readonly<Record<string, unknown>>>(sluice, at('example'), '/');
  return finding(`${String(seen['program'])} ${String(seen['version'])}`, {
    'it sees its path base': seen['pathBase'] === '/example',
    'and its client': seen['remote'] === '127.0.0.1',
  });
}

const told = [
  'ASPNETCORE_PORT',
  'ASPNETCORE_APPL_PATH',
  'ASPNETCORE_TOKEN',
  'ASPNETCORE_IIS_HTTPAUTH',
  'ASPNETCORE_IIS_WEBSOCKETS_SUPPORTED',
  'ASPNETCORE_IIS_PHYSICAL_PATH',
  'ASPNETCORE_ANCM_HTTPS_PORT',
  'ASPNETCORE_HOSTINGSTARTUPASSEMBLIES',
  'ASPNETCORE_IIS_VERSION',
  'ASPNETCORE_IIS_APP_POOL_ID',
  'ASPNETCORE_IIS_SITE_NAME',
  'ASPNETCORE_IIS_SITE_ID',
  'ASPNETCORE_IIS_APP_CONFIG_PATH',
  'ASPNETCORE_IIS_APPLICATION_ID',
  'ASPNETCORE_IIS_APPLICATION_VIRTUAL_PATH',
  'APP_POOL_ID',
];

async function variables(sluice: Sluice): Promise<Finding> {
  const seen = await ask<Readonly<Record<string, string>>>(sluice, at('hub'), '/seen/environment');
  const missing = told.filter((name) => seen[name] === undefined);
  return finding(`${told.length - missing.length} of ${told.length} variables, in ${seen['.']}`, {
    [`missing: ${missing.join(', ')}`]: missing.length === 0,
    'the current folder is the application’s': seen['.'] === (await published('probe')),
    'the path base': seen['ASPNETCORE_APPL_PATH'] === '/hub',
    'the pool': seen['APP_POOL_ID'] === 'hub',
  });
}

async function hostingStartup(sluice: Sluice): Promise<Finding> {
  const facts: Record<string, boolean> = {};
  for (const name of ['bare', 'bare-list']) {
    const app = at(name);
    const seen = await ask<Seen>(sluice, app, '/seen');
    const to = await backendOf(sluice, app);
    const { status } = await call(to.port, `${app.base}/seen`);
    facts[`${name}: path base and token, not "${seen.pathBase}" and ${status}`] =
      seen.pathBase === app.base && status === 400;
  }
  return finding(
    'a bare WebHostBuilder gets the integration; blanks, doubles and a missing assembly do no harm',
    facts,
  );
}

async function wrongPorts(sluice: Sluice): Promise<Finding> {
  const facts: Record<string, boolean> = {};
  for (const name of ['port-word', 'port-high']) {
    const { status } = await sluice.call(`/${name}/`, slow);
    const { obituaries } = await sluice.pool(name);
    const problem = await problemOf(sluice, at(name));
    facts[`${name}: refused, not ${status} ${problem}`] = status === 502 && problem.includes('ASPNETCORE_PORT');
    facts[`${name}: no process was started`] = obituaries.every((one) => one.pid <= 0);
  }
  return finding('abc and 70000 are refused before anything starts', facts);
}

async function windowsPaths(sluice: Sluice): Promise<Finding> {
  const folder = await published('web');
  const line = await run('dotnet', ['.\\Web.dll'], { cwd: folder, env: { ...process.env, HOME: folder } });
  const webConfig = readFileSync(join(folder, 'web.config'), 'utf8');
  const dll = await ask<Seen>(sluice, at('web'), '/seen');
  const exe = await ask<Seen>(sluice, at('windows'), '/seen');
  return finding(`dotnet .\\Web.dll alone: exit ${line.code}`, {
    'Linux does not know .\\Web.dll': line.code === 1,
    'the generated web.config says .\\Web.dll and runs': webConfig.includes('.\\Web.dll') && dll.pathBase === '/web',
    'that of a Windows build says .\\Web.exe and runs': exe.pathBase === '/windows',
  });
}

async function virtualSize(sluice: Sluice): Promise<Finding> {
  const first = await ask<Seen>(sluice, at('memory'), '/seen');
  const status = readFileSync(`/proc/${first.pid}/status`, 'utf8');
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? -1);
  for (let n = 0; n < 20; n += 1) await ask(sluice, at('memory'), '/seen');
  const last = await ask<Seen>(sluice, at('memory'), '/seen');
  const gigabytes = (name: string): string => (kilobytes(name) / 1_048_576).toFixed(1);
  return finding(`virtual ${gigabytes('VmSize')} GiB, resident ${gigabytes('VmRSS')} GiB`, {
    'it maps more than the limit': kilobytes('VmSize') > 2_000_000,
    'it uses less': kilobytes('VmRSS') < 2_000_000,
    'it is not replaced': first.pid === last.pid,
  });
}

/** A list of URLs in the variable of the port: what `socket: unix` rests on. */
async function socketInPortList(): Promise<Finding> {
  const folder = await published('probe');
  const home = tempFolder('u');
  const path = join(home, 'app.sock');
  const environment = { ASPNETCORE_PORT: `0;http://unix:${path}` };
  const started = (): Promise<AloneApp> => AloneApp.hosted('/sub', { folder, args: ['Probe.dll', 'hub'], environment });
  try {
    const { seen, wrong } = await withApp(started(), async (one) => {
      await one.addresses();
      const headers = { 'MS-ASPNETCORE-TOKEN': aloneToken };
      return { seen: json<Seen>(await call(path, '/sub/seen', { headers })), wrong: await call(path, '/sub/seen') };
    });
    // It was killed: its socket lies there still.
    const stale = await withApp(started(), async ({ program }) => ({
      exit: await within(60_000, 'the second start fails', program.exited),
      output: program.output(),
    }));
    return finding(`base ${seen.pathBase}, client ${seen.remoteAddress}; over a stale file: ${stale.exit.signal}`, {
      'the whole integration is there': seen.pathBase === '/sub' && wrong.status === 400,
      'no address without X-Forwarded-For': seen.remoteAddress === null,
      'a stale file prevents the next start': stale.exit.code !== 0 && stale.output.includes('address already in use'),
    });
  } finally {
    removeFolder(home);
  }
}

export const kestrelStarts: readonly Check[] = [
  { name: 'addresses in code', run: ownAddressWins },
  { name: 'a Startup class that throws listens all the same', run: capturedStartup },
  { name: 'a start-up exception is on the 502.5 page', run: startException },
  { name: 'a missing framework is told', run: missingFramework },
  { name: 'builders without the integration', run: builders },
  { name: 'the example of this repository', run: exampleRuns },
  { name: 'variables of the protocol', run: variables },
  { name: 'hosting startup assemblies', run: hostingStartup },
  { name: 'a fixed port is checked before the start', run: wrongPorts },
  { name: 'paths of Windows', run: windowsPaths },
  { name: 'a unix socket in the list of URLs', run: socketInPortList },
  { name: 'memory is not virtual size', run: virtualSize },
];

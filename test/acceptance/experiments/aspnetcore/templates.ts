/**
 * What `dotnet new web` and `dotnet new webapi` give, published in three ways, at / and at /sub: portable
 * from its generated web.config, `-r linux-x64` and single file (both without one) by detection.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import {
  ask,
  backendOf,
  direct,
  type HostedApp,
  json,
  type Seen,
  seenFrom,
  shutdown,
} from '../../../support/aspnetcore/app-client.js';
import { type AppName, published } from '../../../support/aspnetcore/published.js';
import { call } from '../../../support/http-client.js';
import { isAlive } from '../../../support/processes.js';
import { RawClient } from '../../../support/raw-client.js';
import type { Settings, Sluice } from '../../../support/sluice.js';
import { until, within } from '../../../support/time.js';
import { type Check, type Finding, finding, type Group } from './group.js';

interface Variant {
  readonly name: AppName;
  /** Of its site and pools. */
  readonly label: string;
  readonly hosting?: Settings;
}

const installedRuntime: readonly Variant[] = [
  ...(['web', 'web-linux', 'web-single', 'webapi', 'webapi-linux', 'webapi-single'] as const).map((name) => ({
    name,
    label: name,
  })),
  { name: 'web', label: 'web-unix', hosting: { socket: 'unix' } },
];

interface Template extends HostedApp, Variant {}

function atBothPaths(variant: Variant): readonly Template[] {
  return ['', '/sub'].map((base) => ({
    ...variant,
    host: `${variant.label}.test`,
    base,
    pool: `${variant.label}${base.replace('/', '-')}`,
  }));
}

/** A client that a trusted proxy speaks for. */
const proxied = { 'X-Forwarded-For': '203.0.113.7:51234', 'X-Forwarded-Proto': 'https' };

async function sees(sluice: Sluice, app: Template): Promise<Finding> {
  const host = `${app.host}:8443`;
  const { seen, localPort } = await seenFrom(sluice, `${app.base}/seen?a=%20b`, { Host: host });
  const behind = await seenFrom(sluice, `${app.base}/seen`, { Host: host, ...proxied });
  const spelling = app.base.toUpperCase();
  const upper = await seenFrom(sluice, `${spelling}/seen`, { Host: host });
  const client = `${seen.remoteAddress} port ${seen.remotePort}`;
  return finding(`${seen.scheme}://${seen.host}, base "${seen.pathBase}", client ${client}`, {
    'scheme http': seen.scheme === 'http',
    'scheme https when a trusted proxy says so': behind.seen.scheme === 'https',
    [`host ${host}`]: seen.host === host,
    [`path base ${app.base}`]: seen.pathBase === app.base,
    'path and query without the base': seen.path === '/seen' && seen.query === '?a=%20b',
    [`path base as the client spells it, not ${upper.seen.pathBase}`]: upper.seen.pathBase === spelling,
    [`remote address and port, 127.0.0.1:${localPort}`]: client === `127.0.0.1 port ${localPort}`,
    'remote address and port behind a trusted proxy':
      behind.seen.remoteAddress === '203.0.113.7' && behind.seen.remotePort === 51_234,
    'no forwarding field left': seen.headers['x-forwarded-for'] === undefined,
    // Kestrel knows no peer on a unix socket.
    'X-Original-For as Kestrel leaves it':
      (seen.headers['x-original-for'] !== undefined) === (app.hosting?.['socket'] !== 'unix'),
  });
}

async function runsAsPublished(sluice: Sluice, app: Template): Promise<Finding> {
  const isApi = app.name.startsWith('webapi');
  const answer = await sluice.call(`${app.base}${isApi ? '/weatherforecast' : '/'}`, { host: app.host });
  const right = isApi ? json<unknown[]>(answer).length === 5 : answer.text === 'Hello World!';
  const { applications } = await sluice.pool(app.pool);
  const hasWebConfig = existsSync(join(await published(app.name), 'web.config'));
  return finding(`${answer.status}, web.config: ${hasWebConfig ? 'generated' : 'none, detected'}`, {
    [`its own page, not ${answer.text.slice(0, 100)}`]: right,
    'web.config is there for portable output only': hasWebConfig === !app.name.includes('-'),
    ready: applications[0]?.state === 'ready',
  });
}

async function tunnels(sluice: Sluice, app: Template): Promise<Finding> {
  const socket = new WebSocket(`ws://127.0.0.1:${sluice.port}${app.base}/seen/ws`, { headers: { host: app.host } });
  const large = Buffer.alloc(100_000, 'k');
  const done = new Promise<{ text: string; bytes: Buffer; code: number; reason: string }>((resolve, reject) => {
    let text = '';
    const pieces: Buffer[] = [];
    socket.once('error', reject);
    socket.once('open', () => socket.send('hello kestrel'));
    socket.on('message', (data: Buffer, binary) => {
      if (binary) pieces.push(data);
      else {
        text = data.toString();
        socket.send(large);
      }
      if (Buffer.concat(pieces).length === large.length) socket.close(4001, 'enough');
    });
    socket.once('close', (code, reason) =>
      resolve({ text, bytes: Buffer.concat(pieces), code, reason: reason.toString() }),
    );
  });
  const { text, bytes, code, reason } = await within(60_000, 'the echoes', done);
  return finding(`text, ${bytes.length} bytes, close ${code}`, {
    'text comes back': text === 'hello kestrel',
    'bytes come back': bytes.equals(large),
    [`close code and reason come back, not ${code} ${reason}`]: code === 4001 && reason === 'enough',
  });
}

interface Counts {
  readonly held: number;
  readonly aborted: number;
}

async function noticesLeaving(sluice: Sluice, app: Template): Promise<Finding> {
  const counts = (): Promise<Counts> => ask<Counts>(sluice, app, '/seen/counts');
  const before = await counts();
  const ways = [(client: RawClient) => client.reset(), (client: RawClient) => client.end()];
  for (const [index, leave] of ways.entries()) {
    const client = await RawClient.connect(sluice.port);
    client.send(`GET ${app.base}/seen/hold HTTP/1.1\r\nHost: ${app.host}\r\n\r\n`);
    await until('the request runs', async () => (await counts()).held === before.held + index + 1);
    leave(client);
    await until('RequestAborted', async () => (await counts()).aborted === before.aborted + index + 1);
    client.close();
  }
  return finding('RequestAborted after RST and after FIN', {});
}

async function guardsItsPort(sluice: Sluice, app: Template): Promise<Finding> {
  await ask<Seen>(sluice, app, '/seen');
  const to = await backendOf(sluice, app);
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await call(to.port, `${app.base}/seen`, { headers })).status;
  const wrong = await status({ 'MS-ASPNETCORE-TOKEN': 'wrong' });
  return finding(`${wrong}`, {
    'no token: 400': (await status({})) === 400,
    'a wrong token: 400': wrong === 400,
    'the right token in other case: 400': (await status({ 'MS-ASPNETCORE-TOKEN': to.token.toUpperCase() })) === 400,
    'the right token passes': (await direct(to, `${app.base}/seen`)).status === 200,
    'a token from a client is not used':
      (await sluice.call(`${app.base}/seen`, { host: app.host, headers: { 'MS-ASPNETCORE-TOKEN': 'wrong' } }))
        .status === 200,
  });
}

/** Last: it ends the process. */
async function stopsPolitely(sluice: Sluice, app: Template): Promise<Finding> {
  const first = await ask<Seen>(sluice, app, '/seen');
  const byClient = await sluice.call(`${app.base}/iisintegration`, { ...shutdown, host: app.host });
  const to = await backendOf(sluice, app);
  const answer = await direct(to, `${app.base}/iisintegration`, shutdown);
  await until('the app ends by itself', () => !isAlive(to.pid));
  const obituary = await until('its obituary', async () =>
    (await sluice.pool(app.pool)).obituaries.find((one) => one.pid === to.pid),
  );
  const again = await ask<Seen>(sluice, app, '/seen');
  return finding(`${answer.status}, exit code ${obituary.code}`, {
    [`a client cannot stop it (${byClient.status})`]: byClient.status === 404,
    'the shutdown request: 202': answer.status === 202,
    'exit code 0': obituary.code === 0,
    'the same process until then': first.pid === to.pid,
    'and the next request starts another': again.pid !== to.pid,
  });
}

const kinds: readonly { readonly what: string; readonly run: (sluice: Sluice, app: Template) => Promise<Finding> }[] = [
  { what: 'runs as published', run: runsAsPublished },
  { what: 'scheme, host, PathBase, remote address and port', run: sees },
  { what: 'WebSocket', run: tunnels },
  { what: 'client disconnect', run: noticesLeaving },
  { what: 'wrong token 400', run: guardsItsPort },
  { what: 'shutdown 202, exit 0', run: stopsPolitely },
];

function checksOf(app: Template): Check[] {
  return kinds.map(({ what, run }) => ({
    name: `${app.label} at ${app.base || '/'}: ${what}`,
    run: (sluice) => run(sluice, app),
  }));
}

async function siteOf(variant: Variant): Promise<(port: number) => Settings> {
  const { name, label, hosting } = variant;
  const physicalPath = await published(name);
  return (port) => ({
    name: label,
    bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${label}.test` }],
    applications: atBothPaths(variant).map(({ base, pool }) => ({
      path: base || '/',
      applicationPool: pool,
      physicalPath,
      ...(hosting === undefined ? {} : { hosting }),
    })),
  });
}

function groupOf(name: string, promise: string, variants: readonly Variant[]): Group {
  const apps = variants.flatMap(atBothPaths);
  return {
    name,
    promise,
    async server() {
      const sites = await Promise.all(variants.map(siteOf));
      return {
        server: { trustedProxies: ['127.0.0.1'] },
        applicationPools: apps.map(({ pool }) => ({ name: pool })),
        sites: (port) => sites.map((site) => site(port)),
      };
    },
    checks: apps.flatMap(checksOf),
  };
}

export const templates = groupOf(
  'templates',
  '`dotnet new web` and `webapi --no-openapi`: portable from the generated web.config, also on a unix socket, `-r linux-x64` and single file by detection, at / and at /sub',
  installedRuntime,
);

/** Not a test of jest: publishing fetches the runtime from NuGet. */
export const selfContained = groupOf(
  'self-contained',
  '`dotnet new web` published with its own runtime, as a folder and as a single file, found by detection',
  [
    { name: 'web-self-contained', label: 'own-runtime' },
    { name: 'web-self-contained-single', label: 'own-runtime-single' },
  ],
);

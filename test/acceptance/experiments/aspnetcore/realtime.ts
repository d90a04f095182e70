/** Long-lived connections of real apps: a SignalR hub and a Blazor Server circuit, at / and at /sub. */
import { ask, type HostedApp } from '../../../support/aspnetcore/app-client.js';
import { blazorpackProtocol, cookieAfter, HubClient, jsonProtocol } from '../../../support/aspnetcore/hub-client.js';
import { published } from '../../../support/aspnetcore/published.js';
import type { Sluice } from '../../../support/sluice.js';
import { until } from '../../../support/time.js';
import { type Check, type Finding, finding, type Group } from './group.js';

const bases = ['', '/sub'] as const;

function appOf(name: string, base: string): HostedApp {
  return { host: `${name}.test`, base, pool: `${name}${base.replace('/', '-')}` };
}

async function hubTalks(sluice: Sluice, app: HostedApp): Promise<Finding> {
  const address = { port: sluice.port, host: app.host, path: `${app.base}/hub` };
  const one = await HubClient.connect(address, jsonProtocol);
  const other = await HubClient.connect(address, jsonProtocol);
  try {
    const text = await one.invoke('Echo', 'grüße ✓');
    const numbers = await one.stream('CountTo', 100);
    const who = (await one.invoke('WhoAmI')) as Record<string, unknown>;
    await one.invoke('Say', 'to all');
    await other.waitFor('the broadcast', ({ target, values }) => target === 'said' && values[0] === 'to all');
    return finding(`invoke, stream of ${numbers.length}, broadcast; client ${String(who['remoteAddress'])}`, {
      'an invocation is answered': text === 'grüße ✓',
      'a stream arrives in order': numbers.every((value, index) => value === index + 1) && numbers.length === 100,
      [`the hub sees the client, not ${JSON.stringify(who)}`]:
        who['scheme'] === 'http' && who['pathBase'] === app.base && who['remoteAddress'] === '127.0.0.1',
    });
  } finally {
    one.close();
    other.close();
  }
}

/** What the page of a Blazor Server app gives to the browser's script. */
interface Page {
  readonly state: string;
  readonly markers: readonly Readonly<Record<string, unknown>>[];
}

function readPage(html: string): Page {
  const state = /<!--Blazor-Server-Component-State:([^>]*?)-->/.exec(html)?.[1] ?? '';
  const markers = [...html.matchAll(/<!--Blazor:(\{.*?\})-->/g)]
    .map((match) => JSON.parse(match[1] ?? '') as Record<string, unknown>)
    // The others end what one of these began.
    .filter((marker) => marker['type'] === 'server');
  return { state, markers };
}

async function circuitOpens(sluice: Sluice, app: HostedApp): Promise<Finding> {
  const page = await sluice.call(`${app.base}/counter`, { host: app.host, limitMs: 120_000 });
  const { state, markers } = readPage(page.text);
  const address = { port: sluice.port, host: app.host, path: `${app.base}/_blazor`, cookie: cookieAfter(page) };
  const circuit = await HubClient.connect(address, blazorpackProtocol);
  try {
    const root = `http://${app.host}${app.base}/`;
    const id = await circuit.invoke('StartCircuit', root, `${root}counter`, '[]', state);
    const operations = markers.map((marker, index) => ({ type: 'add', ssrComponentId: index + 1, marker }));
    // No answer is promised: what it does is seen by what it sends.
    void circuit
      .invoke('UpdateRootComponents', JSON.stringify({ batchId: 1, operations }), state)
      .catch(() => undefined);
    const attached = await circuit.waitFor('JS.AttachComponent', ({ target }) => target === 'JS.AttachComponent');
    const batch = await circuit.waitFor(
      'a rendered counter',
      ({ target, values }) => target === 'JS.RenderBatch' && (values[1] as Buffer).includes('Current count: '),
    );
    return finding(
      `circuit ${String(id).length > 0 ? 'started' : 'none'}, batch of ${(batch.values[1] as Buffer).length} bytes`,
      {
        'the page is rendered by the server': page.status === 200 && page.text.includes('Current count: 0'),
        'the page names a component and its state': markers.length > 0,
        'StartCircuit gives an id': typeof id === 'string' && id !== '',
        'a component is attached': attached.values.length > 0,
      },
    );
  } finally {
    circuit.close();
  }
}

const garden: HostedApp = { host: 'garden.test', base: '', pool: 'garden' };
const gardenWorkers = 3;

/** Page, negotiation and WebSocket of one client are three connections, and only one worker knows it. */
async function circuitsOpenInGarden(sluice: Sluice): Promise<Finding> {
  await sluice.call('/counter', { host: garden.host, limitMs: 120_000 });
  await until('three workers', async () => (await sluice.workerPids(garden.pool)).length === gardenWorkers, {
    withinMs: 120_000,
  });
  const broken: string[] = [];
  const clients = 6;
  for (let client = 0; client < clients; client += 1) broken.push(...(await circuitOpens(sluice, garden)).broken);
  return { measured: `${clients} circuits on ${gardenWorkers} workers`, broken };
}

/** The stop of a pool with an open circuit or hub connection has to end it. */
async function hubClosesOnStop(sluice: Sluice): Promise<Finding> {
  const app = appOf('hub', '');
  const address = { port: sluice.port, host: app.host, path: '/hub' };
  const client = await HubClient.connect(address, jsonProtocol);
  const { pid } = await ask<{ readonly pid: number }>(sluice, app, '/seen');
  process.kill(pid, 'SIGTERM');
  const { code } = await until('the connection closes', () => client.closed, { withinMs: 60_000 });
  const obituary = await until(
    'its obituary',
    async () => (await sluice.pool(app.pool)).obituaries.find((one) => one.pid === pid),
    { withinMs: 60_000 },
  );
  const again = await HubClient.connect(address, jsonProtocol);
  const text = await again.invoke('Echo', 'again');
  again.close();
  return finding(`close ${code}, exit code ${obituary.code}; the next connection reaches a new process`, {
    'exit code 0': obituary.code === 0,
    'the next connection is served': text === 'again',
  });
}

const checks: readonly Check[] = [
  ...bases.flatMap((base) => [
    { name: `SignalR hub at ${base || '/'}`, run: (sluice: Sluice) => hubTalks(sluice, appOf('hub', base)) },
    { name: `Blazor circuit at ${base || '/'}`, run: (sluice: Sluice) => circuitOpens(sluice, appOf('blazor', base)) },
  ]),
  { name: 'Blazor circuits on three workers with affinity', run: circuitsOpenInGarden },
  { name: 'a process that ends closes its hub connections', run: hubClosesOnStop },
];

export const realtime: Group = {
  name: 'realtime',
  promise: 'a SignalR hub and a Blazor Server circuit work over WebSocket, at / and at /sub',
  async server() {
    const folders = [
      { name: 'hub', physicalPath: await published('probe') },
      { name: 'blazor', physicalPath: await published('blazor') },
    ];
    return {
      applicationPools: [
        ...folders.flatMap(({ name }) => bases.map((base) => ({ name: appOf(name, base).pool }))),
        { name: garden.pool, affinity: 'cookie', processModel: { maxProcesses: gardenWorkers } },
      ],
      sites: (port) => [
        {
          name: 'garden',
          bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${garden.host}` }],
          applications: [{ path: '/', applicationPool: garden.pool, physicalPath: folders[1]?.physicalPath }],
        },
        ...folders.map(({ name, physicalPath }) => ({
          name,
          bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${name}.test` }],
          applications: bases.map((base) => ({
            path: base || '/',
            applicationPool: appOf(name, base).pool,
            physicalPath,
          })),
        })),
      ],
    };
  },
  checks,
};

/** What Kestrel does with requests under the module's protocol, where that is not what one would expect. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { ask, backendOf, direct, type Seen, seenFrom } from '../../../support/aspnetcore/app-client.js';
import { AloneApp, aloneToken, withApp } from '../../../support/aspnetcore/alone.js';
import { published } from '../../../support/aspnetcore/published.js';
import { RawClient } from '../../../support/raw-client.js';
import type { Sluice } from '../../../support/sluice.js';
import { within } from '../../../support/time.js';
import { type Check, type Finding, finding } from './group.js';
import { at } from './kestrel-server.js';

/** Kestrel's own limit; a body of one byte more. */
const kestrelLimitBytes = 30_000_000;

/** Uploads `bytes` of a body that says it has `length`; an answer may come before the end. */
async function upload(
  sluice: Sluice,
  path: string,
  length: number,
  bytes = length,
): Promise<{ status: string; body: string }> {
  const client = await RawClient.connect(sluice.port);
  try {
    await client.upload(
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`,
      bytes,
    );
    const text = await client.finishes(120_000);
    return { status: text.slice(9, 12), body: text.slice(text.indexOf('\r\n\r\n') + 4) };
  } finally {
    client.close();
  }
}

async function bodyLimit(sluice: Sluice): Promise<Finding> {
  // Started by requests of their own: an upload waits in no queue.
  for (const name of ['web', 'cleared', 'hub']) await ask(sluice, at(name), '/seen');
  const whole = await upload(sluice, '/web/seen/count', kestrelLimitBytes);
  // Refused early: Kestrel resets the connection right after its answer, and what is still on its way may cost it.
  const beyond = await upload(sluice, '/web/seen/count', kestrelLimitBytes + 1, 1_000);
  const ignored = await upload(sluice, '/web/seen/ignore', kestrelLimitBytes + 1, 1_000);
  const cleared = await upload(sluice, '/cleared/seen/count', kestrelLimitBytes + 1);
  const refused = await upload(sluice, '/hub/seen/count', kestrelLimitBytes + 1, 1_000);
  const counted = (bytes: number): string => JSON.stringify({ bytes });
  return finding(
    `30,000,001 bytes: ${beyond.status} read, ${ignored.status} unread, ${cleared.status} with the switch`,
    {
      [`the limit itself passes, not ${whole.status}`]: whole.body === counted(kestrelLimitBytes),
      [`the app's 413 passes, not ${beyond.status}`]: beyond.status === '413' && beyond.body === '',
      [`an app that does not read is not disturbed, ${ignored.status}`]: ignored.status === '200',
      [`ClearMaxRequestBodySize lifts it, ${cleared.status}`]: cleared.body === counted(kestrelLimitBytes + 1),
      [`without maxAllowedContentLength the refusal is our own, ${JSON.stringify(refused)}`]:
        refused.status === '413' && refused.body !== '',
    },
  );
}

async function exactNamesOnly(sluice: Sluice): Promise<Finding> {
  const values = { PORT: '20999', TOKEN: aloneToken, APPL_PATH: '/x' };
  const named = (prefix: string) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
  const lower = Object.fromEntries(
    Object.entries(named('ASPNETCORE_')).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const forms = [
    { what: 'DOTNET_*', environment: named('DOTNET_'), args: [] },
    { what: 'bare names', environment: named(''), args: [] },
    { what: 'lower case', environment: lower, args: [] },
    { what: 'arguments', environment: {}, args: Object.entries(values).map(([name, value]) => `--${name}=${value}`) },
  ];
  const folder = await published('probe');
  const facts: Record<string, boolean> = {};
  for (const { what, environment, args } of forms) {
    const started = AloneApp.plain({
      folder,
      args: ['Probe.dll', 'hub', ...args],
      environment: { ...environment, ASPNETCORE_URLS: 'http://127.0.0.1:0' },
    });
    const addresses = await withApp(started, (one) => one.addresses());
    facts[`${what} do not engage the integration: ${addresses.join()}`] = !addresses.join().includes(values.PORT);
  }
  await ask(sluice, at('hub'), '/seen');
  const { environment } = await backendOf(sluice, at('hub'));
  for (const name of ['ASPNETCORE_PORT', 'ASPNETCORE_APPL_PATH', 'ASPNETCORE_TOKEN']) {
    facts[`${name} is set`] = (environment.get(name) ?? '') !== '';
  }
  return finding(`${forms.map(({ what }) => what).join(', ')}: not engaged; ASPNETCORE_*: engaged`, facts);
}

async function webSocketSwitch(sluice: Sluice): Promise<Finding> {
  await ask(sluice, at('hub'), '/seen');
  const own = (await backendOf(sluice, at('hub'))).environment.get('ASPNETCORE_IIS_WEBSOCKETS_SUPPORTED');
  const upgrade =
    'GET /seen/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    `MS-ASPNETCORE-TOKEN: ${aloneToken}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  const statusWith = async (value: string): Promise<string> => {
    const environment = { ASPNETCORE_IIS_WEBSOCKETS_SUPPORTED: value };
    const started = AloneApp.hosted('/', { folder: await published('probe'), args: ['Probe.dll', 'hub'], environment });
    return withApp(started, async (one) => {
      await one.addresses();
      const client = await RawClient.connect(one.port);
      client.send(upgrade);
      const text = await client.receives(/^HTTP\/1\.1 \d{3}/, 60_000);
      client.close();
      return text.slice(9, 12);
    });
  };
  const on = await statusWith('TRUE');
  const off = await statusWith('false');
  return finding(`true: ${on}, false: ${off}; we say ${own}`, {
    'true in any case: upgraded': on === '101',
    'false: no WebSocket': off === '400',
    'Sluice says true, so no rule about the kernel applies': own === 'true',
  });
}

async function hostFilterFirst(sluice: Sluice): Promise<Finding> {
  const good = await sluice.call('/allowed/seen', { host: 'shop.example', limitMs: 120_000 });
  const to = await backendOf(sluice, at('allowed'));
  const wrong = { 'MS-ASPNETCORE-TOKEN': 'wrong' };
  const foreign = await direct(to, '/allowed/seen', { host: 'other.example', headers: wrong });
  const known = await direct(to, '/allowed/seen', { host: 'shop.example', headers: wrong });
  const passed = await sluice.call('/allowed/seen', { host: 'other.example' });
  return finding(`foreign host: ${foreign.status}, ${foreign.body.length} bytes whatever the token`, {
    'the allowed host is served': good.status === 200,
    'a foreign host: 400 with a page': foreign.status === 400 && foreign.text.includes('Invalid Hostname'),
    'a wrong token for the allowed host: 400, empty': known.status === 400 && known.body.length === 0,
    'the app’s page passes to the client': passed.status === 400 && passed.text === foreign.text,
  });
}

async function windowsTokens(sluice: Sluice): Promise<Finding> {
  const header = 'MS-ASPNETCORE-WINAUTHTOKEN';
  const through = await ask<Seen>(sluice, at('hub'), '/seen', { headers: { [header]: '1' } });
  const { environment } = await backendOf(sluice, at('hub'));
  const started = AloneApp.hosted('/', {
    folder: await published('probe'),
    args: ['Probe.dll', 'hub'],
    environment: { ASPNETCORE_IIS_HTTPAUTH: 'windows;' },
  });
  const [without, withToken] = await withApp(started, async (one) => [
    (await one.call('/seen')).status,
    (await one.call('/seen', { headers: { [header]: '1' } })).status,
  ]);
  return finding(`windows; without the field ${without}, with it ${withToken}`, {
    'only the field makes it fail': without === 200 && withToken === 500,
    'Sluice says anonymous;': environment.get('ASPNETCORE_IIS_HTTPAUTH') === 'anonymous;',
    'a client’s field does not arrive': through.headers[header.toLowerCase()] === undefined,
  });
}

async function neverHalfCloses(sluice: Sluice): Promise<Finding> {
  const late = await ask<{ late: boolean }>(sluice, at('hub'), '/seen/late', { method: 'POST', body: 'all of it' });
  const to = await backendOf(sluice, at('hub'));
  const client = await RawClient.connect(to.port);
  client.send(`GET /hub/seen/late HTTP/1.1\r\nHost: a\r\nMS-ASPNETCORE-TOKEN: ${to.token}\r\n\r\n`);
  client.end();
  const answered = await client.finishes(60_000);
  client.close();
  return finding(`${answered.length} bytes to a client that sent FIN; the answer to a complete request arrives`, {
    'Kestrel gives no answer after FIN': answered === '',
    'an answer long after the request arrives': late.late,
  });
}

async function oneForwardedValue(sluice: Sluice): Promise<Finding> {
  const fields = { 'X-Forwarded-For': '203.0.113.9:1', 'X-Forwarded-Proto': 'https', 'X-Original-For': '203.0.113.8' };
  const { seen, localPort } = await seenFrom(sluice, '/hub/seen', { Host: 'a', ...fields });
  return finding(`${seen.remoteAddress}:${seen.remotePort}, ${seen.scheme}`, {
    'a client cannot name another address': seen.remoteAddress === '127.0.0.1' && seen.remotePort === localPort,
    'nor another scheme': seen.scheme === 'http',
    'nor leave X-Original-For': seen.headers['x-original-for'] !== fields['X-Original-For'],
  });
}

async function echoed(sluice: Sluice, path: string): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${sluice.port}${path}`);
  try {
    await within(60_000, 'the WebSocket opens', once(socket, 'open'));
    socket.send('over two');
    const [message] = await within(60_000, 'an echo', once(socket, 'message'));
    return String(message);
  } finally {
    socket.terminate();
  }
}

/** Kestrel with Http2 alone answers HTTP/1.1 with 400: whatever works came over HTTP/2. */
async function http2Alone(sluice: Sluice): Promise<Finding> {
  const app = at('http2');
  const seen = await ask<Seen>(sluice, app, '/seen', { host: 'shop.example' });
  const { status: refused } = await direct(await backendOf(sluice, app), '/http2/seen', {});
  const { bytes } = await ask<{ bytes: number }>(sluice, app, '/seen/count', {
    method: 'POST',
    body: 'x'.repeat(900_000),
  });
  const many = await Promise.all(Array.from({ length: 150 }, () => ask<Seen>(sluice, app, '/seen')));
  const echo = await echoed(sluice, '/http2/seen/ws');
  return finding(`HTTP/1.1 gets ${refused}; 151 requests, ${bytes} bytes, "${echo}" through a WebSocket`, {
    'it speaks no HTTP/1.1': refused === 400,
    'host, path base and client are as ever':
      seen.host === 'shop.example' && seen.pathBase === '/http2' && seen.remoteAddress === '127.0.0.1',
    'a body arrives': bytes === 900_000,
    'more requests at once than a connection takes': many.every(({ pid }) => pid === seen.pid),
    'a WebSocket of HTTP/1.1 is an extended CONNECT for it': echo === 'over two',
  });
}

export const kestrelRequests: readonly Check[] = [
  { name: 'request body limit of the app', run: bodyLimit },
  { name: 'only ASPNETCORE_* engages the integration', run: exactNamesOnly },
  { name: 'the WebSocket switch is said, not left to the kernel version', run: webSocketSwitch },
  { name: 'host filtering comes before the token', run: hostFilterFirst },
  { name: 'Windows tokens never reach the app', run: windowsTokens },
  { name: 'never half-closed towards the app', run: neverHalfCloses },
  { name: 'forged forwarding fields', run: oneForwardedValue },
  { name: 'an app that speaks HTTP/2 alone', run: http2Alone },
];

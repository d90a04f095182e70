/** How real apps are asked to stop, and what they make of it. */
import { WebSocket } from 'ws';
import {
  ask,
  type Backend,
  backendOf,
  direct,
  type HostedApp,
  type Seen,
  shutdown,
} from '../../../support/aspnetcore/app-client.js';
import type { Answer, Call } from '../../../support/http-client.js';
import { isAlive } from '../../../support/processes.js';
import { RawClient } from '../../../support/raw-client.js';
import type { Sluice } from '../../../support/sluice.js';
import { until, within } from '../../../support/time.js';
import { type Check, type Finding, finding } from './group.js';
import { at } from './kestrel-server.js';

/** A running process of the app; the first request starts one. */
async function running(sluice: Sluice, app: HostedApp): Promise<Backend> {
  await ask<Seen>(sluice, app, '/seen', { host: 'shop.example' });
  return backendOf(sluice, app);
}

async function exitCodeOf(sluice: Sluice, app: HostedApp, pid: number): Promise<number | null> {
  await until('the app ends by itself', () => !isAlive(pid), { withinMs: 60_000 });
  const obituary = await until('its obituary', async () =>
    (await sluice.pool(app.pool)).obituaries.find((one) => one.pid === pid),
  );
  return obituary.code;
}

/** Node's client refuses to send an empty Host. */
async function stopWithHost(to: Backend, base: string, host: string): Promise<string> {
  const client = await RawClient.connect(to.port);
  client.send(
    `POST ${base}/iisintegration HTTP/1.1\r\nHost: ${host}\r\nMS-ASPNETCORE-EVENT: shutdown\r\n` +
      `MS-ASPNETCORE-TOKEN: ${to.token}\r\nContent-Length: 0\r\n\r\n`,
  );
  const text = await client.receives(/^HTTP\/1\.1 \d{3}/, 60_000);
  client.close();
  return text.slice(9, 12);
}

async function emptyHost(sluice: Sluice): Promise<Finding> {
  const app = at('allowed');
  const to = await running(sluice, app);
  const named = await stopWithHost(to, app.base, `127.0.0.1:${to.port}`);
  const alive = isAlive(to.pid);
  const empty = await stopWithHost(to, app.base, '');
  const code = await exitCodeOf(sluice, app, to.pid);
  return finding(`Host 127.0.0.1: ${named}; empty Host: ${empty}, exit code ${code}`, {
    'the port’s own name is refused and stops nothing': named === '400' && alive,
    'an empty Host: 202 and exit code 0': empty === '202' && code === 0,
  });
}

async function notAShutdown(sluice: Sluice): Promise<Finding> {
  const app = at('hub');
  const to = await running(sluice, app);
  const forms: readonly (readonly [string, string, Call])[] = [
    ['GET', '/hub/iisintegration', { headers: shutdown.headers }],
    ['without the event', '/hub/iisintegration', { method: 'POST' }],
    ['with a slash at the end', '/hub/iisintegration/', shutdown],
    [
      'event said twice',
      '/hub/iisintegration',
      { method: 'POST', headers: { 'MS-ASPNETCORE-EVENT': 'shutdown, shutdown' } },
    ],
  ];
  const facts: Record<string, boolean> = {};
  for (const [what, path, how] of forms) {
    const { status } = await direct(to, path, how);
    facts[`${what}: 404, not ${status}`] = status === 404;
  }
  for (const path of ['/hub/iisintegration', '/hub/IISINTEGRATION', '/hub/iisintegration?now', '/iisintegration']) {
    const { status } = await sluice.call(path, shutdown);
    facts[`a client’s ${path}: 404, not ${status}`] = status === 404;
  }
  facts['the app lives'] = isAlive(to.pid);
  return finding(`${forms.length} forms are the app’s own business, and no client can stop it`, facts);
}

async function shutdownForms(sluice: Sluice): Promise<Finding> {
  const app = at('hub');
  const forms: readonly (readonly [string, string, Call])[] = [
    ['outside the path base', '/iisintegration', shutdown],
    ['upper case', '/hub/IISINTEGRATION', shutdown],
    ['with a query', '/hub/iisintegration?now=1', shutdown],
    ['event in other case', '/hub/iisintegration', { method: 'POST', headers: { 'MS-ASPNETCORE-EVENT': 'ShutDown' } }],
  ];
  const facts: Record<string, boolean> = {};
  for (const [what, path, how] of forms) {
    const to = await running(sluice, app);
    const { status } = await direct(to, path, how);
    const code = await exitCodeOf(sluice, app, to.pid);
    facts[`${what}: 202 and exit code 0, not ${status} and ${code}`] = status === 202 && code === 0;
  }
  return finding(`${forms.map(([what]) => what).join(', ')}: 202, exit code 0`, facts);
}

async function answerOrCut(answer: Promise<Answer>): Promise<string> {
  try {
    return String((await answer).status);
  } catch {
    return 'cut';
  }
}

/** One second instead of the 30 s of the framework. */
async function shutdownTime(sluice: Sluice): Promise<Finding> {
  const facts: Record<string, boolean> = {};
  const seen: string[] = [];
  for (const name of ['stop-dotnet', 'stop-aspnetcore']) {
    const app = at(name);
    const to = await running(sluice, app);
    const socket = new WebSocket(`ws://127.0.0.1:${sluice.port}${app.base}/seen/ws`);
    const closed = new Promise<number>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', resolve);
    });
    await within(60_000, 'the WebSocket opens', new Promise((resolve) => socket.once('open', resolve)));
    // A POST: a GET would rightly be sent to the next process.
    const held = answerOrCut(sluice.call(`${app.base}/seen/hold`, { method: 'POST', body: 'x', limitMs: 120_000 }));
    await until('it is held', async () => (await ask<{ held: number }>(sluice, app, '/seen/counts')).held === 1);
    const { status } = await direct(to, `${app.base}/iisintegration`, shutdown);
    const code = await exitCodeOf(sluice, app, to.pid);
    const close = await within(60_000, 'the WebSocket ends', closed);
    const answer = await held;
    seen.push(`${name}: ${status}, exit ${code}, request ${answer}, WebSocket ${close}`);
    facts[`${name}: 202 and exit code 0, not ${status} and ${code}`] = status === 202 && code === 0;
    facts[`${name}: the request ends without a good answer, not ${answer}`] = answer === 'cut' || answer === '502';
    facts[`${name}: the WebSocket ends, ${close}`] = close !== 1000;
  }
  return finding(seen.join('; '), facts);
}

export const kestrelStops: readonly Check[] = [
  { name: 'an empty Host passes AllowedHosts', run: emptyHost },
  { name: 'what is no shutdown request', run: notAShutdown },
  { name: 'what is a shutdown request', run: shutdownForms },
  { name: 'SHUTDOWNTIMEOUTSECONDS ends what holds the stop', run: shutdownTime },
];

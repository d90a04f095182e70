/** What tests ask a hosted app, through Sluice and past it. */
import { readFileSync } from 'node:fs';
import { readListeners } from '../../../pools/runtimes/out-of-process/listeners.js';
import { portsOf } from '../../../pools/runtimes/out-of-process/port-look.js';
import { type Answer, type Call, call } from '../http-client.js';
import { RawClient } from '../raw-client.js';
import type { Sluice } from '../sluice.js';
import { until } from '../time.js';

/** What test/apps/dotnet/Seen.cs tells about a request. */
export interface Seen {
  readonly pid: number;
  readonly method: string;
  readonly scheme: string;
  readonly host: string;
  readonly pathBase: string;
  readonly path: string;
  readonly query: string;
  readonly remoteAddress: string | null;
  readonly remotePort: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** An app under test: site by Host header, '' or '/sub', and the pool of its own. */
export interface HostedApp {
  readonly host: string;
  readonly base: string;
  readonly pool: string;
}

export function json<T>(answer: Answer): T {
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text.slice(0, 2_000)}`);
  return JSON.parse(answer.text) as T;
}

export async function ask<T>(sluice: Sluice, app: HostedApp, path: string, how: Call = {}): Promise<T> {
  return json<T>(await sluice.call(`${app.base}${path}`, { host: app.host, limitMs: 120_000, ...how }));
}

/** One request on a connection of its own, whose port the app should see. */
export async function seenFrom(
  sluice: Sluice,
  target: string,
  fields: Readonly<Record<string, string>>,
): Promise<{ readonly seen: Seen; readonly localPort: number }> {
  const client = await RawClient.connect(sluice.port);
  try {
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    client.send(`GET ${target} HTTP/1.1\r\n${lines.join('')}Connection: close\r\n\r\n`);
    const text = await client.finishes(120_000);
    if (!text.startsWith('HTTP/1.1 200')) throw new Error(text.slice(0, 2_000));
    return {
      seen: JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as Seen,
      localPort: client.socket.localPort ?? -1,
    };
  } finally {
    client.close();
  }
}

/** The running process behind an app, as its own environment describes it. */
export interface Backend {
  readonly pid: number;
  /** Loopback port. */
  readonly port: number;
  readonly token: string;
  readonly environment: ReadonlyMap<string, string>;
}

export async function backendOf(sluice: Sluice, app: HostedApp): Promise<Backend> {
  const pid = await until('a worker runs', async () => (await sluice.workerPids(app.pool))[0]);
  return backend(pid);
}

export function backend(pid: number): Backend {
  const lines = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  const environment = new Map(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const told = environment.get('ASPNETCORE_PORT') ?? '';
  // On a unix socket it has a loopback port of its own choice beside it.
  const port = /^\d+$/.test(told) ? told : portsOf(pid, readListeners(pid));
  return { pid, port: Number(port), token: environment.get('ASPNETCORE_TOKEN') ?? '', environment };
}

/** Straight to the app's own port with the pairing token, as only Sluice does. */
export function direct(to: Backend, path: string, how: Call = {}): Promise<Answer> {
  return call(to.port, path, { ...how, headers: { 'MS-ASPNETCORE-TOKEN': to.token, ...how.headers } });
}

export const shutdown = { method: 'POST', headers: { 'MS-ASPNETCORE-EVENT': 'shutdown' } } as const;

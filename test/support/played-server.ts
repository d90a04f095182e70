/** Plays a server with very many busy pools to the dashboard: more workers than a test machine can hold. */
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { repository } from './paths.js';
import { every } from './time.js';

export interface PlayedServer {
  readonly port: number;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

/** Every pool has figures that differ from second to second. */
export async function playServer(pools: number): Promise<PlayedServer> {
  const names = Array.from({ length: pools }, (_, index) => `pool-${index}`);
  const streams = new Set<ServerResponse>();
  let second = 0;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/api/v1/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: hello\ndata: {"kind":"hello","resumed":false}\n\n');
      streams.add(response);
      response.on('close', () => streams.delete(response));
      return;
    }
    const answer = apiAnswer(pathname, names);
    if (answer !== null) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
      return;
    }
    const file = pathname === '/ui/' ? 'index.html' : pathname.replace('/ui/', '');
    response.setHeader('content-type', types[extname(file)] ?? 'text/plain');
    response.end(readFileSync(join(repository, 'dist', 'server', 'ui', file)));
  });
  const stop = every(1_000, () => {
    second += 1;
    const text = `event: sample\ndata: ${JSON.stringify(sampleOf(names, second))}\n\n`;
    for (const stream of streams) stream.write(text);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        stop();
        for (const stream of streams) stream.destroy();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function apiAnswer(path: string, names: readonly string[]): unknown {
  if (path === '/api/v1/session') return { name: 'played', role: 'admin', pools: 'all', via: 'session' };
  if (path === '/api/v1/nodes/self')
    return { name: 'played', state: 'ready', version: '', nodeVersion: '', checks: [] };
  if (path !== '/api/v1/pools') return null;
  const none = { obituaries: [], receipts: [] };
  return {
    pools: names.map((name) => ({
      name,
      state: 'Started',
      stoppedReason: '',
      applications: [{ id: `main/${name}`, hostingModel: 'InProcess', state: 'ready', problem: '' }],
      workers: [{ state: 'running' }],
      restarts: 0,
      ...none,
    })),
  };
}

function sampleOf(names: readonly string[], second: number): unknown {
  const pools = names.map((name, index) => {
    const level = 1 + Math.sin(second / 3 + index);
    return {
      name,
      state: 'Started',
      workers: 1,
      inFlight: index % 4,
      queue: 0,
      requestsPerSecond: 20 * level,
      errorsPerSecond: 0,
      p50Ms: 3 * level,
      p99Ms: 12 * level,
      memoryBytes: 50_000_000 + 1_000_000 * level,
      cpuPercent: level,
      loopDelayMs: level,
    };
  });
  const node = { requestsPerSecond: 20 * names.length, errorsPerSecond: 0, p99Ms: 24 };
  return { kind: 'sample', atMs: second * 1_000, node, whole: true, pools };
}

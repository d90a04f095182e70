import { createServer, type IncomingHttpHeaders } from 'node:http2';
import { type AddressInfo, createServer as createNet } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../../server/primary/clock.js';
import { checkHealth, requestShutdown, requestWarmUp } from '../../../pools/runtimes/out-of-process/connect.js';

const server = createServer();
const seen: IncomingHttpHeaders[] = [];
const clock = systemClock;

beforeAll(async () => {
  server.on('stream', (stream, headers) => {
    seen.push(headers);
    const path = headers[':path'];
    stream.respond({ ':status': path === '/app/iisintegration' ? 202 : path === '/app/sick' ? 500 : 200 });
    stream.end('body');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
});

afterAll(() => {
  server.close();
});

function asked() {
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: '127.0.0.1', port },
    protocol: 'h2c',
    applicationPath: '/app',
    token: 'secret',
    limitMs: 20_000,
  } as const;
}

test('the shutdown request of the module', async () => {
  expect(await requestShutdown(clock, asked())).toBe(202);
  expect(seen.at(-1)).toMatchObject({
    ':method': 'POST',
    ':path': '/app/iisintegration',
    'ms-aspnetcore-event': 'shutdown',
    'ms-aspnetcore-token': 'secret',
  });
});

test('a health check and a warm-up request', async () => {
  expect(await checkHealth(clock, { ...asked(), path: '/fine' })).toBe(true);
  expect(await checkHealth(clock, { ...asked(), path: '/sick' })).toBe(false);
  expect(await requestWarmUp(clock, { ...asked(), target: '/warm', host: 'a.test', userAgent: 'agent' })).toBe(200);
  expect(seen.at(-1)).toMatchObject({ ':path': '/warm', ':authority': 'a.test', 'user-agent': 'agent' });
});

test('whoever speaks something else has not answered', async () => {
  const other = createNet((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', () => resolve()));
  const { port } = other.address() as AddressInfo;
  expect(await requestShutdown(clock, { ...asked(), address: { host: '127.0.0.1', port } })).toBe(0);
  other.close();
});

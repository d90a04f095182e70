/** Connections that end, are cut, run out of time, and what may stand around a request. */
import { get, head, scenario, simple, untilCut, untilEnd } from './scenario-kit.js';
import type { Scenario } from './run.js';

export const connections: readonly Scenario[] = [
  untilEnd('HTTP/1.0', head('GET', '/hello', '', 'HTTP/1.0')),
  simple('HTTP/1.0 keep-alive', head('GET', '/hello', 'Connection: keep-alive\r\n', 'HTTP/1.0')),
  untilEnd('HTTP/1.0 chunked', head('GET', '/chunked', '', 'HTTP/1.0')),
  untilEnd('Connection: close by the client', get('/hello', 'Connection: close\r\n')),
  scenario('three requests, one connection', 'plain', async (client, scene) => {
    for (const path of ['/hang-on-socket', '/hang-on-socket?2', '/hang-on-socket?3']) {
      client.clear();
      client.send(get(path));
      await client.receives(/seen \d/);
    }
    await scene.sees(/hang-on-socket\?3/);
    client.end();
    await client.finishes();
  }),
  scenario('pipelined requests', 'plain', async (client, scene) => {
    client.send(get('/chunked-later') + get('/hello') + get('/tick'));
    await client.receives(/tick$/);
    await scene.sees(/req close/);
  }),
  scenario('the app closes idle connections', 'plain', async (client, scene) => {
    client.send(get('/close-idle'));
    await client.receives(/idle closed/);
    await scene.sees(/socket close/);
  }),
  scenario('the app closes all connections', 'plain', async (client, scene) => {
    client.send(get('/close-all'));
    await client.finishes();
    await scene.sees(/socket close/);
  }),
  scenario('two connections count two', 'plain', async (client, scene) => {
    client.send(get('/hello'));
    await client.receives(/hello world/);
    const other = await scene.connect();
    other.send(get('/connections'));
    await other.receives(/connections 2/);
    other.end();
    await other.finishes();
    client.end();
    await client.finishes();
  }),
  scenario('timeout of one request is not left to the next', 'plain', async (client) => {
    client.send(get('/timeout-then-fine'));
    await client.receives(/fine/);
    client.clear();
    client.send(get('/address'));
    await client.receives(/ok$/);
  }),
  scenario('client ends when idle', 'plain', async (client, scene) => {
    client.send(get('/hello'));
    await client.receives(/hello world/);
    await scene.sees(/req close/);
    client.end();
    await scene.sees(/socket close/);
  }),
  scenario('client resets when idle', 'plain', async (client, scene) => {
    client.send(get('/hello?quiet'));
    await client.receives(/hello world/);
    client.close();
    await scene.sees(/socket close/);
  }),
];

export const cuts: readonly Scenario[] = [
  ...(['/wait', '/wait-error', '/partial-wait'] as const).flatMap((path): Scenario[] => [
    scenario(`client ends during ${path}`, 'plain', async (client, scene) => {
      client.send(get(path));
      await scene.sees(/request/);
      if (path === '/partial-wait') await client.receives(/part$/);
      client.end();
      await scene.sees(/req close/);
    }),
    scenario(`client resets during ${path}`, 'plain', async (client, scene) => {
      client.send(get(path));
      await scene.sees(/request/);
      if (path === '/partial-wait') await client.receives(/part$/);
      client.reset();
      await scene.sees(/req close/);
    }),
  ]),
  ...(['/wait-body', '/iterate', '/pipeline'] as const).flatMap((path): Scenario[] => [
    scenario(`upload to ${path} ends half-way`, 'plain', async (client, scene) => {
      client.send(`${head('POST', path, 'Content-Length: 100\r\n')}half`);
      await scene.sees(/request/);
      if (path === '/pipeline') await client.receives(/half/);
      client.end();
      await scene.sees(/req close/);
      await client.finishes();
    }),
    scenario(`upload to ${path} is reset half-way`, 'plain', async (client, scene) => {
      client.send(`${head('POST', path, 'Content-Length: 100\r\n')}half`);
      await scene.sees(/request/);
      if (path === '/pipeline') await client.receives(/half/);
      client.reset();
      await scene.sees(/req close/);
    }),
  ]),
  untilCut('app destroys the request', get('/destroy-req')),
  untilCut('app destroys the request with an error', get('/destroy-req-error')),
  untilCut('app destroys the response', get('/destroy-res')),
  untilCut('app destroys the socket', get('/destroy-socket')),
  untilEnd('app destroys the socket late', get('/destroy-late')),
  untilCut('app resets the socket', get('/reset')),
  untilEnd('app ends the socket half-way', get('/end-socket')),
  untilEnd('app destroys after the response', get('/destroy-after-end')),
  untilEnd('app writes to the socket', get('/raw-write')),
];

export const timers: readonly Scenario[] = [
  untilCut('socket timeout', get('/socket-timeout?quiet')),
  simple('req.setTimeout', get('/req-timeout'), 'plain', /timed out/),
  simple('res.setTimeout', get('/res-timeout'), 'plain', /timed out/),
  untilCut('server.setTimeout destroys', get('/wait?quiet'), 'timeoutdestroy'),
  scenario('server.setTimeout with a listener', 'timeout', async (client, scene) => {
    client.send(get('/wait'));
    await scene.sees(/server timeout/);
  }),
];

/** Expectations, upgrades, and servers with options of their own. */
import { until } from '../time.js';
import { get, head, pageEnd, post, scenario, simple, untilEnd } from './scenario-kit.js';
import type { Scenario } from './run.js';

export const expects: readonly Scenario[] = [
  scenario('Expect: 100-continue by Node', 'plain', async (client, scene) => {
    client.send(head('POST', '/echo', 'Content-Length: 4\r\nExpect: 100-continue\r\n'));
    await client.receives(/100 Continue\r\n\r\n/);
    client.send('body');
    await client.receives(/got 4/);
    await scene.sees(/res close/);
  }),
  scenario('checkContinue', 'continue', async (client, scene) => {
    client.send(head('POST', '/echo', 'Content-Length: 4\r\nExpect: 100-continue\r\n'));
    await client.receives(/100 Continue\r\n\r\n/);
    client.send('body');
    await client.receives(/got 4/);
    await scene.sees(/res close/);
  }),
  untilEnd(
    'checkContinue refuses',
    head('POST', '/refuse', 'Content-Length: 4\r\nExpect: 100-continue\r\n'),
    'continue',
  ),
  simple('unknown expectation', get('/hello', 'Expect: something\r\n'), 'plain', /0\r\n\r\n$|html>\n$/, true),
  simple('checkExpectation', get('/hello', 'Expect: something\r\n'), 'expectation', /0\r\n\r\n$|html>\n$/, true),
];

export const methods: readonly Scenario[] = [
  untilEnd('CONNECT', 'CONNECT probe:443 HTTP/1.1\r\nHost: probe:443\r\n\r\n'),
  simple('QUERY', head('QUERY', '/hello')),
  untilEnd('unknown method', head('FETCH', '/hello')),
  simple('upgrade to something else', get('/hello', 'Connection: Upgrade\r\nUpgrade: h2c\r\n')),
];

const upgradeFields = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

export const upgrades: readonly Scenario[] = [
  scenario('upgrade and echo', 'tunnel', async (client, scene) => {
    client.send(get('/', upgradeFields));
    await client.receives(/101 Switching/);
    client.send('ping');
    await client.receives(/ping$/);
    client.send('bye');
    await client.receives(/bye$/);
    client.end();
    await scene.sees(/socket close/);
  }),
  untilEnd('upgrade refused by the app', get('/refuse', upgradeFields), 'tunnel'),
  untilEnd('upgraded socket destroyed', get('/destroy', upgradeFields), 'tunnel'),
  simple('upgrade that the app does not want', get('/hello', upgradeFields)),
  scenario('client ends the tunnel', 'tunnel', async (client, scene) => {
    client.send(get('/', upgradeFields));
    await client.receives(/101 Switching/);
    client.end();
    await scene.sees(/tunnel end/);
  }),
  scenario('client resets the tunnel', 'tunnel', async (client, scene) => {
    client.send(get('/', upgradeFields));
    await client.receives(/101 Switching/);
    client.reset();
    await scene.sees(/socket close/);
  }),
];

export const configured: readonly Scenario[] = [
  simple('own classes', get('/hello'), 'classes'),
  simple('joinDuplicateHeaders', get('/headers', 'X-A: 1\r\nX-A: 2\r\nReferer: a\r\nReferer: b\r\n'), 'join'),
  simple('uniqueHeaders', get('/raw-head'), 'unique'),
  simple('small highWaterMark', get('/many-writes'), 'mark', /0\r\n\r\n$/),
  simple('small highWaterMark, upload', post('/pause', 'p'.repeat(100_000)), 'mark', /got 100000/),
  simple('keepAliveTimeout in the header', get('/hello'), 'keepalive'),
  scenario('no Host is refused by Node', 'plain', async (client) => {
    client.send('GET /hello HTTP/1.1\r\n\r\n');
    await client.finishes();
  }),
  simple('no Host is allowed', 'GET /hello HTTP/1.1\r\n\r\n', 'nohost', /hello world|html>\n$/, true),
  simple('optimizeEmptyRequests', get('/hello'), 'optimized'),
  scenario('maxRequestsPerSocket', 'limit', async (client, scene) => {
    client.send(get('/hello'));
    await client.receives(/hello world/);
    client.clear();
    client.send(get('/hello?2'));
    await client.receives(/hello world/);
    await scene.sees(/hello\?2/);
    client.end();
    await client.finishes();
  }),
  scenario('clientError on a reset', 'clienterror', async (client, scene) => {
    client.send(get('/wait'));
    await scene.sees(/request/);
    client.reset();
    await scene.sees(/req close/);
  }),
  scenario('clientError on a truncated upload', 'clienterror', async (client, scene) => {
    client.send(`${head('POST', '/wait-body', 'Content-Length: 100\r\n')}half`);
    await scene.sees(/request/);
    client.end();
    await scene.sees(/req close/);
  }),
  scenario('throwing handler', 'uncaught', async (client, scene) => {
    client.send(get('/throw'));
    await scene.sees(/uncaught thrown by the handler/);
    client.end();
    await scene.sees(/socket close/);
    const other = await scene.connect();
    other.send(get('/hello'));
    await other.receives(/hello world/);
  }),
  scenario('throwing data listener', 'uncaught', async (client, scene) => {
    client.send(head('POST', '/throw-in-data', 'Content-Length: 8\r\n'));
    await scene.sees(/request/);
    client.send('half');
    await scene.sees(/uncaught thrown in data/);
  }),
  scenario('throwing drain listener', 'uncaught', async (client, scene) => {
    client.send(get('/throw-in-drain'));
    await scene.sees(/uncaught thrown in drain/);
    const other = await scene.connect();
    other.send(get('/hello'));
    await other.receives(/hello world/);
    other.end();
    await other.finishes();
    await scene.sees(/socket close/);
  }),
  scenario('throwing tunnel', 'uncaughttunnel', async (client, scene) => {
    client.send(get('/throw-in-tunnel', upgradeFields));
    await client.receives(/101 Switching/);
    client.send('first');
    await scene.sees(/uncaught thrown in the tunnel/);
    const other = await scene.connect();
    other.send(get('/hello'));
    await other.receives(/hello world/);
    other.end();
    await other.finishes();
    await scene.sees(/socket close/);
  }),
  scenario('reset of a tunnel without error listener', 'uncaughttunnel', async (client, scene) => {
    client.send(get('/no-error-listener', upgradeFields));
    await client.receives(/101 Switching/);
    client.reset();
    await scene.sees(/socket close/);
  }),
  simple('a client over TLS', get('/address', 'X-Forwarded-Proto: https\r\n')),
  scenario('maxConnections drops', 'maxconnections', async (client, scene) => {
    client.send(get('/hello'));
    await client.receives(/hello world/);
    const other = await scene.connect();
    other.send(get('/hello'));
    await scene.sees(/drop/);
    await until('the end or an error page', () => other.ended || other.text().endsWith(pageEnd), { everyMs: 5 });
  }),
];

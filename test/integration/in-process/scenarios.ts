/** What raw clients do to the probe app. Each scenario runs alone and hosted; both must look the same. */
import type { RawClient } from '../../support/raw-client.js';
import { pause } from '../../support/time.js';
import type { Scenario, Scene } from './probe-run.js';

const host = 'Host: probe\r\n';

/** A request head. */
export function head(method: string, path: string, fields = '', version = 'HTTP/1.1'): string {
  return `${method} ${path} ${version}\r\n${host}${fields}\r\n`;
}

const complete = /\r\n\r\n[^]*$/;

type Step = (client: RawClient, scene: Scene) => Promise<void> | void;

function scenario(name: string, config: string, step: Step): Scenario {
  return {
    name,
    config,
    run: async (scene) => {
      await step(await scene.connect(), scene);
    },
  };
}

/** Sends, waits for the response to finish, then the client goes. */
function simple(
  name: string,
  request: string,
  config = 'plain',
  expected: RegExp = complete,
  isSilent = false,
): Scenario {
  return scenario(name, config, async (client, scene) => {
    client.send(request);
    await client.receives(expected);
    if (!isSilent) await scene.sees(/res close|socket close|keys /);
    client.end();
    await client.finishes();
  });
}

/** Sends; the server ends the connection. */
function untilEnd(name: string, request: string, config = 'plain'): Scenario {
  return scenario(name, config, async (client) => {
    client.send(request);
    await client.finishes();
  });
}

const get = (path: string, fields = ''): string => head('GET', path, fields);
const post = (path: string, body: string, fields = ''): string =>
  head('POST', path, `Content-Length: ${body.length}\r\n${fields}`) + body;
const chunkedHead = (path: string, fields = ''): string =>
  head('POST', path, `Transfer-Encoding: chunked\r\n${fields}`);
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

const responses: readonly Scenario[] = [
  simple('hello', get('/hello')),
  simple('empty response', get('/empty')),
  simple('buffer', get('/buffer')),
  simple('writeHead chain', get('/head')),
  simple('raw header array', get('/raw-head')),
  simple('utf8 header and body', get('/utf8')),
  simple('latin1 header before a buffer', get('/latin1')),
  simple('enumerable keys and listeners', get('/keys')),
  simple('identities', get('/identity')),
  simple('socket facts', get('/address')),
  simple('request headers', get('/headers', 'X-A: 1\r\nx-a: 2\r\nCookie: a=1\r\nCookie: b=2\r\nX-Empty:\r\n')),
  simple('bytes written', get('/bytes')),
  simple('chunked', get('/chunked'), 'plain', /0\r\n\r\n$/),
  simple('chunked later', get('/chunked-later'), 'plain', /0\r\n\r\n$/),
  simple('cork', get('/cork'), 'plain', /0\r\n\r\n$/),
  simple('flushHeaders', get('/flush'), 'plain', /late/),
  simple('trailers out', get('/trailers'), 'plain', /X-Sum: 4\r\n\r\n$/),
  simple('1xx by hand', get('/continue-hand'), 'plain', /after/),
  untilEnd('Connection: close by the app', get('/close-header')),
  untilEnd('body until the end', get('/no-length')),
  simple('204', get('/204')),
  simple('304', get('/304')),
  simple('no Date', get('/no-date')),
  simple('HEAD', head('HEAD', '/hello')),
  simple('OPTIONS', head('OPTIONS', '/hello')),
  simple('DELETE', head('DELETE', '/hello')),
  simple('M-SEARCH', head('M-SEARCH', '/hello')),
  simple('write after end', get('/write-after-end')),
  simple('strict content length', get('/too-much')),
  simple('headers after end', get('/twice')),
  simple('large buffer', get('/large'), 'plain', /x{1000}$/),
  simple('large utf8 string', get('/large-string'), 'plain', /\xc3\xa9$/),
  simple('many writes with drain', get('/many-writes'), 'plain', /0\r\n\r\n$/),
  simple('pipe out', get('/pipe-out'), 'plain', /0\r\n\r\n$/),
  simple('answer in a tick', get('/tick')),
  simple('answer in a promise', get('/promise')),
  simple('answer in an immediate', get('/immediate'), 'plain', /immediate$/),
  simple('order of ticks and end', get('/order'), 'plain', /order$/),
  simple('prefinish', get('/informed')),
  simple('signal', get('/signal'), 'plain', /signal$/),
  simple('not found', get('/nowhere')),
];

const connections: readonly Scenario[] = [
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

const bodies: readonly Scenario[] = [
  simple('small upload', post('/echo', 'hello'), 'plain', /got 5/),
  simple('empty upload', post('/echo', ''), 'plain', /got 0/),
  simple('chunked upload', chunkedHead('/echo') + chunk('hello') + chunk('world') + '0\r\n\r\n', 'plain', /got 10/),
  simple(
    'upload with trailers',
    `${chunkedHead('/echo', 'Trailer: X-Sum\r\n')}${chunk('abc')}0\r\nX-Sum: 1\r\nX-Two: 2\r\n\r\n`,
    'plain',
    /got 3/,
  ),
  simple('large upload', post('/echo', 'z'.repeat(400_000)), 'plain', /got 400000/),
  simple('for await', post('/iterate', 'q'.repeat(50_000)), 'plain', /got 50000/),
  simple('pipeline back', post('/pipeline', 'pipe me'), 'plain', /pipe me/),
  simple('readable', post('/readable', 'r'.repeat(1_000)), 'plain', /got 1000/),
  simple('paused and resumed', post('/pause', 'p'.repeat(300_000)), 'plain', /got 300000/),
  simple('never read', post('/never-read', 'n'.repeat(1_000)), 'plain', /not read/),
  scenario('body in pieces', 'plain', async (client, scene) => {
    client.send(head('POST', '/echo', 'Content-Length: 6\r\n'));
    await scene.sees(/request POST/);
    client.send('abc');
    await pause(20);
    client.send('def');
    await client.receives(/got 6/);
    await scene.sees(/res close/);
  }),
  scenario('answer before the body', 'plain', async (client, scene) => {
    client.send(head('POST', '/early', 'Content-Length: 6\r\n'));
    await client.receives(/early/);
    client.send('abcdef');
    await scene.sees(/req close/);
    client.clear();
    client.send(get('/hello'));
    await client.receives(/hello world/);
  }),
  scenario('answer and close before the body', 'plain', async (client) => {
    client.send(head('POST', '/early-close', 'Content-Length: 6\r\n'));
    await client.finishes();
  }),
];

const cuts: readonly Scenario[] = [
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
  untilEnd('app destroys the request', get('/destroy-req')),
  untilEnd('app destroys the request with an error', get('/destroy-req-error')),
  untilEnd('app destroys the response', get('/destroy-res')),
  untilEnd('app destroys the socket', get('/destroy-socket')),
  untilEnd('app destroys the socket late', get('/destroy-late')),
  untilEnd('app resets the socket', get('/reset')),
  untilEnd('app ends the socket half-way', get('/end-socket')),
  untilEnd('app destroys after the response', get('/destroy-after-end')),
  untilEnd('app writes to the socket', get('/raw-write')),
];

const timers: readonly Scenario[] = [
  untilEnd('socket timeout', get('/socket-timeout?quiet')),
  simple('req.setTimeout', get('/req-timeout'), 'plain', /timed out/),
  simple('res.setTimeout', get('/res-timeout'), 'plain', /timed out/),
  untilEnd('server.setTimeout destroys', get('/wait?quiet'), 'timeoutdestroy'),
  scenario('server.setTimeout with a listener', 'timeout', async (client, scene) => {
    client.send(get('/wait'));
    await scene.sees(/server timeout/);
  }),
];

const expects: readonly Scenario[] = [
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
  simple('unknown expectation', get('/hello', 'Expect: something\r\n'), 'plain', /0\r\n\r\n$/, true),
  simple('checkExpectation', get('/hello', 'Expect: something\r\n'), 'expectation', /0\r\n\r\n$/, true),
];

const upgradeFields = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

const upgrades: readonly Scenario[] = [
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

const configured: readonly Scenario[] = [
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
  scenario('no Host is allowed', 'nohost', async (client, scene) => {
    client.send('GET /hello HTTP/1.1\r\n\r\n');
    await client.receives(/hello world/);
    await scene.sees(/res close/);
  }),
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
  scenario('maxConnections drops', 'maxconnections', async (client, scene) => {
    client.send(get('/hello'));
    await client.receives(/hello world/);
    const other = await scene.connect();
    other.send(get('/hello'));
    await scene.sees(/drop/);
  }),
];

/** Different by design, each with its reason; they must only work. */
export const allowedDifferences: readonly (Scenario & { readonly reason: string })[] = [
  {
    reason: 'pipelined requests reach the app one after another, alone all at once',
    ...scenario('pipelined requests', 'plain', async (client, scene) => {
      client.send(get('/chunked-later') + get('/hello') + get('/tick'));
      await client.receives(/tick$/);
      await scene.sees(/req close/);
    }),
  },
];

export const scenarios: readonly Scenario[] = [
  ...responses,
  ...connections,
  ...bodies,
  ...cuts,
  ...timers,
  ...expects,
  ...upgrades,
  ...configured,
];

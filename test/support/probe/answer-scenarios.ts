/** What raw clients ask of the probe, and the bodies that they send. */
import { pause } from '../time.js';
import { chunk, chunkedHead, get, head, post, scenario, simple, untilEnd } from './scenario-kit.js';
import type { Scenario } from './run.js';

export const responses: readonly Scenario[] = [
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
  simple('hop-by-hop request fields', get('/headers', 'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n')),
  simple('protected request fields', get('/headers', 'X-A: a\r\nMS-ASPNETCORE-TOKEN: b\r\nX-B: 1\r\n')),
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
  simple('204 with Content-Length', get('/204-length')),
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

export const bodies: readonly Scenario[] = [
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

import { methods } from '../../../server/http1/request-line.js';
import { CaseList, chunkedPost, corpusHost, get, hex, post, raw, type RequestCase, requestBytes } from './cases.js';

const host = `Host: ${corpusHost}`;

const linesTargets = [
  '/',
  '/?',
  '/?a=b',
  '/a/b/',
  '/a%20b',
  '/%7Euser',
  '/a;b=c',
  '/a?b?c',
  '/?a={b}|c^d',
  '/?q="x"',
  "/a'b(c)",
  '/a:b@c',
  '//a',
  '/a//b',
  '/./a',
  '/a/../b',
  '/%2e/a',
  '/?%zz',
  '/?a\\b',
  `/${'a'.repeat(8_178)}`,
];

function lines(list: CaseList): void {
  for (const method of methods) list.add(`method/${method}`, requestBytes([`${method} / HTTP/1.1`, host]));
  for (const [t, target] of linesTargets.entries())
    list.add(`target/${t}`, requestBytes([`GET ${target} HTTP/1.1`, host]));
  list.add('target/options-star', requestBytes(['OPTIONS * HTTP/1.1', host]));
  list.add('target/absolute', requestBytes([`GET http://${corpusHost}/a?b HTTP/1.1`, host]));
  list.add('target/absolute-default-port', requestBytes([`GET http://${corpusHost}:80/a HTTP/1.1`, host]));
  list.add('target/absolute-case', requestBytes(['GET HTTP://SHOP.localhost/a HTTP/1.1', host]));
  list.add('target/absolute-no-path', requestBytes([`GET http://${corpusHost} HTTP/1.1`, host]));
  list.add('target/absolute-query', requestBytes([`GET http://${corpusHost}?a HTTP/1.1`, host]));
  list.add('line/leading-empty-line', raw(`\r\nGET / HTTP/1.1\r\n${host}\r\n\r\n`));
  list.add('line/http10', requestBytes(['GET / HTTP/1.0', host]));
  list.add('line/http10-keep-alive', requestBytes(['GET / HTTP/1.0', host, 'Connection: keep-alive']));
  list.add('line/http10-without-host', requestBytes(['GET / HTTP/1.0']));
  list.add('line/http10-post', requestBytes(['POST / HTTP/1.0', host, 'Content-Length: 5'], 'hello'));
  list.add(
    'line/http10-expect',
    requestBytes(['POST / HTTP/1.0', host, 'Expect: whatever', 'Content-Length: 5'], 'hello'),
  );
}

const socket = [
  'Connection: keep-alive, Upgrade',
  'Upgrade: WebSocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const oddFields = [
  'X:',
  'X:\t',
  'X: \t a \t ',
  'X:a',
  'x: a: b',
  'X: "a, b"',
  `X: ${'y'.repeat(32_000)}`,
  "!#$%&'*+-^`|~9: v",
  '__proto__: v',
  'constructor: v',
  'toString: v',
  'hasOwnProperty: v',
  'length: 3',
  '0: v',
  '4294967295: v',
  'set-cookie: a=b',
  'X_Y: v',
  'X.Y: v',
  'Via: 1.1 a',
  'TE: trailers',
  'Keep-Alive: timeout=5',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  'Proxy-Connection: keep-alive',
  'MS-ASPNETCORE-TOKEN: x',
  'MS_ASPNETCORE_TOKEN: x',
  'X-Forwarded-For: 1.2.3.4',
  'Forwarded: for="[::1]"',
  'Proxy: x',
];
const singleFields = [
  'Content-Type: text/plain',
  'Authorization: Basic QQ==',
  'User-Agent: a',
  'If-None-Match: "a"',
  'Cookie: a=b',
  'X: 1',
];
const connectionValues = [
  'close',
  'keep-alive',
  'Keep-Alive, TE',
  ', close',
  'close,',
  'X-A, X-B',
  'Host, Content-Length',
  Array.from({ length: 1_000 }, (_, i) => `t${i}`).join(','),
];

/** Values of Host that are good, whatever they are called here. */
export const hostsGood = [
  'a',
  'SHOP.localhost',
  'shop.localhost.',
  'shop.localhost:1',
  'shop.localhost:65535',
  '127.0.0.1',
  '127.0.0.1:80',
  '[::1]',
  '[2001:DB8::1]:8080',
  '[::ffff:1.2.3.4]',
  'xn--bcher-kva.example',
  'my_app',
  '1',
  'a-b.c',
  '-a',
];

function fields(list: CaseList): void {
  for (let code = 0x80; code < 0x100; code++)
    list.add(`value/${hex(code)}`, get([`X: a${String.fromCharCode(code)}b`]));
  for (const [f, field] of oddFields.entries()) {
    list.add(`field/${f}`, get([field]));
  }
  for (const [n, field] of singleFields.entries()) {
    list.add(`twice/${n}`, get([field, field]));
  }
  list.add('field/100', get(Array.from({ length: 99 }, (_, i) => `X${i}: y`)));
  for (const [c, value] of connectionValues.entries()) {
    list.add(`connection/${c}`, get([`Connection: ${value}`, 'X-A: 1']));
  }
  for (const value of hostsGood) {
    list.add(`host/${value}`, requestBytes(['GET / HTTP/1.1', `Host: ${value}`]));
  }
  list.add('upgrade/websocket', get(socket));
  list.add('upgrade/websocket-length-0', get([...socket, 'Content-Length: 0']));
  list.add('upgrade/http10', requestBytes(['GET / HTTP/1.0', host, ...socket]));
  list.add('upgrade/without-connection', get(['Upgrade: websocket']));
}

const end = '0\r\n\r\n';
const bodiesChunked = [
  end,
  `5\r\nhello\r\n${end}`,
  `05\r\nhello\r\n${end}`,
  `000000005\r\nhello\r\n${end}`,
  `A\r\n0123456789\r\n${end}`,
  `a\r\n0123456789\r\n${end}`,
  '00000000\r\n\r\n',
  `5;a\r\nhello\r\n${end}`,
  `5;a=b\r\nhello\r\n${end}`,
  `5;a=b;c;d=e\r\nhello\r\n${end}`,
  `5;a="b c"\r\nhello\r\n${end}`,
  `5;a="\\"\\\\;,="\r\nhello\r\n${end}`,
  `5;a=""\r\nhello\r\n${end}`,
  '5\r\nhello\r\n0;last\r\n\r\n',
  `5;a="\u00e4\t"\r\nhello\r\n${end}`,
  `5;${'a'.repeat(4_000)}\r\nhello\r\n${end}`,
  `${'1\r\nx\r\n'.repeat(10_000)}${end}`,
  `1000\r\n${'x'.repeat(4_096)}\r\n${end}`,
  '5\r\nhello\r\n0\r\nX: y\r\n\r\n',
  '0\r\nX: y\r\nZ: \u00e4\r\n\r\n',
  '0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: evil\r\nCookie: a=b\r\nMS-ASPNETCORE-TOKEN: x\r\nX_Forwarded_For: 1.2.3.4\r\n\r\n',
  `0\r\n${'X: y\r\n'.repeat(100)}\r\n`,
];

function bodies(list: CaseList): void {
  for (const length of [0, 1, 5, 1_000, 70_000])
    list.add(`body/length-${length}`, post([`Content-Length: ${length}`], 'x'.repeat(length)));
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'DELETE'])
    list.add(`body/${method}`, requestBytes([`${method} / HTTP/1.1`, host, 'Content-Length: 5'], 'hello'));
  list.add('body/none', post([]));
  list.add('body/expect', post(['Expect: 100-continue', 'Content-Length: 5'], 'hello'));
  list.add('body/expect-length-0', post(['Expect: 100-continue', 'Content-Length: 0']));
  list.add('body/expect-get', get(['Expect: 100-continue']));
  for (const coding of ['chunked', 'Chunked', 'CHUNKED'])
    list.add(`chunked/${coding}`, post([`Transfer-Encoding: ${coding}`], '5\r\nhello\r\n0\r\n\r\n'));
  for (const [c, body] of bodiesChunked.entries()) list.add(`chunked/${c}`, chunkedPost(body));
}

export function accepted(): RequestCase[] {
  const list = new CaseList();
  lines(list);
  fields(list);
  bodies(list);
  return list.cases;
}

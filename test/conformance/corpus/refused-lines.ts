import { CaseList, corpusHost, get, raw, type RequestCase, requestBytes } from './cases.js';

const host = `Host: ${corpusHost}`;

function http10(list: CaseList): void {
  list.add(
    'F9/transfer-encoding',
    requestBytes(['POST / HTTP/1.0', host, 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    400,
  );
  list.add(
    'F9/transfer-encoding-keep-alive',
    requestBytes(['POST / HTTP/1.0', host, 'Connection: keep-alive', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    400,
  );
  list.add(
    'F9/get-transfer-encoding',
    requestBytes(['GET / HTTP/1.0', host, 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    400,
  );
  list.add('F9/post-without-length', requestBytes(['POST / HTTP/1.0', host], 'hello'), 400, 411);
  list.add('F9/identity', requestBytes(['POST / HTTP/1.0', host, 'Transfer-Encoding: identity'], 'hello'), 400, 501);
  list.add('F9/two-hosts', requestBytes(['GET / HTTP/1.0', host, host]), 400);
}

const requestLinesBad = [
  'GET /',
  'GET / ',
  'GET  / HTTP/1.1',
  'GET /  HTTP/1.1',
  'GET / HTTP/1.1 ',
  ' GET / HTTP/1.1',
  'GET\t/ HTTP/1.1',
  'GET /\tHTTP/1.1',
  'GET HTTP/1.1',
  'GET / http/1.1',
  'GET / HTTP/1.01',
  'GET / HTTP/1',
  'GET / HTTP/',
  'GET / HTTP/1.',
  'GET / HTTP/.1',
  'GET / HTTP/1,1',
  'GET / HTTP/01.1',
  'GET / HTTP/1.1x',
  'GET / HTTP/11',
  'GET / XTTP/1.1',
  'GET / HTTP 1.1',
  'GET / HTTP/a.b',
  'GET / HTTPS/1.1',
  'GET / HTTP/-1.1',
  'GET / a HTTP/1.1',
  'GET',
  '',
  '/',
  'HTTP/1.1',
  '/ HTTP/1.1',
  'GET/ HTTP/1.1',
  'G@T / HTTP/1.1',
  'GET( / HTTP/1.1',
  'G\x00ET / HTTP/1.1',
  'GET /\x00 HTTP/1.1',
  'GET /\x01 HTTP/1.1',
  'GET /\x7f HTTP/1.1',
  'GET /\u00e4 HTTP/1.1',
  'GET /\u00ff HTTP/1.1',
  'GET /# HTTP/1.1',
  'GET /a#b HTTP/1.1',
  'GET * HTTP/1.1',
  'POST * HTTP/1.1',
  'GET a HTTP/1.1',
  'GET a/b HTTP/1.1',
  'GET ?a HTTP/1.1',
  'OPTIONS ** HTTP/1.1',
  'OPTIONS *a HTTP/1.1',
  'GET : HTTP/1.1',
  '"GET" / HTTP/1.1',
  'G\u00e4T / HTTP/1.1',
  'GET /\x0bHTTP/1.1',
  'GET\x0c/ HTTP/1.1',
  'GET / HTTP/1.1\x00',
];

function requestLines(list: CaseList): void {
  for (const [b, line] of requestLinesBad.entries()) list.add(`F10/line-${b}`, requestBytes([line, host]), 400);
  for (const version of ['2.0', '0.9', '3.0', '9.9', '0.0', '1.2', '1.9', '2.1']) {
    list.add(`F10/version-${version}`, requestBytes([`GET / HTTP/${version}`, host]), 400, 505);
  }
  for (const method of [
    'get',
    'Get',
    'FOO',
    'G',
    'GETT',
    'DESCRIBE',
    'PRI',
    'X'.repeat(40),
    'BREW',
    'TRACK',
    'DEBUG',
    'RPC_IN_DATA',
    '!',
    "'",
    '~',
  ]) {
    list.add(`F10/method-${method.slice(0, 12)}`, requestBytes([`${method} / HTTP/1.1`, host]), 400, 405, 501);
  }
  list.add('F10/http2-preface', raw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 400, 505);
  list.add('F10/tls-client-hello', raw('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'), 400);
  list.add('F10/two-empty-lines', raw(`\r\n\r\nGET / HTTP/1.1\r\n${host}\r\n\r\n`), 400);
  list.add('F10/1000-empty-lines', raw(`${'\r\n'.repeat(1000)}GET / HTTP/1.1\r\n${host}\r\n\r\n`), 400);
  list.add('F10/empty-line-lf', raw(`\nGET / HTTP/1.1\r\n${host}\r\n\r\n`), 400);
  list.add('F10/garbage', raw('\x00\x01\x02\x03garbage\r\n\r\n'), 400);
  list.add('F10/ssh', raw('SSH-2.0-OpenSSH_9.2\r\n'), 400);
  list.add('F10/connect', requestBytes(['CONNECT example.com:443 HTTP/1.1', 'Host: example.com:443']), 405);
  list.add('F10/connect-origin-form', requestBytes(['CONNECT / HTTP/1.1', host]), 405);
}

/** Values of Host that no grammar allows (RFC 9110 7.2, RFC 3986 3.2). */
export const hostsBad = [
  '',
  'a, b',
  'a b',
  'a/b',
  'a@b',
  'user@shop.localhost',
  'a#b',
  'a?b',
  'a%0d%0ab',
  '%61',
  '[::1',
  '::1',
  '[::1]x',
  '[::g]',
  '[1.2.3.4]',
  '[::1%25eth0]',
  '[]',
  '[v1.a]',
  'a..b',
  '.a',
  '.',
  '..',
  'a..',
  `${'a.'.repeat(300)}b`,
  'a:99999',
  'a:65536',
  'a:0',
  'a:80x',
  'a:',
  'a:-1',
  'a:+80',
  'a: 80',
  'a:8 0',
  'a:080',
  'a:80:80',
  ':80',
  'a\\b',
  'a\u00e4',
  '\u00fcber.test',
  'a;b',
  'a,b',
  'a=b',
  'a&b',
  "a'b",
  'a(b)',
  'a*b',
  '*',
  'a!b',
  'a$b',
  'a~b',
  'a"b',
  'a<b',
  'a|b',
  'http://a',
  'a/',
  '/a',
  '[:::1]',
  '[1:2:3:4:5:6:7]',
  '[1:2:3:4:5:6:7:8:9]',
  '[::1]:x',
  '[::1]:',
];
const hostsTargets = [
  'http://other.localhost/',
  'https://shop.localhost/',
  'ftp://shop.localhost/',
  'http://user@shop.localhost/',
  'http://user:pw@shop.localhost/',
  'http:///',
  'http://',
  'http:/',
  'http://:80/',
  'http://shop.localhost:99999/',
  'http://shop.localhost:x/',
  'http://shop.localhost:/',
  'http://shop.localhost:8081/',
  'http://a b/',
  'http://shop.localhost#x',
  'javascript:alert(1)',
  'http://%73hop.localhost/',
  'shop.localhost:80',
  'shop.localhost',
  'file:///etc/passwd',
  'http://shop.localhost\\@evil/',
  'ws://shop.localhost/',
  'http://[::1/',
  'http:\\\\shop.localhost/',
];

function hosts(list: CaseList): void {
  for (const [b, value] of hostsBad.entries())
    list.add(`R1/host-${b}`, requestBytes(['GET / HTTP/1.1', `Host: ${value}`]), 400);
  list.add('R1/missing', requestBytes(['GET / HTTP/1.1']), 400);
  list.add('R1/missing-with-fields', requestBytes(['GET / HTTP/1.1', 'X: y']), 400);
  list.add('R1/two-equal', get([host]), 400);
  list.add('R1/two-different', get(['Host: other.localhost']), 400);
  list.add('R1/second-empty', get(['Host:']), 400);
  list.add('R1/two-cases', get([`hOsT: ${corpusHost}`]), 400);
  list.add('R1/three', get([host, host]), 400);
  list.add('R1/host-nul', requestBytes(['GET / HTTP/1.1', 'Host: a\x00b']), 400);
  for (const [t, target] of hostsTargets.entries()) {
    list.add(`R2/target-${t}`, requestBytes([`GET ${target} HTTP/1.1`, host]), 400);
  }
  list.add('R2/absolute-without-host', requestBytes([`GET http://${corpusHost}/ HTTP/1.1`]), 400);
  list.add('R2/absolute-two-hosts', requestBytes([`GET http://${corpusHost}/ HTTP/1.1`, host, host]), 400);
}

const pathsPaths = [
  '/%00',
  '/a%00b',
  '/a\\b',
  '/..\\x',
  '/%',
  '/%z',
  '/%zz',
  '/a%2',
  '/%0',
  '/a/%g0',
  '/../x',
  '/..',
  '/a/../../x',
  '/%2e%2e/x',
  '/%2E%2E',
  '/a/%2e%2e/%2e%2e/',
  '/./../x',
  '/%u0041',
];

function paths(list: CaseList): void {
  for (const [p, path] of pathsPaths.entries()) {
    list.add(`R7/path-${p}`, requestBytes([`GET ${path} HTTP/1.1`, host]), 400);
  }
}

export function refusedLines(): RequestCase[] {
  const list = new CaseList();
  http10(list);
  requestLines(list);
  hosts(list);
  paths(list);
  return list.cases;
}

import { CaseList, corpusHost, get, hex, post, raw, type RequestCase, requestBytes } from './cases.js';

const host = `Host: ${corpusHost}`;

/** F9: what HTTP/1.0 does not know. */
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

/** F10: request lines and versions. */
function requestLines(list: CaseList): void {
  const bad = [
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
  for (const [b, line] of bad.entries()) list.add(`F10/line-${b}`, requestBytes([line, host]), 400);
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

const separators = '"(),/;<=>?@[\\]{}';

/** H1: bytes of names. */
function names(list: CaseList): void {
  for (let code = 0; code < 256; code++) {
    const byte = String.fromCharCode(code);
    const isBad = code <= 0x20 || code >= 0x7f || separators.includes(byte);
    if (!isBad) continue;
    list.add(`H1/start-${hex(code)}`, get([`${byte}X-Name: v`]), 400);
    list.add(`H1/middle-${hex(code)}`, get([`X-${byte}Name: v`]), 400);
    list.add(`H1/end-${hex(code)}`, get([`X-Name${byte}: v`]), 400);
  }
  for (const [l, line] of [
    ': v',
    ':',
    'X-No-Colon',
    'X No Colon',
    'v',
    ' : v',
    'X-Name : v',
    'X-Name\t: v',
    'Host : a',
  ].entries()) {
    list.add(`H1/line-${l}`, get([line]), 400);
  }
  list.add('H1/name-64-kB', get([`${'X'.repeat(65_536)}: v`]), 400, 431);
}

/** H2: bytes of values. H3: folded lines. */
function values(list: CaseList): void {
  for (const code of [...Array(32).keys(), 0x7f]) {
    if (code === 0x09) continue;
    const byte = String.fromCharCode(code);
    list.add(`H2/start-${hex(code)}`, get([`X: ${byte}value`]), 400);
    list.add(`H2/middle-${hex(code)}`, get([`X: va${byte}lue`]), 400);
    list.add(`H2/end-${hex(code)}`, get([`X: value${byte}`]), 400);
  }
  const fields = [
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'Connection: close',
    'X: y',
    'Cookie: a=b',
    'Expect: 100-continue',
    'Upgrade: websocket',
  ];
  for (const [f, field] of fields.entries()) {
    list.add(`H3/space-${f}`, post([`${field}\r\n more`], 'hello'), 400);
    list.add(`H3/tab-${f}`, post([`${field}\r\n\tmore`], 'hello'), 400);
  }
  list.add('H3/behind-request-line', raw(`GET / HTTP/1.1\r\n ${host}\r\n\r\n`), 400);
  list.add('H3/host', raw(`GET / HTTP/1.1\r\n${host}\r\n .evil\r\n\r\n`), 400);
  list.add('H3/only-space', get(['X: y', ' ']), 400);
}

/** H5: limits. */
function limits(list: CaseList): void {
  const fixed = 'GET  HTTP/1.1'.length;
  for (const size of [8_193, 65_536, 1_000_000]) {
    list.add(`H5/request-line-${size}`, requestBytes([`GET /${'a'.repeat(size - fixed - 1)} HTTP/1.1`, host]), 414);
    list.add(`H5/query-${size}`, requestBytes([`GET /?${'a'.repeat(size - fixed - 2)} HTTP/1.1`, host]), 414);
  }
  list.add('H5/endless-method', raw('G'.repeat(10_000)), 414);
  for (const size of [32_768, 65_536, 1_000_000]) list.add(`H5/field-${size}`, get([`X: ${'y'.repeat(size)}`]), 431);
  for (const count of [100, 1_000, 20_000])
    list.add(`H5/fields-${count + 1}`, get(Array.from({ length: count }, (_, i) => `X${i}: y`)), 431);
  list.add('H5/total', get(Array.from({ length: 40 }, (_, i) => `X${i}: ${'y'.repeat(1_000)}`)), 431);
  list.add('H5/cookie', get([`Cookie: ${'y'.repeat(65_536)}`]), 431);
}

/** R1, R2: whose request it is. */
function hosts(list: CaseList): void {
  const bad = [
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
  for (const [b, value] of bad.entries())
    list.add(`R1/host-${b}`, requestBytes(['GET / HTTP/1.1', `Host: ${value}`]), 400);
  list.add('R1/missing', requestBytes(['GET / HTTP/1.1']), 400);
  list.add('R1/missing-with-fields', requestBytes(['GET / HTTP/1.1', 'X: y']), 400);
  list.add('R1/two-equal', get([host]), 400);
  list.add('R1/two-different', get(['Host: other.localhost']), 400);
  list.add('R1/second-empty', get(['Host:']), 400);
  list.add('R1/two-cases', get([`hOsT: ${corpusHost}`]), 400);
  list.add('R1/three', get([host, host]), 400);
  list.add('R1/host-nul', requestBytes(['GET / HTTP/1.1', 'Host: a\x00b']), 400);
  const targets = [
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
  for (const [t, target] of targets.entries()) {
    list.add(`R2/target-${t}`, requestBytes([`GET ${target} HTTP/1.1`, host]), 400);
  }
  list.add('R2/absolute-without-host', requestBytes([`GET http://${corpusHost}/ HTTP/1.1`]), 400);
  list.add('R2/absolute-two-hosts', requestBytes([`GET http://${corpusHost}/ HTTP/1.1`, host, host]), 400);
}

/** R7: paths that have no canonical form (the others depend on the routes). */
function paths(list: CaseList): void {
  for (const [p, path] of [
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
  ].entries()) {
    list.add(`R7/path-${p}`, requestBytes([`GET ${path} HTTP/1.1`, host]), 400);
  }
}

/** E1, E4 and names that must not pass. */
function expectations(list: CaseList): void {
  const bad = [
    '100-continue, x',
    'x, 100-continue',
    'y 100-continue',
    '100-continue y',
    '100-CONTINUE',
    '100-Continue',
    '',
    '101-continue',
    '200-ok',
    '100-continue;q=1',
    '100',
    '"100-continue"',
    '100-continue,',
    ',100-continue',
    '100_continue',
    'x',
  ];
  for (const [b, value] of bad.entries())
    list.add(`E1/value-${b}`, post([`Expect: ${value}`, 'Content-Length: 5'], 'hello'), 417);
  list.add('E1/twice', post(['Expect: 100-continue', 'Expect: 100-continue', 'Content-Length: 5'], 'hello'), 417);
  list.add('E1/folded', post(['Expect:\r\n 100-continue', 'Content-Length: 5'], 'hello'), 400);
  list.add('E1/get', get(['Expect: something']), 417);
  const upgrade = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  const inner = `GET /hidden HTTP/1.1\r\n${host}\r\n\r\n`;
  list.add('E4/length', get([...upgrade, `Content-Length: ${inner.length}`], inner), 400);
  list.add(
    'E4/chunked',
    get([...upgrade, 'Transfer-Encoding: chunked'], `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`),
    400,
  );
  list.add('E4/chunked-empty', get([...upgrade, 'Transfer-Encoding: chunked'], '0\r\n\r\n'), 400);
  list.add('E4/post', post([...upgrade, 'Content-Length: 5'], 'hello'), 400);
  list.add('E4/both', get([...upgrade, 'Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'), 400);
  for (const [c, value] of ['clo se', 'close;x', '"close"', 'close\x00', 'a/b', '(x)'].entries())
    list.add(`T4/connection-${c}`, get([`Connection: ${value}`]), 400);
  for (const [t, value] of ['a b', '"a"', 'a;b', Array.from({ length: 200 }, (_, i) => `t${i}`).join(',')].entries()) {
    list.add(`F8/announcement-${t}`, post([`Trailer: ${value}`, 'Transfer-Encoding: chunked'], '0\r\n\r\n'), 400);
  }
}

export function refusedHeads(): RequestCase[] {
  const list = new CaseList();
  http10(list);
  requestLines(list);
  names(list);
  values(list);
  limits(list);
  hosts(list);
  paths(list);
  expectations(list);
  return list.cases;
}

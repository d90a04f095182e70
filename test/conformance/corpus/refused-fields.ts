import { CaseList, corpusHost, get, hex, post, raw, type RequestCase, requestBytes } from './cases.js';

const host = `Host: ${corpusHost}`;

const separators = '"(),/;<=>?@[\\]{}';

/** H1: bytes of names. */
const namesLines = [': v', ':', 'X-No-Colon', 'X No Colon', 'v', ' : v', 'X-Name : v', 'X-Name\t: v', 'Host : a'];

function names(list: CaseList): void {
  for (let code = 0; code < 256; code++) {
    const byte = String.fromCharCode(code);
    const isBad = code <= 0x20 || code >= 0x7f || separators.includes(byte);
    if (!isBad) continue;
    list.add(`H1/start-${hex(code)}`, get([`${byte}X-Name: v`]), 400);
    list.add(`H1/middle-${hex(code)}`, get([`X-${byte}Name: v`]), 400);
    list.add(`H1/end-${hex(code)}`, get([`X-Name${byte}: v`]), 400);
  }
  for (const [l, line] of namesLines.entries()) {
    list.add(`H1/line-${l}`, get([line]), 400);
  }
  list.add('H1/name-64-kB', get([`${'X'.repeat(65_536)}: v`]), 400, 431);
}

/** H2: bytes of values. H3: folded lines. */
const valuesFields = [
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Connection: close',
  'X: y',
  'Cookie: a=b',
  'Expect: 100-continue',
  'Upgrade: websocket',
];

function values(list: CaseList): void {
  for (const code of [...Array(32).keys(), 0x7f]) {
    if (code === 0x09) continue;
    const byte = String.fromCharCode(code);
    list.add(`H2/start-${hex(code)}`, get([`X: ${byte}value`]), 400);
    list.add(`H2/middle-${hex(code)}`, get([`X: va${byte}lue`]), 400);
    list.add(`H2/end-${hex(code)}`, get([`X: value${byte}`]), 400);
  }
  for (const [f, field] of valuesFields.entries()) {
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
/** R7: paths that have no canonical form (the others depend on the routes). */
/** E1, E4 and names that must not pass. */
const expectationsBad = [
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
const upgrade = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

function expectations(list: CaseList): void {
  for (const [b, value] of expectationsBad.entries())
    list.add(`E1/value-${b}`, post([`Expect: ${value}`, 'Content-Length: 5'], 'hello'), 417);
  list.add('E1/twice', post(['Expect: 100-continue', 'Expect: 100-continue', 'Content-Length: 5'], 'hello'), 417);
  list.add('E1/folded', post(['Expect:\r\n 100-continue', 'Content-Length: 5'], 'hello'), 400);
  list.add('E1/get', get(['Expect: something']), 417);
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

export function refusedFields(): RequestCase[] {
  const list = new CaseList();
  names(list);
  values(list);
  limits(list);
  expectations(list);
  return list.cases;
}

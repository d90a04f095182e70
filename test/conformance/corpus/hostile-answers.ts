/**
 * What a hostile or broken worker sends back.
 *
 * - `ok`: a good answer that must arrive.
 * - `502`: nothing may reach the client but a 502.
 * - `cut`: the head was good and may have gone out; the client must see that the body is not whole.
 * - `502-or-cut`: which of the two depends on what had been sent when the fault was seen.
 */
export interface AnswerCase {
  readonly id: string;
  readonly bytes: Buffer;
  readonly expect: 'ok' | '502' | 'cut' | '502-or-cut';
  /** The worker closes its side behind the bytes; otherwise it keeps the connection open. */
  readonly close: boolean;
}

class AnswerList {
  readonly cases: AnswerCase[] = [];

  add(id: string, expect: AnswerCase['expect'], text: string, close = false): void {
    this.cases.push({ id, bytes: Buffer.from(text, 'latin1'), expect, close });
  }

  /** `HTTP/1.1 200 OK`, then `fields`. */
  ok(id: string, expect: AnswerCase['expect'], fields: readonly string[], body: string, close = false): void {
    this.add(id, expect, `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`, close);
  }
}

const chunkEnd = '0\r\n\r\n';

const framingValues = [
  '-5',
  '+5',
  '5, 5',
  '5,6',
  '0x5',
  '',
  '5 5',
  '05',
  '5.0',
  '5e0',
  '18446744073709551621',
  '9007199254740993',
  'five',
  '5;',
  '"5"',
];
const framingValues2 = [
  'gzip',
  'gzip, chunked',
  'chunked, gzip',
  'chunked, chunked',
  'xchunked',
  '',
  'identity',
  '"chunked"',
  'chunked;a',
  'chunked\u00a0',
];

function framing(list: AnswerList): void {
  const chunked = `5\r\nhello\r\n${chunkEnd}`;
  list.ok('length-and-chunked', '502', ['Content-Length: 5', 'Transfer-Encoding: chunked'], chunked);
  list.ok('chunked-and-length', '502', ['Transfer-Encoding: chunked', 'Content-Length: 5'], chunked);
  list.ok('two-lengths', '502', ['Content-Length: 5', 'Content-Length: 6'], 'hello!');
  list.ok('two-equal-lengths', '502', ['Content-Length: 5', 'Content-Length: 5'], 'hello');
  for (const [v, value] of framingValues.entries()) {
    list.ok(`length-${v}`, '502', [`Content-Length: ${value}`], 'hello');
  }
  for (const [v, value] of framingValues2.entries()) {
    list.ok(`coding-${v}`, '502', [`Transfer-Encoding: ${value}`], chunked);
  }
  list.ok('chunked-twice', '502', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], chunked);
  list.add('http10-chunked', '502', `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`);
  for (const name of [
    'Content-Length ',
    'Transfer-Encoding ',
    ' Content-Length',
    'Content_Length',
    'transfer.encoding',
    'Content-Length\x00',
    'Content-Length\t',
  ]) {
    list.ok(`name-${JSON.stringify(name)}`, '502', ['X: y', `${name}: 5`], 'hello');
  }
}

const syntaxLines = [
  'HTTP/1.1 99 Low',
  'HTTP/1.1 1000 High',
  'HTTP/1.1 099 Low',
  'HTTP/1.1 000 None',
  'HTTP/1.1 2x0 OK',
  'HTTP/1.1  200 OK',
  'HTTP/1.1 200OK',
  'HTTP/1.1',
  'HTTP/1.1 ',
  'HTTP/1.1 20',
  'HTTP/2.0 200 OK',
  'HTTP/0.9 200 OK',
  'HTTP/1.2 200 OK',
  'HTTP/3 200 OK',
  'http/1.1 200 OK',
  'HTTP/1.1\t200 OK',
  'XTTP/1.1 200 OK',
  ' HTTP/1.1 200 OK',
  'ICY 200 OK',
  '200 OK',
  'hello',
  '',
  'HTTP/1.1 200 O\x00K',
  'HTTP/1.1 200 O\x01K',
  'HTTP/1.1 200 O\rK',
  'HTTP/1.1 -20 OK',
  'HTTP/1.1 +20 OK',
  'HTTP/01.1 200 OK',
  `HTTP/1.1 200 ${'x'.repeat(10_000)}`,
];

function syntax(list: AnswerList): void {
  list.add('lf-lines', '502', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello');
  list.add('lf-after-status', '502', 'HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello');
  list.ok('lf-in-value', '502', ['X: a\nSet-Cookie: evil=1', 'Content-Length: 5'], 'hello');
  list.ok('cr-in-value', '502', ['X: a\rSet-Cookie: evil=1', 'Content-Length: 5'], 'hello');
  for (const code of [0x00, 0x01, 0x08, 0x0b, 0x0c, 0x1f, 0x7f])
    list.ok(`control-${code}`, '502', [`X: a${String.fromCharCode(code)}b`, 'Content-Length: 5'], 'hello');
  list.ok('folded', '502', ['X: a', ' b', 'Content-Length: 5'], 'hello');
  list.ok('folded-tab', '502', ['Content-Length: 5', '\t5'], 'hello');
  list.ok('no-colon', '502', ['X', 'Content-Length: 5'], 'hello');
  list.ok('empty-name', '502', [': x', 'Content-Length: 5'], 'hello');
  for (const [n, name] of ['X Y', 'X(', 'X\u00e4', '"X"', 'X/Y', 'X\x01'].entries())
    list.ok(`field-name-${n}`, '502', [`${name}: v`, 'Content-Length: 5'], 'hello');
  list.ok('connection-syntax', '502', ['Connection: clo se', 'Content-Length: 5'], 'hello');
  list.ok('1000-fields', '502', [...Array.from({ length: 1_000 }, (_, i) => `X${i}: y`), 'Content-Length: 5'], 'hello');
  list.ok(
    '257-fields',
    '502',
    Array.from({ length: 257 }, (_, i) => `X${i}: y`),
    '',
    true,
  );
  list.ok('100-kB-field', '502', [`X: ${'y'.repeat(100_000)}`, 'Content-Length: 5'], 'hello');
  for (const [l, line] of syntaxLines.entries())
    list.add(`status-line-${l}`, '502', `${line}\r\nContent-Length: 5\r\n\r\nhello`);
  list.add('http09', '502', '<html>hello</html>', true);
  list.add('nothing', '502', '', true);
  list.add('half-a-head', '502', 'HTTP/1.1 200 OK\r\nContent-Le', true);
  list.add(
    'unasked-101',
    '502',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  list.add(
    '103-with-length',
    '502',
    'HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  );
  list.add(
    '103-chunked',
    '502',
    `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n${chunkEnd}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello`,
  );
  list.add(
    '1000-early-hints',
    '502',
    `${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(1_000)}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello`,
  );
}

const bodiesBad = [
  'g\r\nhello\r\n',
  '\r\nhello\r\n',
  '5 \r\nhello\r\n',
  '-5\r\nhello\r\n',
  '0x5\r\nhello\r\n',
  'FFFFFFFFFFFFFFFF5\r\nhello\r\n',
  '100000000\r\nhello\r\n',
  '5\nhello\r\n',
  '5\r\nhello\n',
  '5\r\nhelloX\r\n',
  '5;\r\nhello\r\n',
  '5;a\nb\r\nhello\r\n',
  `5;${'a'.repeat(70_000)}\r\nhello\r\n`,
  '0000000005\r\nhello\r\n',
];

function bodies(list: AnswerList): void {
  const chunked = ['Transfer-Encoding: chunked'];
  for (const [b, body] of bodiesBad.entries()) list.ok(`chunk-${b}`, '502-or-cut', chunked, `${body}${chunkEnd}`);
  for (const [b, body] of bodiesBad.entries())
    list.ok(`second-chunk-${b}`, '502-or-cut', chunked, `3\r\nabc\r\n${body}${chunkEnd}`);
  list.ok('short', 'cut', ['Content-Length: 10'], 'hello', true);
  list.ok('short-by-all', 'cut', ['Content-Length: 10'], '', true);
  list.ok('chunk-cut', 'cut', chunked, '5\r\nhel', true);
  list.ok('no-last-chunk', 'cut', chunked, '5\r\nhello\r\n', true);
  list.ok('last-chunk-cut', 'cut', chunked, '5\r\nhello\r\n0\r\n', true);
  list.ok('chunk-size-cut', 'cut', chunked, '5\r\nhello\r\n1', true);
  list.ok('trailer-lf', '502-or-cut', chunked, '5\r\nhello\r\n0\r\nX: y\n\r\n');
  list.ok('trailer-100-kB', '502-or-cut', chunked, `5\r\nhello\r\n0\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`);
  list.ok(
    'forbidden-trailers',
    'ok',
    chunked,
    '5\r\nhello\r\n0\r\nContent-Length: 3\r\nSet-Cookie: a=b\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  list.ok('bytes-behind', 'ok', ['Content-Length: 5'], 'helloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
  list.ok(
    'bytes-behind-chunked',
    'ok',
    chunked,
    `5\r\nhello\r\n${chunkEnd}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
  );
  list.add('body-on-204', 'ok', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello');
  list.add('body-on-304', 'ok', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello');
}

function good(list: AnswerList): void {
  list.ok('ok', 'ok', ['Content-Length: 5'], 'hello');
  list.ok('ok-chunked', 'ok', ['Transfer-Encoding: chunked'], `5\r\nhello\r\n${chunkEnd}`);
  list.ok('ok-close', 'ok', [], 'hello', true);
  list.ok('ok-connection-close', 'ok', ['Connection: close', 'Content-Length: 5'], 'hello', true);
  list.add('ok-http10', 'ok', 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello', true);
  list.add('no-reason', 'ok', 'HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello');
  list.add('no-reason-no-space', 'ok', 'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello');
  list.add('reason-latin1', 'ok', 'HTTP/1.1 200 Tr\u00e8s bien\r\nContent-Length: 5\r\n\r\nhello');
  list.add('status-599', 'ok', 'HTTP/1.1 599 Own\r\nContent-Length: 5\r\n\r\nhello');
  list.add('continue-first', 'ok', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
  list.add(
    'early-hints-first',
    'ok',
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  );
  list.ok('names-its-own-field', 'ok', ['Connection: X-Secret', 'X-Secret: 1', 'Content-Length: 5'], 'hello');
  list.ok('256-fields', 'ok', [...Array.from({ length: 255 }, (_, i) => `X${i}: y`), 'Content-Length: 5'], 'hello');
  list.ok('value-high-bytes', 'ok', ['X: caf\u00c3\u00a9 \u00ff', 'Content-Length: 5'], 'hello');
  list.ok('set-cookie-twice', 'ok', ['Set-Cookie: a=1', 'Set-Cookie: b=2', 'Content-Length: 5'], 'hello');
}

export function hostileAnswers(): AnswerCase[] {
  const list = new AnswerList();
  framing(list);
  syntax(list);
  bodies(list);
  good(list);
  return list.cases;
}

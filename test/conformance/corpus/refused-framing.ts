import { CaseList, corpusHost, get, hex, post, raw, type RequestCase, requestBytes } from './cases.js';
import { Random } from '../../support/random.js';

const hidden = `GET /hidden HTTP/1.1\r\nHost: ${corpusHost}\r\n\r\n`;

/** F1: Content-Length and Transfer-Encoding in one request. */
function bothFramings(list: CaseList): void {
  const bodies = ['0\r\n\r\n', '0\r\n\r\nG', `0\r\n\r\n${hidden}`, `3\r\nabc\r\n0\r\n\r\n`];
  const te = ['chunked', 'Chunked', 'CHUNKED'];
  for (const [b, body] of bodies.entries()) {
    for (const coding of te) {
      for (const length of ['6', '0', '100']) {
        const pair = [`Content-Length: ${length}`, `Transfer-Encoding: ${coding}`];
        list.add(`F1/length-${length}-then-${coding}-${b}`, post(pair, body), 400);
        list.add(`F1/${coding}-then-length-${length}-${b}`, post([...pair].reverse(), body), 400);
      }
    }
  }
  for (const method of ['HEAD', 'GET', 'DELETE', 'OPTIONS']) {
    const head = [`${method} / HTTP/1.1`, `Host: ${corpusHost}`, 'Content-Length: 5', 'Transfer-Encoding: chunked'];
    list.add(`F1/${method}`, requestBytes(head, `0\r\n\r\n${hidden}`), 400);
  }
}

const oddBytes = [0x00, 0x01, 0x08, 0x0b, 0x0c, 0x0e, 0x1f, 0x7f];
const highBytes = [0x80, 0x85, 0xa0, 0xff];

/** F2: Transfer-Encoding hidden, doubled or spelt oddly, with and without Content-Length. */
const transferEncodingValues = [
  'xchunked',
  '"chunked"',
  'chun\u00eb',
  'chunked, identity',
  'identity',
  ',chunked',
  'chunked,',
  'chunked, chunked',
  'gzip, chunked',
  'chunked, gzip',
  'gzip',
  'deflate',
  'compress',
  'br',
  '',
  'chunked;q=1',
  'chunked chunked',
  'chunke',
  'chunkedd',
  'chunked-',
  "'chunked'",
  '[chunked]',
  'chunked\tx',
  'cow',
  'trailers',
  'x, chunked',
  'chunked\\',
  '{chunked}',
  'chunked/1',
  'chunked=1',
  'ch\u00fcnked',
  'c hunked',
];
const transferEncodingNames = [
  'Transfer-Encoding ',
  ' Transfer-Encoding',
  'Transfer-Encoding\t',
  '\tTransfer-Encoding',
  'Transfer Encoding',
  'Transfer_Encoding',
  'transfer.encoding',
  'TRANSFER_ENCODING',
  'Transfer-Encoding\x0b',
  ':Transfer-Encoding',
];
const transferEncodingPairs = [
  ['chunked', 'chunked'],
  ['chunked', 'identity'],
  ['identity', 'chunked'],
  ['chunked', 'x'],
  ['x', 'chunked'],
  ['', 'chunked'],
];

function transferEncoding(list: CaseList): void {
  for (const [v, value] of transferEncodingValues.entries()) {
    list.add(`F2/value-${v}`, post([`Transfer-Encoding: ${value}`], '0\r\n\r\n'), 400, 501);
    list.add(
      `F2/value-${v}-with-length`,
      post([`Transfer-Encoding: ${value}`, 'Content-Length: 5'], '0\r\n\r\n'),
      400,
      501,
    );
  }
  for (const code of [...oddBytes, ...highBytes]) {
    const byte = String.fromCharCode(code);
    for (const [where, value] of [
      ['before', `${byte}chunked`],
      ['inside', `chu${byte}nked`],
      ['after', `chunked${byte}`],
    ]) {
      list.add(`F2/byte-${hex(code)}-${where}`, post([`Transfer-Encoding: ${value}`], '0\r\n\r\n'), 400, 501);
    }
    list.add(`F2/name-ends-${hex(code)}`, post([`Transfer-Encoding${byte}: chunked`], '0\r\n\r\n'), 400);
    list.add(`F2/name-starts-${hex(code)}`, post([`${byte}Transfer-Encoding: chunked`], '0\r\n\r\n'), 400);
  }
  for (const [n, name] of transferEncodingNames.entries()) {
    list.add(`F2/name-${n}`, post([`${name}: chunked`], '0\r\n\r\n'), 400);
    list.add(`F2/name-${n}-with-length`, post(['Content-Length: 5', `${name}: chunked`], '0\r\n\r\n'), 400);
  }
  for (const [p, [a = '', b = '']] of transferEncodingPairs.entries()) {
    list.add(`F2/two-lines-${p}`, post([`Transfer-Encoding: ${a}`, `Transfer-Encoding: ${b}`], '0\r\n\r\n'), 400, 501);
  }
  for (const [e, end] of ['\r', '\n', '\r\r'].entries()) {
    list.add(`F2/inside-another-field-${e}`, post([`X: y${end}Transfer-Encoding: chunked`], '0\r\n\r\n'), 400);
  }
  list.add('F2/folded', post(['Transfer-Encoding:\r\n chunked'], '0\r\n\r\n'), 400);
}

/** Mutations of one good field line with a fixed seed: whatever is not exactly that line must be refused. */
function mutatedTransferEncoding(list: CaseList): void {
  const random = new Random(20_260_801);
  const inserts = [...oddBytes, ...highBytes, 0x20, 0x09, 0x22, 0x2c, 0x3a, 0x3b];
  const good = 'Transfer-Encoding: chunked';
  for (let n = 0; n < 200; n++) {
    const at = random.below(good.length + 1);
    const code = random.pick(inserts);
    const line = good.slice(0, at) + String.fromCharCode(code) + good.slice(at);
    // White space around the value is no part of it: those mutants are good requests.
    const value = line.slice(line.indexOf(':') + 1);
    const harmless = (code === 0x20 || code === 0x09) && at > good.indexOf(':') && value.trim() === 'chunked';
    // A name that is only another name is no framing field at all.
    const otherName = line.slice(0, line.indexOf(':')) !== 'Transfer-Encoding' && !harmless && at < good.indexOf(':');
    if (harmless) continue;
    list.add(
      `F2/mutant-${n}`,
      post([line, ...(otherName ? ['Transfer-Encoding: chunked', 'Content-Length: 5'] : [])], '0\r\n\r\n'),
      400,
      501,
    );
  }
}

const tokenByte = /[!#$%&'*+.^_`|~0-9A-Za-z-]/;

/** Every byte at every place where a lenient parser might skip it, with and without Content-Length. */
function everyByteInTransferEncoding(list: CaseList): void {
  for (let code = 0; code < 0x100; code++) {
    const byte = String.fromCharCode(code);
    // A space or tab around a value is no part of it; without a length those are good requests.
    const isBlank = code === 0x20 || code === 0x09;
    const lines = [
      ['value-start', `Transfer-Encoding: ${byte}chunked`, isBlank],
      ['value-end', `Transfer-Encoding: chunked${byte}`, isBlank],
      ['value-inside', `Transfer-Encoding: chun${byte}ked`, false],
      ['comma', `Transfer-Encoding: chunked${byte},`, false],
      // A token byte makes another name, which means nothing to anybody.
      ['name-end', `Transfer-Encoding${byte}: chunked`, tokenByte.test(byte)],
      ['name-start', `${byte}Transfer-Encoding: chunked`, tokenByte.test(byte)],
    ] as const;
    for (const [where, line, isGood] of lines) {
      const isOtherName = where.startsWith('name') && isGood;
      if (!isGood) list.add(`F2/every-${where}-${hex(code)}`, post([line], '0\r\n\r\n'), 400, 501);
      if (!isOtherName) {
        list.add(`F2/every-${where}-${hex(code)}-length`, post(['Content-Length: 5', line], '0\r\n\r\n'), 400, 501);
      }
    }
  }
}

/** F3: Content-Length that is not a plain number. */
const contentLengthValues = [
  '+5',
  '-5',
  '-0',
  '0x5',
  '0o5',
  '5_0',
  '5 0',
  '5,5',
  '5,6',
  '5, 5, 5',
  '',
  '5;x',
  '5.0',
  '5e0',
  '005',
  '0'.repeat(300) + '5',
  'five',
  '5 5',
  '\xd9\xa5',
  '5\x00',
  '\x005',
  '5\u00a0',
  '5\u0085',
  '00',
  '5,',
  ',5',
  '"5"',
  "'5'",
  '5\\',
  '0b1',
  '5h',
  '1 ,',
  '\u00b2',
  '5\t5',
  'NaN',
  'Infinity',
  '1e3',
  '\xef\xbc\x95',
  '5=5',
  '[5]',
  '(5)',
  '5%',
  '%35',
  '5/5',
  '5:5',
  '-1',
  '--5',
  '+-5',
  '00000000000000005',
  '0x',
];
const contentLengthLarge = [
  '9007199254740992',
  '9223372036854775808',
  '18446744073709551616',
  '18446744073709551621',
  '9'.repeat(30),
  '1'.repeat(400),
];

function contentLength(list: CaseList): void {
  for (const [v, value] of contentLengthValues.entries())
    list.add(`F3/value-${v}`, post([`Content-Length: ${value}`], 'hello'), 400);
  for (const [v, value] of contentLengthLarge.entries())
    list.add(`F3/large-${v}`, post([`Content-Length: ${value}`], 'hello'), 400, 413);
  for (const value of ['30000001', '4294967301', '2147483648', '999999999999999']) {
    list.add(`F3/over-limit-${value}`, post([`Content-Length: ${value}`], 'hello'), 413);
  }
  for (const [a, b] of [
    ['5', '5'],
    ['5', '6'],
    ['6', '5'],
    ['0', '5'],
    ['5', ''],
  ]) {
    list.add(`F3/two-lines-${a}-${b}`, post([`Content-Length: ${a}`, `Content-Length: ${b}`], 'hello'), 400);
  }
  list.add('F3/folded', post(['Content-Length:\r\n 5'], 'hello'), 400);
  list.add('F3/folded-second-value', post(['Content-Length: 5\r\n 6'], 'hello'), 400);
}

/** F5: a length that one side may not see. */
const hiddenLengthNames = [
  'Content-Length\x00',
  ' Content-Length',
  'Content-Length ',
  'Content-Length\t',
  'Content_Length',
  'content.length',
  'CONTENT_LENGTH',
  'Content-Length\x0b',
  '\x00Content-Length',
  'Content Length',
  'Content-Length\u00a0',
  '\u00a0Content-Length',
  'Content-Length\x7f',
  'Content\x00-Length',
  '(Content-Length)',
  '"Content-Length"',
  'Content-Length;',
  'Content-Length,',
  '@Content-Length',
];

function hiddenLength(list: CaseList): void {
  for (const [n, name] of hiddenLengthNames.entries()) {
    list.add(`F5/name-${n}`, post([`${name}: 5`], 'hello'), 400);
    list.add(`F5/name-${n}-get`, get([`${name}: ${hidden.length}`], hidden), 400);
  }
}

/** F6: line ends that are not CRLF. */
function lineEnds(list: CaseList): void {
  const lines = ['GET / HTTP/1.1', `Host: ${corpusHost}`, 'X-A: b', ''];
  for (const [e, end] of ['\n', '\r', '\r\r\n', '\n\r', '\r\r', '\n\n', '\x0b', '\x0c'].entries()) {
    for (let at = 0; at < lines.length; at++) {
      const text = lines.map((line, index) => line + (index === at ? end : '\r\n')).join('');
      list.add(`F6/end-${e}-line-${at}`, raw(`${text}\r\n\r\n`), 400);
    }
    list.add(`F6/all-${e}`, raw(lines.join(end) + end), 400);
    list.add(`F6/in-value-${e}`, get([`X: a${end}b`]), 400);
  }
  list.add('F6/behind-last-crlf', raw(`GET / HTTP/1.1\r\nHost: ${corpusHost}\r\n\rX`), 400);
  list.add('F6/cr-then-field', raw(`GET / HTTP/1.1\r\nHost: ${corpusHost}\r\n\rContent-Length: 5\r\n\r\n`), 400);
  list.add('F6/lf-lf', raw(`GET / HTTP/1.1\nHost: ${corpusHost}\n\n`), 400);
}

/** F7: chunked bodies that are not exactly RFC 9112 7.1. */
/** F8: trailers under the limits and the syntax of headers. */
export function refusedFraming(): RequestCase[] {
  const list = new CaseList();
  bothFramings(list);
  transferEncoding(list);
  mutatedTransferEncoding(list);
  everyByteInTransferEncoding(list);
  contentLength(list);
  hiddenLength(list);
  lineEnds(list);
  return list.cases;
}

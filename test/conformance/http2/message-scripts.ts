/** RFC 9113 8: what makes a request malformed, and what is refused with an answer. */
import { Flag, FrameType } from '../../../server/http2/codes.js';
import {
  block,
  data,
  get,
  headers,
  host,
  ping,
  post,
  priority,
  requestFields,
  windowUpdate,
} from '../../support/http2-frames.js';
import {
  answered,
  ended,
  engineSection,
  frames,
  ignored,
  refused,
  type Expectation,
  type Script,
  section,
  type Step,
  streamError,
} from './script.js';

const malformed = streamError(1, 'protocolError');

function request(...fields: readonly string[]): Buffer {
  return headers(1, block(...fields));
}

/** A GET with one more field is malformed. */
function malformedWith(...field: readonly string[]): readonly [Expectation, Step] {
  return [malformed, get(1, '/', ...field)];
}

/** WebSocket, to an application that neither accepts nor refuses it. */
const tunnel = headers(1, block(...requestFields('CONNECT', '/hold', ':protocol', 'websocket')), 0);

const bodies: readonly Script[] = [
  ...section('RFC 9113 8.1', {
    'a second HEADERS without END_STREAM': [malformed, post(1, '/hold'), headers(1, block('x-trailer', 'a'), 0)],
    'trailers end a request': [
      frames('the body', (log) => log.body(1) === 'ab'),
      post(1, '/echo', 'trailer', 'x-sum'),
      data(1, 'ab'),
      headers(1, block('x-sum', '2')),
      ended(1),
    ],
    'trailers right behind the head': [answered(1), post(1), headers(1, block('x-sum', '0')), ended(1)],
    'a pseudo-header field in trailers': [malformed, post(1, '/hold'), headers(1, block(':path', '/other'))],
    'an upper-case name in trailers': [malformed, post(1, '/hold'), headers(1, block('X-Sum', '1'))],
    'a connection-specific field in trailers': [malformed, post(1, '/hold'), headers(1, block('connection', 'close'))],
    'an empty DATA frame ends a request': [answered(1), post(1), data(1, '', Flag.endStream), ended(1)],
  }),
  ...section('RFC 9113 8.1.1', {
    'less DATA than the Content-Length': [
      malformed,
      post(1, '/hold', 'content-length', '5'),
      data(1, 'abc', Flag.endStream),
    ],
    'more DATA than the Content-Length': [malformed, post(1, '/hold', 'content-length', '2'), data(1, 'abc')],
    'more DATA than the Content-Length, over several frames': [
      malformed,
      post(1, '/hold', 'content-length', '4'),
      data(1, 'abc'),
      data(1, 'de', Flag.endStream),
    ],
    'all DATA of the Content-Length, and more behind it': [
      malformed,
      post(1, '/', 'content-length', '4'),
      data(1, 'abcd'),
      ping('all came'),
      (log) => log.of(FrameType.ping).length > 0,
      data(1, 'e', Flag.endStream),
    ],
    'all DATA of the Content-Length in single bytes, and one more': [
      malformed,
      post(1, '/', 'content-length', '2'),
      data(1, 'a'),
      data(1, 'b'),
      data(1, 'c'),
    ],
    'DATA behind a Content-Length of 0': [malformed, post(1, '/', 'content-length', '0'), data(1, 'a', Flag.endStream)],
    'all DATA of the Content-Length, and no end': [
      frames('no answer', (log) => !log.isEnded(1) && log.field(1, ':status') === ''),
      post(1, '/', 'content-length', '4'),
      data(1, 'abcd'),
    ],
    'all DATA of the Content-Length, the end behind it': [
      frames('the body', (log) => log.body(1) === 'abcd'),
      post(1, '/echo', 'content-length', '4'),
      data(1, 'abcd'),
      data(1, '', Flag.endStream),
      ended(1),
    ],
    'all DATA of the Content-Length, trailers behind it': [
      frames('the body', (log) => log.body(1) === 'abcd'),
      post(1, '/echo', 'content-length', '4'),
      data(1, 'abcd'),
      headers(1, block('x-sum', '4')),
      ended(1),
    ],
    'a Content-Length of 0, the end behind it': [
      answered(1),
      post(1, '/', 'content-length', '0'),
      data(1, '', Flag.endStream),
      ended(1),
    ],
    'a Content-Length of 0 and no end': [
      frames('no answer', (log) => !log.isEnded(1) && log.field(1, ':status') === ''),
      post(1, '/', 'content-length', '0'),
    ],
    'a Content-Length and no body': [malformed, get(1, '/', 'content-length', '3')],
    'less DATA than the Content-Length before trailers': [
      malformed,
      post(1, '/hold', 'content-length', '5'),
      data(1, 'abc'),
      headers(1, block('x-sum', '3')),
    ],
    'a Content-Length that is right': [answered(1), post(1, '/', 'content-length', '3'), data(1, 'abc', 1), ended(1)],
    'a Content-Length of 0': [answered(1), get(1, '/', 'content-length', '0'), ended(1)],
    'a Content-Length that is no number': [...malformedWith('content-length', '+3')],
    'a Content-Length with a leading zero': [malformed, post(1, '/hold', 'content-length', '03'), data(1, 'abc', 1)],
    'two Content-Lengths': [
      malformed,
      post(1, '/hold', 'content-length', '3', 'content-length', '3'),
      data(1, 'abc', 1),
    ],
    'a list as Content-Length': [malformed, post(1, '/hold', 'content-length', '3, 3'), data(1, 'abc', 1)],
  }),
];

const fields: readonly Script[] = [
  ...section('RFC 9113 8.2', {
    'an upper-case name': malformedWith('X-Upper', 'a'),
    'one upper-case letter in a name': malformedWith('x-uppeR', 'a'),
  }),
  ...section('RFC 9113 8.2.1', {
    'an empty name': malformedWith('', 'v'),
    'a value with a second request in it': malformedWith('x-value', 'a\r\n\r\nGET /admin HTTP/1.1\r\nHost: b.test'),
    'bytes above 0x7f and tabs inside a value are good': [answered(1), get(1, '/', 'x-value', '\x80\t\xff'), ended(1)],
  }),
  ...section('RFC 9113 8.2.2', {
    connection: malformedWith('connection', 'close'),
    'keep-alive': malformedWith('keep-alive', 'timeout=5'),
    'proxy-connection': malformedWith('proxy-connection', 'keep-alive'),
    'transfer-encoding': [malformed, post(1, '/hold', 'transfer-encoding', 'chunked')],
    upgrade: malformedWith('upgrade', 'h2c'),
    'te other than trailers': malformedWith('te', 'gzip'),
    'te with a list': malformedWith('te', 'trailers, deflate'),
    'te: trailers is good': [answered(1), get(1, '/', 'te', 'trailers'), ended(1)],
  }),
  ...section('RFC 9113 8.2.3', {
    'crumbs of Cookie are one field': [
      frames('joined by "; "', (log) => log.body(1).includes('a=1; b=2; c=3')),
      get(1, '/cookie', 'cookie', 'a=1', 'x-other', '1', 'cookie', 'b=2', 'cookie', 'c=3'),
      ended(1),
    ],
  }),
];

const all = requestFields('GET', '/');

function without(name: string): string[] {
  const at = all.indexOf(name);
  return all.filter((_, i) => i !== at && i !== at + 1);
}

function withValue(name: string, value: string): string[] {
  return all.map((text, i) => (all[i - 1] === name ? value : text));
}

const pseudoFields: readonly Script[] = [
  ...section('RFC 9113 8.3', {
    'a pseudo-header field behind a field': [malformed, request(...without(':path'), 'x-a', '1', ':path', '/')],
    'an unknown pseudo-header field': malformedWith(':unknown', 'x'),
    'a pseudo-header field of answers': [malformed, request(...all, ':status', '200')],
    ...Object.fromEntries(
      [':method', ':scheme', ':path', ':authority'].map((name) => [
        `${name} twice`,
        [malformed, request(...all, name, all[all.indexOf(name) + 1] ?? '')] as const,
      ]),
    ),
  }),
  ...section('RFC 9113 8.3.1', {
    ...Object.fromEntries(
      [':method', ':scheme', ':path'].map((name) => [`no ${name}`, [malformed, request(...without(name))] as const]),
    ),
    'an empty :path': [malformed, request(...withValue(':path', ''))],
    'a :path without a slash': [malformed, request(...withValue(':path', 'a'))],
    'a :path that is a URL': [malformed, request(...withValue(':path', 'http://b.test/'))],
    '* for another method than OPTIONS': [malformed, request(...withValue(':path', '*'))],
    '* for OPTIONS': [answered(1), headers(1, block(...requestFields('OPTIONS', '*'))), ended(1)],
    'a :path with a space and a version': [refused(1, 400), request(...withValue(':path', '/ HTTP/1.1')), ended(1)],
    'a :path with CR LF': [malformed, request(...withValue(':path', '/ HTTP/1.1\r\nx: y'))],
    'a :method with a space': [malformed, request(...withValue(':method', 'GET /'))],
    'an empty :method': [malformed, request(...withValue(':method', ''))],
    'a :scheme that is none of HTTP': [malformed, request(...withValue(':scheme', 'javascript'))],
    'a :scheme with more in it': [malformed, request(...withValue(':scheme', 'http://b.test/?'))],
    'Host instead of :authority': [answered(1), request(...without(':authority'), 'host', host), ended(1)],
    'neither Host nor :authority': [refused(1, 400), request(...without(':authority')), ended(1)],
    'Host and :authority that agree': [answered(1), request(...all, 'host', 'A.test:80'), ended(1)],
    'Host that differs from :authority': [malformed, request(...all, 'host', 'b.test')],
    'two Hosts': [malformed, request(...without(':authority'), 'host', host, 'host', host)],
    'user information in :authority': [refused(1, 400), request(...withValue(':authority', `u:p@${host}`)), ended(1)],
    'an empty :authority': [refused(1, 400), request(...withValue(':authority', '')), ended(1)],
  }),
  ...section('RFC 9113 8.5', {
    'CONNECT with :scheme and :path': [malformed, request(...withValue(':method', 'CONNECT'))],
    'CONNECT is not offered': [refused(1, 405), request(':method', 'CONNECT', ':authority', 'b.test:443'), ended(1)],
  }),
  ...engineSection('RFC 9113 8.5, a stream of extended CONNECT', {
    'HEADERS that end it': [malformed, tunnel, headers(1, block('x-trailer', 'a'))],
    'HEADERS that do not': [malformed, tunnel, headers(1, block('x-trailer', 'a'), 0)],
    'an empty header block': [malformed, tunnel, headers(1, block())],
    'DATA, WINDOW_UPDATE and PRIORITY': [ignored, tunnel, data(1, 'x'), windowUpdate(1, 1), priority(1, 3)],
  }),
  ...section('RFC 8441 4', {
    ':protocol without CONNECT': [malformed, request(...all, ':protocol', 'websocket')],
    ':protocol without :scheme': [
      malformed,
      request(':method', 'CONNECT', ':protocol', 'websocket', ':path', '/', ':authority', host),
    ],
    'another protocol than websocket': [
      refused(1, 501),
      request(...withValue(':method', 'CONNECT'), ':protocol', 'other'),
      ended(1),
    ],
  }),
];

const limits: readonly Script[] = [
  ...section('RFC 9110 and limits of this server', {
    'a target of 8 KiB': [refused(1, 414), get(1, `/${'a'.repeat(8_192)}`), ended(1)],
    'a field of 33,000 bytes in two frames': [
      refused(1, 431),
      ...split(block(...requestFields('GET', '/'), 'x-large', 'a'.repeat(32_600))),
      ended(1),
    ],
    '110 fields': [
      refused(1, 431),
      get(1, '/', ...Array.from({ length: 110 }, (_, i) => [`x-${i}`, '1']).flat()),
      ended(1),
    ],
    '130 crumbs of Cookie': [
      refused(1, 431),
      get(1, '/', ...Array.from({ length: 130 }, () => ['cookie', 'a=1']).flat()),
      ended(1),
    ],
    'an expectation other than 100-continue': [refused(1, 417), post(1, '/hold', 'expect', 'other'), ended(1)],
    'a method that nobody knows': [refused(1, 501), headers(1, block(...requestFields('BREW', '/'))), ended(1)],
    'a name that looks like a framing field': [refused(1, 400), get(1, '/', 'content_length', '5'), ended(1)],
  }),
];

/** A large block in HEADERS and CONTINUATION. */
function split(bytes: Buffer): Buffer[] {
  const first = headers(1, bytes.subarray(0, 16_384));
  first[4] = Flag.endStream;
  const second = headers(1, bytes.subarray(16_384, 32_768));
  second[3] = 9;
  second[4] = Flag.endHeaders;
  return [first, second];
}

export const messageScripts: readonly Script[] = [...bodies, ...fields, ...pseudoFields, ...limits];

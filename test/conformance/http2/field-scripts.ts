/** RFC 9113 8.2, 8.3 and 10.3 byte by byte: what of a head or of trailers may never become a line of HTTP/1.1. */
import { hostsGood } from '../corpus/accepted.js';
import { hostsBad } from '../corpus/refused-lines.js';
import { block, data, get, headers, host, post, requestFields } from '../../support/http2-frames.js';
import {
  answered,
  ended,
  type Expectation,
  refused,
  type Script,
  type ScriptTable,
  section,
  streamError,
} from './script.js';

type Entry = ScriptTable[string];

const malformed = streamError(1, 'protocolError');
const good = answered(1);

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function table<T>(values: readonly T[], name: (value: T) => string, entry: (value: T) => Entry): ScriptTable {
  return Object.fromEntries(values.map((value) => [name(value), entry(value)]));
}

function byteName(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}

/** As it stands in the name of a script. */
function shown(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 12)}... (${text.length} bytes)` : text;
  return JSON.stringify(short).replaceAll(/[^\x20-\x7e]/g, (one) => byteName(one.charCodeAt(0)));
}

function withField(expected: Expectation, name: string, value: string): Entry {
  const request = get(1, '/', name, value);
  return expected === malformed ? [expected, request] : [expected, request, ended(1)];
}

/** A POST whose trailers are wrong: its head has gone on, its end may not. */
function withTrailer(name: string, value: string): Entry {
  return [malformed, post(1, '/hold', 'trailer', 'x-sum'), data(1, 'abc'), headers(1, block(name, value))];
}

function withPseudo(expected: Expectation, name: string, value: string): Entry {
  const fields = requestFields('GET', '/').map((text, i, all) => (all[i - 1] === name ? value : text));
  const request = headers(1, block(...fields));
  return expected === malformed ? [expected, request] : [expected, request, ended(1)];
}

/** RFC 9113 8.2.1: 0x00 to 0x20, 0x41 to 0x5a, 0x7f to 0xff; and what is no token (RFC 9110 5.1). */
const nameBytes = [
  ...range(0x00, 0x20),
  ...range(0x41, 0x5a),
  ...Buffer.from('"(),/:;<=>?@[\\]{}'),
  0x7f,
  0x80,
  0x85,
  0xa0,
  0xff,
];
const controls = [...range(0x00, 0x08), ...range(0x0a, 0x1f), 0x7f];
const lineEnds = ['\0', '\r', '\n', '\r\n'];

const names: readonly Script[] = section('RFC 9113 8.2.1, names', {
  ...table(
    nameBytes,
    (code) => `${byteName(code)} in a name`,
    (code) => withField(malformed, `x-a${String.fromCharCode(code)}b`, 'v'),
  ),
  ...table(
    [' ', '\t', ':', '\0', '\r\n'],
    (text) => `${shown(text)} behind a name`,
    (text) => withField(malformed, `transfer-encoding${text}`, 'chunked'),
  ),
  ...table(
    [' ', '\t', '\r\n', '\x0b'],
    (text) => `${shown(text)} before a name`,
    (text) => withField(malformed, `${text}content-length`, '5'),
  ),
  'a second field in a name': withField(malformed, 'x-a: b\r\ntransfer-encoding', 'chunked'),
  'a name of every byte of a token': withField(good, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz", 'v'),
});

const values: readonly Script[] = section('RFC 9113 8.2.1, values', {
  ...table(
    controls,
    (code) => `${byteName(code)} in a value`,
    (code) => withField(malformed, 'x-value', `a${String.fromCharCode(code)}b`),
  ),
  ...table(
    lineEnds,
    (text) => `${shown(text)} before a value`,
    (text) => withField(malformed, 'x-value', `${text}a`),
  ),
  ...table(
    lineEnds,
    (text) => `${shown(text)} behind a value`,
    (text) => withField(malformed, 'x-value', `a${text}`),
  ),
  ...table(
    [' a', 'a ', '\ta', 'a\t', ' ', '\t'],
    (text) => `white space around a value: ${shown(text)}`,
    (text) => withField(malformed, 'x-value', text),
  ),
  'a folded line in a value': withField(malformed, 'x-value', 'a\r\n b'),
  'a chunk in a value': withField(malformed, 'x-value', 'a\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: b'),
  'an empty value': withField(good, 'x-value', ''),
  'a value of every byte above 0x7f': withField(good, 'x-value', String.fromCharCode(...range(0x80, 0xff))),
});

const trailers: readonly Script[] = section('RFC 9113 8.1, trailers', {
  ...table(
    [0x00, 0x0a, 0x0d, 0x20, 0x3a, 0x41, 0x7f, 0x80],
    (code) => `${byteName(code)} in a name`,
    (code) => withTrailer(`x-s${String.fromCharCode(code)}m`, '1'),
  ),
  ...table(
    ['a\0b', 'a\rb', 'a\nb', 'a\x7fb', ' a', 'a\t', 'a\r\n\r\nGET /hidden HTTP/1.1\r\nHost: b\r\n\r\n'],
    (text) => `the value ${shown(text)}`,
    (text) => withTrailer('x-sum', text),
  ),
  ...table(
    [':method', ':scheme', ':path', ':authority', ':status', ':protocol', ':unknown', ''],
    (name) => `the name ${shown(name)}`,
    (name) => withTrailer(name, 'x'),
  ),
  ...table(
    ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'],
    (name) => `the connection-specific ${name}`,
    (name) => withTrailer(name, 'x'),
  ),
  ...table(
    ['content-length', 'host', 'te', 'authorization', 'cookie', 'ms-aspnetcore-token', 'x-forwarded-for'],
    (name) => `${name} ends with them, announced or not`,
    (name) => [
      good,
      post(1, '/', 'trailer', `x-sum, ${name}`),
      data(1, 'abc'),
      headers(1, block('x-sum', '3', name, 'evil')),
      ended(1),
    ],
  ),
  'announced ones go on': [
    good,
    post(1, '/', 'trailer', 'x-sum'),
    data(1, 'abc'),
    headers(1, block('x-sum', '3', 'x-other', '1')),
    ended(1),
  ],
  'a trailer behind a Content-Length that is right': [
    good,
    post(1, '/', 'content-length', '3'),
    data(1, 'abc'),
    headers(1, block('x-sum', '3')),
    ended(1),
  ],
});

const connectionSpecific: readonly Script[] = section('RFC 9113 8.2.2, by value', {
  ...table(
    ['chunked', 'identity', 'gzip, chunked', 'xchunked', 'trailers', ''],
    (value) => `transfer-encoding: ${shown(value)}`,
    (value) => [malformed, post(1, '/hold', 'transfer-encoding', value), data(1, '0\r\n\r\n', 1)],
  ),
  'transfer-encoding and Content-Length': [
    malformed,
    post(1, '/hold', 'content-length', '5', 'transfer-encoding', 'chunked'),
    data(1, '0\r\n\r\n', 1),
  ],
  ...table(
    ['keep-alive', 'x-secret', 'host', 'content-length', 'upgrade, http2-settings'],
    (value) => `connection: ${value}`,
    (value) => withField(malformed, 'connection', value),
  ),
  ...table(
    ['websocket', 'h2c', 'tls/1.0'],
    (value) => `upgrade: ${value}`,
    (value) => withField(malformed, 'upgrade', value),
  ),
  ...table(
    ['trailers, gzip', 'trailers;q=0.5', 'deflate', 'trailersx', '*'],
    (value) => `te: ${value}`,
    (value) => withField(malformed, 'te', value),
  ),
  'transfer_encoding, which many read as the same': [
    refused(1, 400),
    post(1, '/hold', 'transfer_encoding', 'chunked'),
    ended(1),
  ],
});

const lengths: readonly Script[] = section('RFC 9113 8.1.1, Content-Length', {
  ...table(
    ['', '-3', '+3', '3.0', '0x3', '0o3', '3e0', '3_', '3;x', '3,3', '3, 3', '3 3', 'three', '3\x00', '\xb3'],
    (value) => `the value ${shown(value)}`,
    (value) => [malformed, post(1, '/hold', 'content-length', value), data(1, 'abc', 1)],
  ),
  ...table(
    ['9007199254740993', '18446744073709551619', '9'.repeat(30)],
    (value) => `${value} is more than may come`,
    (value) => [refused(1, 413), post(1, '/hold', 'content-length', value), ended(1)],
  ),
  'twice, and not the same': [
    malformed,
    post(1, '/hold', 'content-length', '3', 'content-length', '4'),
    data(1, 'abc', 1),
  ],
  '0 and a body': [malformed, post(1, '/hold', 'content-length', '0'), data(1, 'abc', 1)],
  '3 and nothing but the end': [malformed, post(1, '/hold', 'content-length', '3'), data(1, '', 1)],
  '3 and padding alone': [malformed, post(1, '/hold', 'content-length', '3'), paddedData(3)],
  '3 in three frames': [
    good,
    post(1, '/', 'content-length', '3'),
    ...['a', 'b', 'c'].map((one, i) => data(1, one, i >> 1)),
    ended(1),
  ],
});

/** DATA that is padding alone, and the last. */
function paddedData(count: number): Buffer {
  return data(1, Buffer.from([count, ...Array.from({ length: count }, () => 0)]), 0x9);
}

const hiddenRequest = 'GET /hidden HTTP/1.1\r\nHost: b.test\r\n\r\n';

const hidden: readonly Script[] = section('RFC 9113 10.3, requests inside bodies', {
  ...table(
    ['GET', 'OPTIONS', 'DELETE', 'POST', 'HEAD'],
    (method) => `a request as the body of ${method}`,
    (method) => [good, headers(1, block(...requestFields(method, '/')), 0), data(1, hiddenRequest, 1), ended(1)],
  ),
  'with a Content-Length': [
    good,
    post(1, '/', 'content-length', String(hiddenRequest.length)),
    data(1, hiddenRequest, 1),
    ended(1),
  ],
  'behind the last chunk': [good, post(1), data(1, `0\r\n\r\n${hiddenRequest}`, 1), ended(1)],
  'behind a chunk of HTTP/1.1': [
    good,
    post(1),
    data(1, '3\r\nabc\r\n'),
    data(1, `0\r\n\r\n${hiddenRequest}`, 1),
    ended(1),
  ],
  'behind empty DATA': [good, post(1), data(1, ''), data(1, hiddenRequest, 1), ended(1)],
  'a body of one byte a frame': [
    good,
    post(1),
    ...hiddenRequest.split('').map((one, i) => data(1, one, i === hiddenRequest.length - 1 ? 1 : 0)),
    ended(1),
  ],
});

const pseudoValues: readonly Script[] = section('RFC 9113 8.3.1, values of pseudo-header fields', {
  ...[':method', ':scheme', ':path', ':authority'].reduce<ScriptTable>(
    (all, name) => ({
      ...all,
      ...table(
        ['/\0', '/\n', '/\r\n', '/\x7f', ' /', '/\t'],
        (value) => `${name} ${shown(value)}`,
        (value) => withPseudo(malformed, name, value),
      ),
    }),
    {},
  ),
  ...table(
    ['G(T', 'GET:', 'GET\x80', 'G\tT', 'GET / HTTP/1.1'],
    (value) => `:method ${shown(value)}`,
    (value) => withPseudo(malformed, ':method', value),
  ),
  ...table(
    ['', 'ftp', 'HTTP', 'http:', 'https ', 'http://', 'http://b.test/?x='],
    (value) => `:scheme ${shown(value)}`,
    (value) => withPseudo(malformed, ':scheme', value),
  ),
  ...table(
    ['?a', '#a', '*a', '**', 'http:/a', '\\a', '%2fa', 'b.test'],
    (value) => `:path ${shown(value)}`,
    (value) => withPseudo(malformed, ':path', value),
  ),
  ...table(
    ['/a b', '/a\tb', '/a#b', '/\x80', '/\xff', '/ HTTP/1.1', '/a HTTP/1.1 x'],
    (value) => `:path ${shown(value)}`,
    (value) => withPseudo(refused(1, 400), ':path', value),
  ),
  ...table(
    ['//b.test', '/a;b=c', '/a%20b', '/a?b=c?d', "/!$&'()*+,;=:@-._~"],
    (value) => `:path ${shown(value)}`,
    (value) => withPseudo(good, ':path', value),
  ),
});

/** Not those whose bytes or white space make the field itself malformed. */
const authorities: readonly Script[] = section('RFC 9113 8.3.1 and RFC 3986 3.2, authorities', {
  ...table(
    hostsBad,
    (value) => `:authority ${shown(value)}`,
    (value) => withPseudo(refused(1, 400), ':authority', value),
  ),
  ...table(
    hostsGood,
    (value) => `:authority ${shown(value)}`,
    (value) => withPseudo(good, ':authority', value),
  ),
  ...table(
    [`${host}.`, `${host}:80`, host.toUpperCase()],
    (value) => `Host ${shown(value)} is the same`,
    (value) => withField(good, 'host', value),
  ),
  ...table(
    ['', `${host}:81`, `x.${host}`, `${host}, ${host}`, `${host}/`, '[::1]', `u@${host}`],
    (value) => `Host ${shown(value)} differs`,
    (value) => withField(malformed, 'host', value),
  ),
});

const cookies: readonly Script[] = section('RFC 9113 8.2.3, crumbs', {
  'one crumb': withField(good, 'cookie', 'a=1'),
  'an empty crumb between two': [good, get(1, '/', 'cookie', 'a=1', 'cookie', '', 'cookie', 'b=2'), ended(1)],
  'a hundred crumbs': [
    good,
    get(1, '/', ...Array.from({ length: 100 }, (_, i) => ['cookie', `c${i}=${i}`]).flat()),
    ended(1),
  ],
  'a line end in a crumb': [malformed, get(1, '/', 'cookie', 'a=1', 'cookie', 'b=2\r\nx: y')],
});

const claimed = [
  'ms-aspnetcore-token',
  'ms-aspnetcore-clientcert',
  'ms-aspnetcore-winauthtoken',
  'ms-aspnetcore-event',
  ...['for', 'proto', 'host', 'port', 'prefix', 'client-cert'].map((what) => `x-forwarded-${what}`),
  'forwarded',
  'x-real-ip',
  'x-original-url',
  'x-rewrite-url',
  'proxy',
  'proxy-authorization',
  'http2-settings',
];

/** They end here, in every spelling that somebody may read as the same. */
const claims: readonly Script[] = section('RFC 9110 7.6, what a client may not claim', {
  ...table(
    [...new Set(claimed.flatMap((name) => [name, name.replaceAll('-', '_'), name.replaceAll('-', '.')]))],
    (name) => name,
    (name) => [good, get(1, '/', name, 'evil', 'x-a', 'b', name, 'evil2'), ended(1)],
  ),
});

export const fieldScripts: readonly Script[] = [
  ...names,
  ...values,
  ...trailers,
  ...connectionSpecific,
  ...lengths,
  ...hidden,
  ...pseudoValues,
  ...authorities,
  ...cookies,
  ...claims,
];

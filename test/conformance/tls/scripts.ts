/** What a client can get wrong before anything is encrypted, and what has to come of it. */
import {
  be,
  changed,
  ciphers,
  type Extension,
  extensionType as type,
  hello,
  type HelloSketch,
  named,
  numbers,
  older,
  protocols,
  record,
  records,
  serverName,
  share,
  usual,
  vector,
  versions,
  without,
} from './hello.js';

/**
 * `hello`: the handshake goes on. A list: one of these alerts (RFC 8446 6), then the end. `page`: 400 in plain HTTP,
 * then the end. `ends`: the handshake had begun, and the connection ends with what came `later`.
 */
export type Outcome = 'hello' | 'page' | 'ends' | readonly number[];

export interface TlsScript {
  readonly name: string;
  readonly bytes: Buffer;
  /** Written one byte at a time. */
  readonly isTrickled?: boolean;
  /** Sent when the server has answered the hello. */
  readonly later?: Buffer;
  readonly expected: Outcome;
}

const alert = {
  unexpected: 10,
  recordOverflow: 22,
  handshakeFailure: 40,
  illegalParameter: 47,
  decodeError: 50,
  protocolVersion: 70,
  internal: 80,
  inappropriateFallback: 86,
  missingExtension: 109,
  unrecognizedName: 112,
  noApplicationProtocol: 120,
} as const;

const broken = [alert.decodeError, alert.illegalParameter];

function sent(name: string, sketch: HelloSketch, expected: Outcome): TlsScript {
  return { name, bytes: records(hello(sketch)), expected };
}

function withExtensions(name: string, expected: Outcome, ...changes: readonly Extension[]): TlsScript {
  return sent(name, { extensions: changed(usual, ...changes) }, expected);
}

/** As many of no known type. */
function unknownExtensions(count: number): Extension[] {
  return Array.from({ length: count }, (_, index) => [0x4000 + index, Buffer.alloc(0)]);
}

const noShare: Extension = [type.keyShare, vector(2)];

const accepted: readonly TlsScript[] = [
  sent('a usual client', {}, 'hello'),
  sent('a client of TLS 1.2', { extensions: older, sessionId: Buffer.alloc(0) }, 'hello'),
  { name: 'records of one byte', bytes: records(hello(), 1), expected: 'hello' },
  { name: 'one byte at a time', bytes: records(hello()), isTrickled: true, expected: 'hello' },
  { name: 'a record of version 3.0', bytes: record(hello(), 22, 0x0300), expected: 'hello' },
  withExtensions('a name in capitals', 'hello', named('A.TEST')),
  withExtensions('a name with its last dot', 'hello', named('a.test.')),
  withExtensions('3,000 extensions nobody knows', 'hello', ...unknownExtensions(3_000)),
  withExtensions('padding up to the limit', 'hello', [type.padding, Buffer.alloc(16_000)]),
  withExtensions('GREASE (RFC 8701)', 'hello', [0x0a0a, Buffer.alloc(0)], versions(0x7a7a, 0x0304), [
    type.groups,
    vector(2, numbers(0x2a2a, 29)),
  ]),
  withExtensions('protocols, one of them known', 'hello', protocols('telnet', 'http/1.1')),
  withExtensions('early data without a session is not taken', 'hello', [type.earlyData, Buffer.alloc(0)]),
  withExtensions('a session that is none of ours', 'hello', [
    type.preSharedKey,
    Buffer.concat([
      vector(2, vector(2, Buffer.alloc(64, 5)), Buffer.alloc(4)),
      vector(2, vector(1, Buffer.alloc(32, 6))),
    ]),
  ]),
  withExtensions('a heartbeat is not taken up', 'hello', [type.heartbeat, be(1, 1)]),
  withExtensions('no share: asked for one', 'hello', noShare),
  sent('7,000 ciphers nobody knows', { ciphers: Buffer.concat([Buffer.alloc(14_000, 0xee), ciphers]) }, 'hello'),
];

const oldVersions: readonly TlsScript[] = [
  ...[0x0300, 0x0301, 0x0302].map((version) =>
    sent(`SSL 3 to TLS 1.1: ${version.toString(16)}`, { version, extensions: older }, [
      alert.protocolVersion,
      alert.handshakeFailure,
    ]),
  ),
  withExtensions('TLS 1.1 and 1.0 in the list', [alert.protocolVersion], versions(0x0302, 0x0301)),
  withExtensions('a draft of TLS 1.3', [alert.protocolVersion], versions(0x7f1c)),
  withExtensions('no version in the list', [...broken, alert.protocolVersion], versions()),
  sent('a fallback that was not needed (RFC 7507)', { extensions: older, ciphers: numbers(0xc02b, 0x5600) }, [
    alert.inappropriateFallback,
  ]),
];

const weak: readonly TlsScript[] = [
  ...Object.entries({
    'RSA without forward secrecy': numbers(0x009c, 0x009d, 0x002f),
    'CBC with ECDHE': numbers(0xc009, 0xc00a, 0xc023, 0xc013, 0xc014, 0xc027),
    '3DES, RC4, DES, EXPORT, NULL': numbers(0x000a, 0x0005, 0x0009, 0x0003, 0x0002),
    'without a certificate': numbers(0x0018, 0xc018, 0x00a6),
    'the signal of a fallback alone': numbers(0x00ff),
  }).map(([name, suites]) =>
    sent(`ciphers: ${name}`, { extensions: older, ciphers: suites }, [alert.handshakeFailure]),
  ),
  sent('ciphers: none', { ciphers: Buffer.alloc(0) }, [...broken, alert.handshakeFailure]),
  sent('ciphers: half of one', { ciphers: Buffer.alloc(3) }, broken),
  sent('compression alone', { compressions: be(1, 1), extensions: older }, broken),
  sent('compression in TLS 1.3', { compressions: Buffer.from([1, 0]) }, broken),
  withExtensions(
    'signatures with SHA-1 alone',
    [alert.handshakeFailure],
    [type.signatures, vector(2, numbers(0x0201, 0x0203))],
  ),
  sent('no signatures', { extensions: without(usual, type.signatures) }, [alert.missingExtension]),
  sent('no groups', { extensions: without(usual, type.groups, type.keyShare) }, [
    alert.missingExtension,
    alert.handshakeFailure,
  ]),
  withExtensions(
    'a group nobody knows',
    [alert.handshakeFailure],
    [type.groups, vector(2, numbers(0x2a2a))],
    share(0x2a2a, Buffer.alloc(8)),
  ),
  withExtensions(
    'a share without a secret',
    [alert.illegalParameter, alert.internal, alert.handshakeFailure],
    share(29, Buffer.alloc(32)),
  ),
  withExtensions(
    'a share beside the curve',
    [alert.illegalParameter],
    share(23, Buffer.concat([be(1, 4), Buffer.alloc(64, 1)])),
  ),
  withExtensions('half a share', broken, share(29, Buffer.alloc(16))),
];

const longName = `${'a'.repeat(60)}.`.repeat(5);
const names: readonly TlsScript[] = [
  withExtensions('a name that no binding has', [alert.unrecognizedName], named('other.test')),
  sent('no name', { extensions: without(usual, type.serverName) }, [alert.unrecognizedName]),
  withExtensions('an address is no name', [alert.unrecognizedName], named('127.0.0.1')),
  withExtensions('an address of version 6 is none', [alert.unrecognizedName], named('::1')),
  ...[
    '',
    `${longName}test`,
    'a.test\0.evil',
    'a .test',
    'a/test',
    'ä.test',
    'a..test',
    '.a.test',
    'a.test\r\nX: y',
  ].map((name) => withExtensions(`a name that is none: ${JSON.stringify(name.slice(0, 20))}`, broken, named(name))),
  withExtensions('a name of another type', broken, named(serverName, 1)),
  withExtensions('no name in the list', broken, [type.serverName, vector(2)]),
  withExtensions('two names', broken, [
    type.serverName,
    vector(2, be(1, 0), vector(2, Buffer.from(serverName)), be(1, 0), vector(2, Buffer.from('b.test'))),
  ]),
  sent('the name twice', { extensions: [...usual, named('b.test')] }, broken),
];

const alpn: readonly TlsScript[] = [
  withExtensions('no protocol in common', [alert.noApplicationProtocol], protocols('telnet')),
  withExtensions('no protocol', broken, protocols()),
  withExtensions('a protocol without a name', broken, protocols('', 'http/1.1')),
  withExtensions('HTTP/1.1 with a NUL behind it', [alert.noApplicationProtocol], protocols('http/1.1\0')),
  withExtensions('an authority looks, and no order is under way', [alert.unrecognizedName], protocols('acme-tls/1')),
  sent('the protocols twice', { extensions: [...usual, protocols('h2')] }, broken),
];

/** The usual message with one byte set. */
function patched(at: number, value: number): Buffer {
  const message = hello();
  message[at < 0 ? message.length + at : at] = value;
  return message;
}

const lengths: readonly TlsScript[] = [
  sent('a session of 33 bytes', { sessionId: Buffer.alloc(33) }, broken),
  sent('bytes behind the extensions', { rest: Buffer.alloc(3) }, broken),
  sent('another extension twice', { extensions: [...usual, [type.groups, vector(2, numbers(29))]] }, broken),
  { name: 'the last extension is too long', bytes: records(patched(-40, 0xff)), expected: broken },
  { name: 'the session is longer than the message', bytes: records(patched(38, 0xff)), expected: broken },
  withExtensions('10,000 extensions', broken, ...unknownExtensions(10_000)),
  withExtensions('a hello over the limit', broken, [type.padding, Buffer.alloc(17_000)]),
  { name: 'a hello of 16 MB', bytes: record(Buffer.from([1, 0xff, 0xff, 0xff])), expected: broken },
  ...[0, 2, 11, 20, 22, 67].map((kind) => ({
    name: `message ${kind} instead of a hello`,
    bytes: records(patched(0, kind)),
    expected: [alert.unexpected, alert.decodeError],
  })),
  { name: 'an empty record', bytes: record(Buffer.alloc(0)), expected: [alert.unexpected, alert.decodeError] },
  {
    name: 'a record over its limit',
    bytes: Buffer.from([22, 3, 1, 0x40, 1, 1]),
    expected: [alert.recordOverflow, alert.decodeError],
  },
  {
    name: 'another record within the hello',
    bytes: Buffer.concat([record(hello().subarray(0, 20)), record(Buffer.from([1, 0]), 21), record(hello())]),
    expected: [alert.unexpected, alert.decodeError],
  },
];

const others: readonly TlsScript[] = Object.entries({
  'plain HTTP': Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'),
  'plain HTTP/2': Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  SSH: Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'),
  'SSL 2': Buffer.concat([Buffer.from([0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10]), Buffer.alloc(37, 1)]),
  'application data': record(Buffer.alloc(64, 1), 23, 0x0303),
  'a change of ciphers': record(be(1, 1), 20, 0x0303),
  'an alert': record(Buffer.from([2, 40]), 21, 0x0303),
  'a record of version 2': record(hello(), 22, 0x0200),
}).map(([name, bytes]) => ({ name, bytes, expected: 'page' }));

/** Sent when the server has shown its side. */
function afterwards(name: string, later: Buffer): TlsScript {
  return { name, bytes: records(hello()), later, expected: 'ends' };
}

const laterOnes: readonly TlsScript[] = [
  afterwards('a record that no key opens', record(Buffer.alloc(64, 1), 23, 0x0303)),
  afterwards('an encrypted record without anything in it', record(Buffer.alloc(0), 23, 0x0303)),
  afterwards('an encrypted record over its limit', Buffer.from([23, 3, 3, 0x41, 1, 0])),
  afterwards('the end of the handshake, in the clear', record(Buffer.concat([be(1, 20), vector(3, Buffer.alloc(32))]))),
  afterwards('a second hello', records(hello())),
  afterwards('a change of ciphers that says something else', record(be(1, 2), 20, 0x0303)),
  afterwards('an alert that is fatal', record(Buffer.from([2, 80]), 21, 0x0303)),
  afterwards('plain HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')),
  {
    name: 'no share again, when one was asked for',
    bytes: records(hello({ extensions: changed(usual, noShare) })),
    later: records(hello({ extensions: changed(usual, noShare) })),
    expected: 'ends',
  },
];

export const tlsScripts: readonly TlsScript[] = [
  ...accepted,
  ...oldVersions,
  ...weak,
  ...names,
  ...alpn,
  ...lengths,
  ...others,
  ...laterOnes,
];

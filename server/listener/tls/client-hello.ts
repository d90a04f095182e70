/**
 * The first message of a TLS client (RFC 8446 4.1.2, RFC 5246 7.4.1.2), read before any TLS is done: which site
 * it wants decides which certificate and which questions it gets. Nothing here is trusted further: the
 * handshake itself is OpenSSL's.
 */
import { clientHelloBytesMax, hostBytesMax } from '../../../config/base/limits.js';

export interface ClientHello {
  /** Lower case, no trailing dot; '' = the client names none (or an address, which is no name: RFC 6066 3). */
  readonly serverName: string;
  /** Protocols offered by ALPN (RFC 7301), in the client's order; latin1. */
  readonly protocols: readonly string[];
}

/** `more`: not complete yet. `not-tls`: another protocol. `bad`: TLS, and broken or too large. */
export type HelloVerdict = ClientHello | 'more' | 'not-tls' | 'bad';

const handshakeRecord = 22;
const clientHelloType = 1;
const recordHeader = 5;
const recordBytesMax = 16_384;
const serverNameExtension = 0;
const alpnExtension = 16;
const protocolsMax = 32;

export function readClientHello(bytes: Buffer): HelloVerdict {
  if (bytes.length === 0) return 'more';
  if (bytes[0] !== handshakeRecord) return 'not-tls';
  if (bytes.length > 1 && bytes[1] !== 3) return 'not-tls';
  const message = handshakeMessage(bytes);
  return Buffer.isBuffer(message) ? readMessage(message) : message;
}

/** The message out of its records: clients may cut it anywhere. */
function handshakeMessage(bytes: Buffer): Buffer | 'more' | 'bad' {
  const parts: Buffer[] = [];
  let have = 0;
  let want = 4;
  let at = 0;
  while (have < want) {
    if (at + recordHeader > bytes.length) return overLimit(bytes);
    if (bytes[at] !== handshakeRecord) return 'bad';
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > recordBytesMax) return 'bad';
    const end = Math.min(at + recordHeader + length, bytes.length);
    parts.push(bytes.subarray(at + recordHeader, end));
    have += end - at - recordHeader;
    if (want === 4 && have >= 4) {
      const head = parts.length === 1 ? (parts[0] ?? bytes) : Buffer.concat(parts);
      if (head[0] !== clientHelloType) return 'bad';
      want = 4 + head.readUIntBE(1, 3);
      if (want > clientHelloBytesMax) return 'bad';
    }
    at += recordHeader + length;
  }
  const message = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  return message.subarray(4, want);
}

function overLimit(bytes: Buffer): 'more' | 'bad' {
  // A hello in records of one byte each is legal and may be five times as large.
  return bytes.length > 6 * clientHelloBytesMax ? 'bad' : 'more';
}

class Reader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  number(size: 1 | 2): number {
    this.skip(size);
    return this.#bytes.readUIntBE(this.#at - size, size);
  }

  skip(count: number): void {
    if (count > this.left) throw new RangeError('short');
    this.#at += count;
  }

  /** What follows, with its length before it. */
  vector(size: 1 | 2): Reader {
    const length = this.number(size);
    const start = this.#at;
    this.skip(length);
    return new Reader(this.#bytes, start, start + length);
  }

  text(): string {
    return this.#bytes.toString('latin1', this.#at, this.#end);
  }
}

function readMessage(message: Buffer): ClientHello | 'bad' {
  try {
    const hello = new Reader(message);
    hello.skip(34);
    hello.vector(1);
    hello.vector(2);
    hello.vector(1);
    return hello.left === 0 ? { serverName: '', protocols: [] } : readExtensions(hello.vector(2));
  } catch (error) {
    if (error instanceof RangeError) return 'bad';
    throw error;
  }
}

function readExtensions(extensions: Reader): ClientHello | 'bad' {
  let serverName: string | null = null;
  let protocols: string[] | null = null;
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const body = extensions.vector(2);
    if (type === serverNameExtension) {
      if (serverName !== null) return 'bad';
      serverName = readServerName(body);
      if (serverName === null) return 'bad';
    } else if (type === alpnExtension) {
      if (protocols !== null) return 'bad';
      protocols = readProtocols(body);
    }
  }
  return { serverName: serverName ?? '', protocols: protocols ?? [] };
}

/** RFC 6066 3: a list with one entry of type host_name. */
function readServerName(body: Reader): string | null {
  const list = body.vector(2);
  if (list.number(1) !== 0) return null;
  const name = list.vector(2).text();
  if (list.left > 0 || body.left > 0 || name.length === 0 || name.length > hostBytesMax) return null;
  return plainName(name);
}

/** Letters, digits, `-`, `_` and dots; an IPv4 address counts as no name. */
function plainName(name: string): string | null {
  let digitsOnly = true;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    const lower = code | 0x20;
    const isLetter = lower >= 0x61 && lower <= 0x7a && code < 0x80;
    const isDigit = (code >= 0x30 && code <= 0x39) || code === 0x2e;
    if (!isLetter && !isDigit && code !== 0x2d && code !== 0x5f) return code === 0x3a ? '' : null;
    if (!isDigit) digitsOnly = false;
  }
  if (digitsOnly) return '';
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  return bare.startsWith('.') || bare.includes('..') ? null : bare.toLowerCase();
}

function readProtocols(body: Reader): string[] {
  const list = body.vector(2);
  const found: string[] = [];
  while (list.left > 0) {
    const protocol = list.vector(1).text();
    if (found.length < protocolsMax) found.push(protocol);
  }
  return found;
}

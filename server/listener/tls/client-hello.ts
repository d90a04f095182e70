/**
 * The first message of a TLS client (RFC 8446 4.1.2, RFC 5246 7.4.1.2), read before any TLS is done: which site
 * it wants decides which certificate and which questions it gets. Nothing here is trusted further: the
 * handshake itself is OpenSSL's.
 */
import { clientHelloBytesMax, hostBytesMax } from '../../../config/base/limits.js';
import { clientHelloRecordsBytesMax } from '../../../config/base/edge-limits.js';

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
const messageHead = 4;
const recordBytesMax = 16_384;
const serverNameExtension = 0;
const alpnExtension = 16;
const protocolsMax = 32;
const nothing: Buffer = Buffer.alloc(0);

/**
 * Reads the message piece by piece, as clients cut it anywhere, in records and in packets: a byte is looked at once,
 * however many pieces it comes in.
 */
export class HelloReader {
  #bytes = nothing;
  #length = 0;
  /** Where the first record begins that is not complete yet, and what of the message lies before it. */
  #record = 0;
  #have = 0;
  /** Bytes of the message; of its head alone until that is known. */
  #want = messageHead;

  /** Everything that came, given away. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#bytes = nothing;
    this.#length = 0;
    return bytes;
  }

  /** What comes behind the message: kept, and not looked at. */
  hold(chunk: Buffer): 'more' | 'bad' {
    this.#append(chunk);
    return this.#overLimit();
  }

  push(chunk: Buffer): HelloVerdict {
    this.#append(chunk);
    if (this.#length === 0) return 'more';
    if (this.#bytes[0] !== handshakeRecord) return 'not-tls';
    if (this.#length > 1 && this.#bytes[1] !== 3) return 'not-tls';
    while (this.#record + recordHeader <= this.#length) {
      const verdict = this.#readRecord();
      if (verdict !== 'next') return verdict;
    }
    return this.#overLimit();
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (this.#length === 0) this.#bytes = chunk;
    else if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * length);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    if (this.#length > 0) chunk.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  /** @returns `next` when the whole record was taken and the message goes on behind it. */
  #readRecord(): HelloVerdict | 'next' {
    if (this.#bytes[this.#record] !== handshakeRecord) return 'bad';
    const length = this.#bytes.readUInt16BE(this.#record + 3);
    if (length === 0 || length > recordBytesMax) return 'bad';
    const start = this.#record + recordHeader;
    const end = start + length;
    const have = this.#have + Math.min(end, this.#length) - start;
    if (this.#want === messageHead && have >= messageHead) {
      const head = this.#message(messageHead);
      if (head[0] !== clientHelloType) return 'bad';
      this.#want = messageHead + head.readUIntBE(1, 3);
      if (this.#want > clientHelloBytesMax) return 'bad';
    }
    if (have >= this.#want) return readMessage(this.#message(this.#want).subarray(messageHead));
    if (end > this.#length) return this.#overLimit();
    this.#record = end;
    this.#have = have;
    return 'next';
  }

  #overLimit(): 'more' | 'bad' {
    return this.#length > clientHelloRecordsBytesMax ? 'bad' : 'more';
  }

  /** The first `size` bytes of the message, which are there: out of their records. */
  #message(size: number): Buffer {
    const parts: Buffer[] = [];
    let at = 0;
    for (let left = size; left > 0; ) {
      const taken = Math.min(left, this.#bytes.readUInt16BE(at + 3));
      parts.push(this.#bytes.subarray(at + recordHeader, at + recordHeader + taken));
      at += recordHeader + taken;
      left -= taken;
    }
    return parts.length === 1 ? (parts[0] ?? nothing) : Buffer.concat(parts);
  }
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

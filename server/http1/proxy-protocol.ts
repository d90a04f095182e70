/** The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): who the client of a load balancer is. */
import { proxyHeaderBytesMax } from '../../config/base/limits.js';
import { latin1, parseDecimal } from './bytes.js';
import { formatAddress, parseAddress } from './ip-address.js';

export interface ProxyHeader {
  /** Bytes of the header. */
  readonly length: number;
  /** The client; null: the proxy speaks for itself (LOCAL, UNKNOWN), or the client has no IP address. */
  readonly source: { readonly address: string; readonly port: number } | null;
}

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const lineStart = 'PROXY ';
/** Section 2.1: the longest possible line with its CRLF. */
const lineBytesMax = 107;
const fixedBytes = 16;

const local = 0x20;
const proxied = 0x21;
const tcp4 = 0x11;
const tcp6 = 0x21;

/**
 * Reads the header at the beginning of `bytes`. Nothing is guessed: a connection that begins with anything else is
 * `invalid`, since the peer is one that always sends the header.
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | 'incomplete' | 'invalid' {
  if (bytes.length === 0) return 'incomplete';
  return bytes[0] === signature[0] ? parseBinary(bytes) : parseLine(bytes);
}

function parseLine(bytes: Buffer): ProxyHeader | 'incomplete' | 'invalid' {
  const text = latin1(bytes, 0, Math.min(bytes.length, lineBytesMax));
  if (!text.startsWith(lineStart)) return lineStart.startsWith(text) ? 'incomplete' : 'invalid';
  const end = text.indexOf('\r\n');
  if (end < 0) return bytes.length < lineBytesMax && !/[\n\0]/.test(text) ? 'incomplete' : 'invalid';
  const length = end + 2;
  const line = text.slice(lineStart.length, end);
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return { length, source: null };
  const [family, from = '', to = '', fromPort = '', toPort = '', ...rest] = line.split(' ');
  const isSix = family === 'TCP6';
  if ((!isSix && family !== 'TCP4') || rest.length > 0) return 'invalid';
  const address = canonical(from, isSix);
  const port = portOf(fromPort);
  if (address === null || canonical(to, isSix) === null || port < 0 || portOf(toPort) < 0) return 'invalid';
  return { length, source: { address, port } };
}

function canonical(text: string, isSix: boolean): string | null {
  const groups = text.includes(':') === isSix ? parseAddress(text) : null;
  return groups === null ? null : formatAddress(groups);
}

/** Decimal without leading zeros; -1 = none. */
function portOf(text: string): number {
  const port = parseDecimal(text);
  return port <= 65_535 && String(port) === text ? port : -1;
}

function parseBinary(bytes: Buffer): ProxyHeader | 'incomplete' | 'invalid' {
  const seen = Math.min(bytes.length, signature.length);
  if (bytes.compare(signature, 0, seen, 0, seen) !== 0) return 'invalid';
  if (bytes.length < fixedBytes) return 'incomplete';
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const length = fixedBytes + bytes.readUInt16BE(14);
  if ((command !== local && command !== proxied) || length > proxyHeaderBytesMax) return 'invalid';
  if (bytes.length < length) return 'incomplete';
  if (command === local) return { length, source: null };
  const isSix = family === tcp6;
  // Other families are valid, and tell no address that we could use.
  if (!isSix && family !== tcp4) return { length, source: null };
  const size = isSix ? 16 : 4;
  if (length < fixedBytes + 2 * size + 4) return 'invalid';
  return {
    length,
    source: {
      address: addressAt(bytes, fixedBytes, isSix),
      port: bytes.readUInt16BE(fixedBytes + 2 * size),
    },
  };
}

function addressAt(bytes: Buffer, at: number, isSix: boolean): string {
  if (!isSix) return [...bytes.subarray(at, at + 4)].join('.');
  return formatAddress(Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + 2 * index)));
}

// HOT: measured by test/bench/link.bench.ts
/** What stands inside frames: request heads, trailers, hellos, numbers. */

/** Client and listener address of a stream, as the app sees them on its socket. */
export interface StreamAddresses {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** Payload of Request without addresses. Fields are name, value, name, value; no part holds a LF. */
export function encodeRequest(fields: readonly string[], method: string, url: string): string {
  return fields.length === 0 ? `${method}\n${url}` : `${fields.join('\n')}\n${method}\n${url}`;
}

/** What follows the payload of Request when the stream is new. */
export function encodeAddresses(a: StreamAddresses): string {
  return `\n${a.remoteAddress}\n${a.remotePort}\n${a.localAddress}\n${a.localPort}`;
}

export interface DecodedRequest {
  /** Name, value, name, value: becomes `rawHeaders`. */
  readonly fields: string[];
  readonly method: string;
  readonly url: string;
  /** Null on a stream that exists. */
  readonly addresses: StreamAddresses | null;
}

/** @returns null when the payload has not the shape of a request. */
export function decodeRequest(text: string, withAddresses: boolean): DecodedRequest | null {
  const fields = text.split('\n');
  const head = withAddresses ? 6 : 2;
  if (fields.length < head || fields.length % 2 !== 0) return null;
  let addresses: StreamAddresses | null = null;
  if (withAddresses) {
    const [remoteAddress = '', remotePort, localAddress = '', localPort] = fields.splice(-4);
    addresses = { remoteAddress, remotePort: Number(remotePort), localAddress, localPort: Number(localPort) };
  }
  const url = fields.pop() ?? '';
  const method = fields.pop() ?? '';
  return { fields, method, url, addresses };
}

/** Payload of Trailers. */
export function encodeFields(fields: readonly string[]): string {
  return fields.join('\n');
}

/** @returns name, value, name, value; null when a value is missing. */
export function decodeFields(text: string): string[] | null {
  if (text === '') return [];
  const fields = text.split('\n');
  return fields.length % 2 === 0 ? fields : null;
}

/** Payload of Credit, Ping and the first part of Pong; -1 when it is missing. */
export function decodeNumber(buffer: Buffer, start: number, end: number): number {
  return end - start >= 4 ? buffer.readUInt32BE(start) : -1;
}

/** First frame in each direction; the worker's hello carries only the protocol. */
export interface LinkHello {
  readonly protocol: number;
  readonly token: string;
  readonly listener: number;
}

const helloBytesMax = 1_024;

export function encodeHello(hello: LinkHello): string {
  return JSON.stringify(hello);
}

/** @returns null for anything that is not a hello. */
export function decodeHello(buffer: Buffer, start: number, end: number): LinkHello | null {
  if (end - start > helloBytesMax) return null;
  let value: unknown;
  try {
    value = JSON.parse(buffer.toString('latin1', start, end));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('protocol' in value)) return null;
  const { protocol } = value;
  if (typeof protocol !== 'number') return null;
  const token = 'token' in value && typeof value.token === 'string' ? value.token : '';
  const listener = 'listener' in value && typeof value.listener === 'number' ? value.listener : 0;
  return { protocol, token, listener };
}

/** One WebSocket tunnel of a client, over HTTP/1 or as a stream of HTTP/2, as bytes. */
import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { Http2Client } from '../../support/http2-client.js';
import { RawClient, statuses } from '../../support/raw-client.js';
import { until } from '../../support/time.js';
import type { HandshakeCase } from './handshakes.js';

const limits = { withinMs: 30_000, everyMs: 2 } as const;

export interface Tunnel {
  /** 101, what accepts an extended CONNECT, or the status of a refusal; 0 = there is none yet. */
  status(): number;
  isAccepted(): boolean;
  send(bytes: Buffer): void;
  /** Ends the client's side. */
  end(): void;
  hasEnded(): boolean;
  /** Behind the answer's head. */
  received(): Buffer;
  close(): void;
}

export type Opener = (path: string, handshake: Omit<HandshakeCase, 'name'>, early: Buffer) => Promise<Tunnel>;

export function overHttp1(port: number): Opener {
  return async (path, { fields, connection, upgrade }, early) => {
    const client = await RawClient.connect(port);
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const head = `GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: ${connection}\r\nUpgrade: ${upgrade}\r\n${lines}\r\n`;
    client.send(Buffer.concat([Buffer.from(head, 'latin1'), early]));
    const status = (): number => (/^HTTP\/1\.1 101 /m.test(client.text()) ? 101 : (statuses(client.text())[0] ?? 0));
    return {
      status,
      isAccepted: () => status() === 101,
      send: (bytes) => client.send(bytes),
      end: () => client.end(),
      hasEnded: () => client.ended,
      received: () => behindHeads(client.bytes()),
      close: () => client.close(),
    };
  };
}

/** Behind the interim heads and the final one. */
function behindHeads(bytes: Buffer): Buffer {
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n\r\n', at, 'latin1');
    if (end < 0) return Buffer.alloc(0);
    const isInterim = /^HTTP\/1\.1 1(?!01)\d\d /.test(bytes.toString('latin1', at, at + 16));
    if (!isInterim) return bytes.subarray(end + 4);
    at = end + 4;
  }
}

class StreamTunnel implements Tunnel {
  readonly #stream: ClientHttp2Stream;
  readonly #chunks: Buffer[] = [];
  #status = 0;
  #hasEnded = false;

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    stream.on('response', (fields) => {
      this.#status = Number(fields[':status']);
    });
    stream.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    stream.on('error', () => undefined);
    for (const event of ['end', 'close']) {
      stream.on(event, () => {
        this.#hasEnded = true;
      });
    }
  }

  status(): number {
    return this.#status;
  }

  isAccepted(): boolean {
    return this.#status === 200;
  }

  send(bytes: Buffer): void {
    if (this.#stream.writable) this.#stream.write(bytes);
  }

  end(): void {
    this.#stream.end();
  }

  hasEnded(): boolean {
    return this.#hasEnded;
  }

  received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  close(): void {
    this.#stream.close();
  }
}

/** Streams of one connection. */
export function overHttp2(client: Http2Client): Opener {
  return async (path, { fields }, early) => {
    const all: OutgoingHttpHeaders = { ':protocol': 'websocket' };
    for (const [name, value] of fields) {
      const known = all[name.toLowerCase()];
      all[name.toLowerCase()] = known === undefined ? [value] : [...(Array.isArray(known) ? known : []), value];
    }
    const tunnel = new StreamTunnel(client.open(path, { method: 'CONNECT', fields: all }));
    if (early.length > 0) tunnel.send(early);
    return tunnel;
  };
}

/**
 * Sends `bytes` in pieces of this size, waits for as many, and ends: the other side ends too. Not before: a worker of another
 * program would take half a close for a client that has gone, so the end of one side is the end of both.
 */
export async function echoed(tunnel: Tunnel, bytes: Buffer, pieceBytes: number, sentBytes = 0): Promise<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) tunnel.send(bytes.subarray(at, at + pieceBytes));
  const wanted = bytes.length + sentBytes;
  await until('all of it is back', () => tunnel.received().length >= wanted || tunnel.hasEnded(), limits);
  tunnel.end();
  await until('the other side ends', () => tunnel.hasEnded(), limits);
  return tunnel.received();
}

export async function whenAnswered(tunnel: Tunnel): Promise<void> {
  await until('an answer', () => tunnel.status() !== 0 || tunnel.hasEnded(), limits);
}

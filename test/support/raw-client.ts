/** A TCP client that sends exactly the bytes it is given and keeps exactly the bytes that come back. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { until } from './time.js';

/** A client's opening handshake (RFC 6455 4.1), with the key of the RFC's example. */
export function webSocketHandshake(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
}

export class RawClient {
  readonly socket: Socket;
  /** The peer sent FIN, or the connection is closed. */
  ended = false;
  closed = false;
  error: NodeJS.ErrnoException | null = null;
  #received = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error;
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('close', () => {
      this.ended = true;
      this.closed = true;
    });
  }

  /** `from`: an address of this machine, such as 127.0.0.2. */
  static connect(target: number | string, from?: string): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const source = from === undefined ? {} : { localAddress: from };
      const options = typeof target === 'number' ? { host: '127.0.0.1', port: target, ...source } : { path: target };
      const socket = connect({ ...options, allowHalfOpen: true, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  /** Over TLS, as HTTP/1.1 unless `how` says otherwise; whose certificate it is does not matter here. */
  static connectTls(port: number, how: ConnectionOptions = {}): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const local = { host: '127.0.0.1', port, rejectUnauthorized: false };
      const options = { ...local, ALPNProtocols: ['http/1.1'], ...how };
      const socket = connectTls(options);
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.off('error', reject);
        socket.setNoDelay();
        resolve(new RawClient(socket));
      });
    });
  }

  send(bytes: string | Buffer): void {
    if (this.socket.writable) this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends a head and `bytes` of body as fast as they are taken; stops when an answer begins, as browsers do. */
  async upload(head: string, bytes: number): Promise<void> {
    this.send(head);
    const piece = Buffer.alloc(65_536);
    for (let left = bytes; left > 0 && !this.ended && this.#received.length === 0; left -= piece.length) {
      this.send(piece.subarray(0, Math.min(left, piece.length)));
      await until(
        'the piece is taken or answered',
        () => this.ended || this.socket.writableLength === 0 || this.#received.length > 0,
        { everyMs: 1 },
      );
    }
  }

  /** Everything received so far, one character per byte. */
  text(): string {
    return this.#received.toString('latin1');
  }

  bytes(): Buffer {
    return this.#received;
  }

  clear(): void {
    this.#received = Buffer.alloc(0);
  }

  /** Waits until the received text matches. */
  async receives(pattern: RegExp | string, withinMs = 20_000): Promise<string> {
    await until(
      `bytes matching ${String(pattern)}`,
      () => (typeof pattern === 'string' ? this.text().includes(pattern) : pattern.test(this.text())),
      { withinMs, everyMs: 5, state: () => `received: ${JSON.stringify(this.text().slice(0, 2_000))}` },
    );
    return this.text();
  }

  /** Waits until the peer has ended its side or the connection is gone. */
  async finishes(withinMs = 20_000): Promise<string> {
    await until('the peer ends the connection', () => this.ended, {
      withinMs,
      everyMs: 5,
      state: () => `received: ${JSON.stringify(this.text().slice(0, 2_000))}`,
    });
    return this.text();
  }

  /** Sends FIN. */
  end(): void {
    this.socket.end();
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }
}

/** The status codes of all final answers in the text, in order; 1xx are left out. */
export function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((one) => Number(one[1])).filter((status) => status >= 200);
}

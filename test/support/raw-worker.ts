/** An out-of-process worker made of a bare TCP server: it answers exactly the bytes the test gives it. */
import { createServer, type Server, type Socket } from 'node:net';

export interface RawWorkerConnection {
  readonly socket: Socket;
  /** Everything the listener sent on this connection, latin1. */
  received: string;
  ended: boolean;
  closed: boolean;
}

export type RawAnswer = (head: string, connection: RawWorkerConnection) => void;

export class RawWorker {
  readonly connections: RawWorkerConnection[] = [];
  /** Request heads in the order they came. */
  readonly heads: string[] = [];
  /** Requests seen and not yet answered, now and at most. */
  open = 0;
  openMax = 0;
  readonly #server: Server;
  port = 0;

  private constructor(answer: RawAnswer) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const connection: RawWorkerConnection = { socket, received: '', ended: false, closed: false };
      this.connections.push(connection);
      let unread = '';
      socket.on('data', (chunk: Buffer) => {
        const text = chunk.toString('latin1');
        if (connection.received.length < 4_000_000) connection.received += text;
        unread += text;
        // Requests without a body are cut out one by one; a body simply joins the next look.
        for (let end = unread.indexOf('\r\n\r\n'); end >= 0; end = unread.indexOf('\r\n\r\n')) {
          const head = unread.slice(0, end + 4);
          unread = unread.slice(end + 4);
          if (!/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(head)) continue;
          this.heads.push(head);
          this.open += 1;
          this.openMax = Math.max(this.openMax, this.open);
          answer(head, connection);
        }
      });
      socket.on('error', () => undefined);
      socket.on('end', () => {
        connection.ended = true;
      });
      socket.on('close', () => {
        connection.closed = true;
      });
    });
  }

  static start(answer: RawAnswer): Promise<RawWorker> {
    const worker = new RawWorker(answer);
    return new Promise((resolve) => {
      worker.#server.listen(0, '127.0.0.1', () => {
        const address = worker.#server.address();
        worker.port = typeof address === 'object' && address !== null ? address.port : 0;
        resolve(worker);
      });
    });
  }

  /** Writes an answer and counts the request as answered. */
  reply(connection: RawWorkerConnection, bytes: string | Buffer): void {
    this.open -= 1;
    connection.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  stop(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

export function ok(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body, 'latin1')}\r\n${fields}\r\n${body}`;
}

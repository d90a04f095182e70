import http from 'node:http';
import { Duplex } from 'node:stream';

/** One request as Node's own server sees it. */
export interface NodeRequest {
  readonly method: string;
  readonly url: string;
  readonly version: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly rawTrailers: readonly string[];
}

export interface NodeView {
  /** Requests whose body arrived whole, in order. */
  readonly requests: readonly NodeRequest[];
  /** The parser refused something, or the stream ended inside a message. */
  readonly failed: boolean;
}

const upgrade = /\r\nupgrade[^:]*:/i;

/** A connection without a network: what is fed can be read, what is written is thrown away. */
class FedSocket extends Duplex {
  override _read(): void {
    // Bytes come by `push` alone.
  }

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

/**
 * Feeds bytes and then the end to an `http.Server` of this Node, over a stream in memory.
 *
 * Node drops what the same read brought behind a request whose upgrade nobody listens for, so bytes that speak of
 * an upgrade come one by one.
 */
export async function nodeView(bytes: Buffer): Promise<NodeView> {
  const requests: NodeRequest[] = [];
  let failed = false;
  const server = http.createServer({ maxHeaderSize: 65_536, requireHostHeader: false }, (req, res) => {
    let body = '';
    req.setEncoding('latin1');
    req.on('data', (text: string) => {
      body += text;
    });
    req.on('error', () => {
      failed = true;
    });
    req.on('end', () => {
      if (!req.complete) return;
      const { method = '', url = '', httpVersion: version, rawHeaders, rawTrailers } = req;
      requests.push({ method, url, version, rawHeaders, body, rawTrailers });
      res.end();
    });
  });
  const socket = new FedSocket({ allowHalfOpen: true });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  server.on('clientError', () => {
    failed = true;
    socket.destroy();
  });
  socket.on('error', () => {
    failed = true;
  });
  server.emit('connection', socket);
  if (upgrade.test(bytes.toString('latin1'))) for (const byte of bytes) socket.push(Buffer.of(byte));
  else socket.push(bytes);
  socket.push(null);
  await closed;
  return { requests, failed };
}

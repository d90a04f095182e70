/** A request as HTTP/1.1 bytes again, for the documented path: Node's own parser reads them. */
import diagnostics_channel from 'node:diagnostics_channel';
import { RequestFlag } from '../../../link/frames.js';
import type { DecodedRequest } from '../../../link/payloads.js';
import { VirtualSocket } from './virtual-socket.js';

const none = Buffer.alloc(0);

/** Learns from Node's documented channel that a response is finished. */
export function watchAnswers(): void {
  diagnostics_channel.subscribe('http.server.response.finish', (message) => {
    const { socket } = message as { readonly socket: unknown };
    if (VirtualSocket.is(socket)) socket.flight.answered();
  });
}

export class BytesEncoder {
  #isChunked = false;

  head(request: DecodedRequest, flags: number): Buffer {
    const { fields } = request;
    const isHttp10 = (flags & RequestFlag.http10) !== 0;
    const closes = (flags & RequestFlag.close) !== 0;
    let text = `${request.method} ${request.url} HTTP/${isHttp10 ? '1.0' : '1.1'}\r\n`;
    this.#isChunked = false;
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const name = fields[at] ?? '';
      text += `${name}: ${fields[at + 1] ?? ''}\r\n`;
      if (name.toLowerCase() === 'transfer-encoding') this.#isChunked = (flags & RequestFlag.body) !== 0;
    }
    // The listener keeps the client's own `Connection` to itself and passes on what it means.
    if (closes !== isHttp10) text += `Connection: ${closes ? 'close' : 'keep-alive'}\r\n`;
    return Buffer.from(`${text}\r\n`, 'latin1');
  }

  body(chunk: Buffer): Buffer {
    if (!this.#isChunked) return chunk;
    return Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]);
  }

  end(trailers: readonly string[]): Buffer {
    if (!this.#isChunked) return none;
    let text = '0\r\n';
    for (let at = 0; at + 1 < trailers.length; at += 2) text += `${trailers[at] ?? ''}: ${trailers[at + 1] ?? ''}\r\n`;
    return Buffer.from(`${text}\r\n`, 'latin1');
  }
}

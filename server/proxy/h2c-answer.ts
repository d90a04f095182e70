import { createHash } from 'node:crypto';
import { hasBody } from '../http1/forward.js';
import type { RequestHead, ResponseHead } from '../http1/types.js';

/** RFC 6455 1.3. */
const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A body whose length the head does not say, or none. */
export function isChunked(request: RequestHead, head: ResponseHead): boolean {
  return head.framing === 'chunked' && hasBody(request.method, head.status);
}

/** A worker that speaks HTTP/2 accepts an extended CONNECT with any 2xx (RFC 8441 5). */
export function acceptsTunnel(request: RequestHead, head: ResponseHead): boolean {
  return request.upgradeWebSocket && head.status >= 200 && head.status < 300;
}

/** The head of an answer as HTTP/1.1, which `Answer` reads: the engine has checked it already. */
export function answerText(request: RequestHead, head: ResponseHead): string {
  const isTunnel = acceptsTunnel(request, head);
  let out = isTunnel ? `HTTP/1.1 101 Switching Protocols\r\n` : `HTTP/1.1 ${head.status} ${phrase(head.status)}\r\n`;
  for (let i = 0; i < head.fieldKinds.length; i++) {
    out += (head.fields[i * 2] as string) + ': ' + (head.fields[i * 2 + 1] as string) + '\r\n';
  }
  if (isTunnel) out += `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept(request)}\r\n`;
  else if (isChunked(request, head)) out += 'Transfer-Encoding: chunked\r\n';
  return out + '\r\n';
}

/** HTTP/2 has no reason phrases; a client of HTTP/1.1 expects the usual ones where they are well known. */
function phrase(status: number): string {
  return status === 200 ? 'OK' : '';
}

/** The worker of HTTP/2 was not asked to prove that it knows WebSocket; the client of HTTP/1.1 expects it. */
function accept({ fields, fieldKinds }: RequestHead): string {
  for (let i = 0; i < fieldKinds.length; i++) {
    if ((fields[i * 2] as string).toLowerCase() !== 'sec-websocket-key') continue;
    return createHash('sha1')
      .update((fields[i * 2 + 1] as string) + webSocketGuid)
      .digest('base64');
  }
  return '';
}

/** One chunk, in one piece. */
export function chunkOf(buffer: Buffer, start: number, end: number): Buffer {
  const size = `${(end - start).toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(size.length + end - start + 2);
  chunk.write(size, 0, 'latin1');
  buffer.copy(chunk, size.length, start, end);
  chunk.write('\r\n', chunk.length - 2, 'latin1');
  return chunk;
}

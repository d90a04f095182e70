/**
 * Micro-benchmark of pools/link: what one small request costs in frames, there and back, without sockets
 * and without an app. Plain script: `node dist/test/bench/link.bench.js`. The hosted path as a whole is
 * measured by `npm run bench`.
 */
import { AnswerFlag, FrameType } from '../../pools/link/frames.js';
import { decodeRequest, encodeRequest } from '../../pools/link/payloads.js';
import { FrameReader } from '../../pools/link/reader.js';
import { FrameWriter } from '../../pools/link/writer.js';
import { measure } from './micro.js';

const fields = [
  'Host',
  'shop.localhost:8080',
  'User-Agent',
  'Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36',
  'Accept',
  'text/html',
  'Accept-Encoding',
  'gzip, deflate, br',
  'Cookie',
  'session=0123456789abcdef',
];
const answer =
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 14\r\nDate: Sat, 01 Aug 2026 10:00:00 GMT\r\n\r\nHello, world!\n';

/** Takes what a turn wrote, as a socket does. */
const sent: Buffer[] = [];
const writer = new FrameWriter({
  writableLength: 0,
  write: (chunk) => {
    sent.push(chunk);
    return true;
  },
  cork: () => undefined,
  uncork: () => undefined,
});

function framesOf(write: () => void): Buffer {
  sent.length = 0;
  write();
  writer.flush();
  return Buffer.concat(sent);
}

function writeRequests(count: number): void {
  for (let id = 1; id <= count; id += 1) {
    writer.latin1(FrameType.Request, 0, 0, id, encodeRequest(fields, 'GET', '/api/products/42'));
  }
}

let seen = 0;
const reader = new FrameReader({
  onFrame: (type, _flags, _aux, _streamId, buffer, start, end) => {
    if (type !== FrameType.Request) seen += end - start;
    else seen += decodeRequest(buffer.toString('latin1', start, end), false)?.fields.length ?? 0;
  },
});
function read(frames: Buffer): number {
  reader.push(frames, 0, frames.length);
  return seen;
}

const oneRequest = framesOf(() => writeRequests(1));
const manyRequests = framesOf(() => writeRequests(64));
const oneAnswer = framesOf(() => writer.latin1(FrameType.Answer, AnswerFlag.head | AnswerFlag.end, 0, 1, answer));
const body = Buffer.alloc(65_536, 'x');
const bodyFrame = framesOf(() => writer.bytes(FrameType.Body, 0, 0, 1, body));

measure(`write a request (${oneRequest.length} bytes)`, () => framesOf(() => writeRequests(1)).length);
measure('read and decode a request', () => read(oneRequest));
measure('read and decode 64 requests of one turn', () => read(manyRequests));
measure(`read an answer (${oneAnswer.length} bytes)`, () => read(oneAnswer));
measure('read 64 KiB of a body', () => read(bodyFrame));

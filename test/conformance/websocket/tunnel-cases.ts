/** Bytes behind an accepted upgrade: WebSocket as it should be, as it must not be, and something else altogether. */
import { deflateRawSync } from 'node:zlib';
import { Random } from '../../support/random.js';
import { closeFrame, Opcode, webSocketFrame } from './frames.js';

export interface TunnelCase {
  readonly name: string;
  readonly bytes: Buffer;
  /** How many bytes are written at a time. */
  readonly pieceBytes: number;
  /** Sent with the handshake, before the answer is there. */
  readonly isEarly: boolean;
}

type More = Partial<Omit<TunnelCase, 'name' | 'bytes'>>;

const seed = 6_455;
const unmasked = { mask: 0 };
const { text, binary, continuation, ping, pong, close } = Opcode;

class Cases {
  readonly all: TunnelCase[] = [];

  add(name: string, bytes: Buffer | readonly Buffer[], more: More = {}): void {
    const whole = Buffer.isBuffer(bytes) ? bytes : Buffer.concat(bytes);
    this.all.push({ name, bytes: whole, pieceBytes: Math.max(1, whole.length), isEarly: false, ...more });
  }
}

function heads(list: Cases): void {
  for (let opcode = 0; opcode < 16; opcode++) {
    list.add(`opcode-${opcode}`, webSocketFrame(opcode, 'hello'));
    list.add(`opcode-${opcode}-unmasked`, webSocketFrame(opcode, 'hello', unmasked));
  }
  for (let reserved = 1; reserved < 8; reserved++) {
    list.add(`reserved-bits-${reserved}`, webSocketFrame(text, 'hello', { reserved }));
  }
  for (const mask of [1, 0xffff_ffff]) list.add(`mask-${mask}`, webSocketFrame(binary, 'a'.repeat(1_000), { mask }));
}

function lengths(list: Cases): void {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 300_000]) {
    list.add(`length-${length}`, webSocketFrame(binary, Buffer.alloc(length, 'abc')));
  }
  for (const lengthBits of [16, 64] as const) {
    list.add(`length-5-in-${lengthBits}-bits`, webSocketFrame(text, 'hello', { lengthBits }));
  }
  for (const [name, length] of [
    ['2-to-the-31', 2n ** 31n],
    ['2-to-the-53', 2n ** 53n],
    ['2-to-the-63', 2n ** 63n],
    ['all-ones', 2n ** 64n - 1n],
  ] as const) {
    list.add(`length-${name}`, webSocketFrame(binary, 'and then the end', { length, lengthBits: 64 }));
    list.add(`length-${name}-unmasked`, webSocketFrame(binary, 'the end', { ...unmasked, length, lengthBits: 64 }));
  }
  list.add('length-more-than-comes', webSocketFrame(text, 'hello', { length: 100n }));
  for (const count of [1, 2, 5])
    list.add(`the-first-${count}-bytes-of-a-head`, webSocketFrame(text, 'hello').subarray(0, count));
}

function fragments(list: Cases): void {
  const part = (opcode: number, payload: string, fin: boolean) => webSocketFrame(opcode, payload, { fin });
  list.add('three-fragments', [part(text, 'a', false), part(continuation, 'b', false), part(continuation, 'c', true)]);
  list.add('a-ping-among-fragments', [
    part(text, 'a', false),
    webSocketFrame(ping, 'p'),
    part(continuation, 'b', true),
  ]);
  list.add('a-fragment-that-continues-nothing', part(continuation, 'b', true));
  list.add('a-text-inside-fragments', [part(text, 'a', false), part(text, 'b', true)]);
  list.add('fragmented-ping', [part(ping, 'a', false), part(continuation, 'b', true)]);
  list.add('fragmented-close', [part(close, '\x03', false), part(continuation, '\xe8', true)]);
  list.add('ping-of-126-bytes', webSocketFrame(ping, 'p'.repeat(126)));
  list.add(
    'ten-thousand-empty-fragments',
    Array.from({ length: 10_000 }, () => part(continuation, '', false)),
  );
}

function closes(list: Cases): void {
  for (const status of [0, 999, 1000, 1001, 1004, 1005, 1006, 1012, 1015, 2999, 3000, 4999, 5000, 65_535]) {
    list.add(`close-${status}`, closeFrame(status));
  }
  list.add('close-without-a-status', webSocketFrame(close));
  list.add('close-with-half-a-status', webSocketFrame(close, '\x03'));
  list.add('close-with-a-reason-that-is-no-utf-8', closeFrame(1000, '\xff\xfe'));
  list.add('close-with-a-long-reason', closeFrame(1000, 'r'.repeat(200)));
  list.add('data-behind-a-close', [closeFrame(1000), webSocketFrame(text, 'late'), closeFrame(1001)]);
}

/** Deflated as permessage-deflate has it (RFC 7692 7.2.1). */
function deflated(bytes: Buffer): Buffer {
  return deflateRawSync(bytes, { finishFlush: 2 }).subarray(0, -4);
}

function contents(list: Cases): void {
  for (const [name, payload] of [
    ['overlong', '\xc0\xaf'],
    ['surrogate', '\xed\xa0\x80'],
    ['cut', 'a\xe2\x82'],
    ['beyond-unicode', '\xf4\x90\x80\x80'],
  ] as const) {
    list.add(`text-${name}`, webSocketFrame(text, payload));
  }
  const bomb = webSocketFrame(binary, deflated(Buffer.alloc(4_000_000)), { reserved: 4 });
  list.add('compressed-bomb', bomb);
  list.add(
    'ten-compressed-bombs',
    Array.from({ length: 10 }, () => bomb),
  );
  list.add('compressed-that-is-not', webSocketFrame(text, '\xff\xff\xff', { reserved: 4 }));
  list.add(
    'ping-flood',
    Array.from({ length: 2_000 }, (_, n) => webSocketFrame(ping, String(n))),
  );
  list.add(
    'pong-flood-unmasked',
    Array.from({ length: 2_000 }, (_, n) => webSocketFrame(pong, String(n), unmasked)),
  );
  const random = new Random(seed);
  list.add('random-bytes', Buffer.from(Array.from({ length: 70_000 }, () => random.below(256))));
  list.add('every-byte', Buffer.from(Array.from({ length: 256 }, (_, n) => n)));
  list.add('no-byte-at-all', Buffer.alloc(0));
  for (const [name, bytes] of [
    ['a-request', 'GET /hidden HTTP/1.1\r\nHost: b\r\n\r\n'],
    ['an-answer', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['the-end-of-chunks', '0\r\n\r\n'],
    ['the-preface-of-http2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00'],
  ] as const) {
    list.add(`bytes-of-${name}`, Buffer.from(bytes, 'latin1'));
  }
}

function writes(list: Cases): void {
  const talk = Buffer.concat([
    webSocketFrame(text, 'hello'),
    webSocketFrame(ping, 'p'),
    webSocketFrame(binary, 'b'.repeat(200)),
    closeFrame(1000, 'done'),
  ]);
  for (const pieceBytes of [1, 2, 3, 7]) list.add(`${pieceBytes}-bytes-a-write`, talk, { pieceBytes });
  list.add('before-the-answer', talk, { isEarly: true });
  list.add('70-kB-before-the-answer', webSocketFrame(binary, Buffer.alloc(70_000, 'early')), { isEarly: true });
}

export function tunnelCases(): readonly TunnelCase[] {
  const list = new Cases();
  heads(list);
  lengths(list);
  fragments(list);
  closes(list);
  contents(list);
  writes(list);
  return list.all;
}

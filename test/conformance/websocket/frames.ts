/** WebSocket frames (RFC 6455 5.2) as bytes, right or wrong on purpose. */

export interface FrameOptions {
  readonly fin?: boolean;
  /** Three bits. */
  readonly reserved?: number;
  /** Key that the payload is masked with; 0 = it is not masked. */
  readonly mask?: number;
  /** Length as it is written; default: that of the payload. */
  readonly length?: bigint;
  /** 7, 16 or 64 bits for the length; default: the shortest. */
  readonly lengthBits?: 7 | 16 | 64;
}

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

function lengthBytes(length: bigint, bits: number, maskBit: number): Buffer {
  if (bits === 7) return Buffer.from([maskBit | Number(length)]);
  const bytes = Buffer.alloc(bits === 16 ? 3 : 9);
  bytes[0] = maskBit | (bits === 16 ? 126 : 127);
  if (bits === 16) bytes.writeUInt16BE(Number(length), 1);
  else bytes.writeBigUInt64BE(length, 1);
  return bytes;
}

export function webSocketFrame(opcode: number, payload: string | Uint8Array = '', options: FrameOptions = {}): Buffer {
  const bytes = Buffer.from(typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload);
  const { fin = true, reserved = 0, mask = 0x37fa213d, length = BigInt(bytes.length) } = options;
  const bits = options.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const key = Buffer.alloc(4);
  key.writeUInt32BE(mask);
  if (mask !== 0) for (const [at, byte] of bytes.entries()) bytes[at] = byte ^ (key[at % 4] ?? 0);
  return Buffer.concat([
    Buffer.from([(fin ? 0x80 : 0) | (reserved << 4) | opcode]),
    lengthBytes(length, bits, mask === 0 ? 0 : 0x80),
    ...(mask === 0 ? [] : [key]),
    bytes,
  ]);
}

/** Close with a status and a reason. */
export function closeFrame(status: number, reason = '', options: FrameOptions = {}): Buffer {
  const code = Buffer.alloc(2);
  code.writeUInt16BE(status);
  return webSocketFrame(Opcode.close, Buffer.concat([code, Buffer.from(reason, 'latin1')]), options);
}

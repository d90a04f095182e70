/** A little DER (X.690): what a certificate of our own and a request for one are made of. */
import { Buffer } from 'node:buffer';

export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), length(body.length), body]);
}

function length(count: number): Buffer {
  if (count < 0x80) return Buffer.from([count]);
  const bytes: number[] = [];
  for (let rest = count; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return der(0x30, ...contents);
}

export function set(...contents: readonly Uint8Array[]): Buffer {
  return der(0x31, ...contents);
}

/** Dotted, such as `2.5.29.17`. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part % 128];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(128 + (left % 128));
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

/** Of big-endian bytes; never negative. */
export function integer(bytes: Uint8Array): Buffer {
  const isHigh = ((bytes[0] ?? 0) & 0x80) !== 0;
  return isHigh ? der(0x02, Buffer.from([0]), bytes) : der(0x02, bytes);
}

export function utf8(text: string): Buffer {
  return der(0x0c, Buffer.from(text, 'utf8'));
}

export function octets(bytes: Uint8Array): Buffer {
  return der(0x04, bytes);
}

/** Whole bytes only. */
export function bits(bytes: Uint8Array): Buffer {
  return der(0x03, Buffer.from([0]), bytes);
}

export function isTrue(): Buffer {
  return der(0x01, Buffer.from([0xff]));
}

/** GeneralizedTime, for every year. */
export function time(wallMs: number): Buffer {
  const text = new Date(wallMs).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return der(0x18, Buffer.from(`${text}Z`, 'latin1'));
}

export function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/**
 * What the frames of a script ask for, read once more from RFC 9113 8 and written as the HTTP/1.1 that a worker has to
 * get (RFC 9112): with the decoder of header blocks it shares nothing with the server.
 */
import { Flag, FrameType } from '../../../server/http2/codes.js';
import { HpackDecoder } from '../../../server/http2/hpack-decoder.js';
import { preface } from '../../support/http2-frames.js';
import type { Script } from './script.js';

/** One stream of a client, as far as it came. */
export interface AskedRequest {
  readonly id: number;
  /** RFC 9113 8.1 to 8.3; what is not may not be forwarded at all. */
  readonly isWellFormed: boolean;
  readonly path: string;
  /** Request line and fields as the worker gets them, without those that the server adds. */
  readonly head: string;
  readonly contentLength: number | null;
  readonly isChunked: boolean;
  body: string;
  /** Field lines that end a body in chunks. */
  trailers: string;
  /** END_STREAM was sent. */
  isEnded: boolean;
}

type Field = readonly [name: string, value: string];

const pseudo = [':method', ':scheme', ':path', ':authority', ':protocol'];
const connectionSpecific = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);
const nameText = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// oxlint-disable-next-line no-control-regex -- controls are what it is about
const valueText = /^(?![\t ])[^\x00-\x08\x0a-\x1f\x7f]*(?<![\t ])$/;
/** Only a proxy of ours may say these; `_` and `.` are read as `-` by many. */
const protectedName = /^(?:ms-aspnetcore-.*|x-forwarded-.*|forwarded|x-real-ip|x-original-.*|x-rewrite-url|proxy)$/;
/** Of one connection (RFC 9110 7.6.1, 11.7.2). */
const hopByHop = new Set(['te', 'proxy-authorization', 'http2-settings']);
/** Fields of one connection, and those that say what a request is: never trailers (RFC 9110 6.5.1). */
const neverTrailers = /^(?:content-.*|host|te|trailer|authorization|cookie|transfer-encoding)$/;

function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter(([one]) => one === name).map(([, value]) => value);
}

function isWellFormed(fields: readonly Field[]): boolean {
  const regular = fields.findIndex(([name]) => !name.startsWith(':'));
  const late = regular >= 0 && fields.slice(regular).some(([name]) => name.startsWith(':'));
  const isKnown = fields.every(([name]) => (name.startsWith(':') ? pseudo.includes(name) : nameText.test(name)));
  const isOnce = pseudo.every((name) => valuesOf(fields, name).length <= 1);
  const isText = fields.every(([, value]) => valueText.test(value));
  const isFree = fields.every(([name]) => !connectionSpecific.has(name));
  const isTe = valuesOf(fields, 'te').every((value) => value.toLowerCase() === 'trailers');
  const lengths = valuesOf(fields, 'content-length');
  const isLength = lengths.length === 0 || (lengths.length === 1 && /^(?:0|[1-9]\d*)$/.test(lengths[0] ?? ''));
  const hasTarget = [':method', ':scheme', ':path'].every((name) => (valuesOf(fields, name)[0] ?? '') !== '');
  const isHost = valuesOf(fields, 'host').length <= 1;
  return !late && isKnown && isOnce && isText && isFree && isTe && isLength && hasTarget && isHost;
}

function isProtected(name: string): boolean {
  return protectedName.test(name.replaceAll(/[_.]/g, '-'));
}

function asked(id: number, fields: readonly Field[], isEnded: boolean): AskedRequest {
  const one = (name: string): string | null => valuesOf(fields, name)[0] ?? null;
  const length = one('content-length');
  const hasBody = !isEnded && length !== '0';
  const isChunked = hasBody && length === null;
  const lines = [
    `${one(':method')} ${one(':path')} HTTP/1.1`,
    `host: ${one(':authority') ?? one('host')}`,
    ...regularFields(fields, hasBody, isChunked).map(([name, value]) => `${name}: ${value}`),
    ...(isChunked ? ['Transfer-Encoding: chunked'] : []),
  ];
  return {
    id,
    isWellFormed: isWellFormed(fields),
    path: one(':path') ?? '',
    head: lines.join('\r\n'),
    contentLength: length === null ? null : Number(length),
    isChunked,
    body: '',
    trailers: '',
    isEnded,
  };
}

/** Crumbs of Cookie are one field where the first one stood (8.2.3); what is said to us alone ends here. */
function regularFields(fields: readonly Field[], hasBody: boolean, isChunked: boolean): Field[] {
  const crumbs = valuesOf(fields, 'cookie');
  const kept: Field[] = [];
  for (const [name, value] of fields) {
    if (name.startsWith(':') || name === 'host' || hopByHop.has(name) || isProtected(name)) continue;
    if ((name === 'expect' && !hasBody) || (name === 'trailer' && !isChunked)) continue;
    if (name !== 'cookie') kept.push([name, value]);
    else if (crumbs.length > 0) kept.push([name, crumbs.splice(0).join('; ')]);
  }
  return kept;
}

function trailerLines(head: string, fields: readonly Field[]): string {
  const announced = [...head.matchAll(/^trailer: (.*)$/gm)].flatMap(([, list = '']) =>
    list.split(',').map((s) => s.trim()),
  );
  return fields
    .filter(([name]) => announced.includes(name) && !neverTrailers.test(name) && !isProtected(name))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

/** Padding and the old priority, taken off. */
function content(type: number, flags: number, payload: Buffer): Buffer {
  const isPadded = (flags & Flag.padded) !== 0;
  const start = (isPadded ? 1 : 0) + (type === FrameType.headers && (flags & Flag.priority) !== 0 ? 5 : 0);
  return payload.subarray(start, Math.max(start, payload.length - (isPadded ? (payload[0] ?? 0) : 0)));
}

class Frames {
  readonly requests = new Map<number, AskedRequest>();
  readonly #decoder = new HpackDecoder();
  #block: { readonly id: number; readonly flags: number; readonly parts: Buffer[] } | null = null;

  /** @returns false when nothing behind it can be read. */
  take(type: number, flags: number, id: number, payload: Buffer): boolean {
    const bytes = content(type, flags, payload);
    if (type === FrameType.data) this.#data(id, flags, bytes);
    if (type !== FrameType.headers && type !== FrameType.continuation) return true;
    if (type === FrameType.headers) this.#block = { id, flags, parts: [] };
    const block = this.#block;
    if (block === null) return false;
    block.parts.push(bytes);
    if ((flags & Flag.endHeaders) === 0) return true;
    this.#block = null;
    const whole = Buffer.concat(block.parts);
    if (!this.#decoder.decode(whole, 0, whole.length) || this.#decoder.isTooLarge) return false;
    const fields = this.#decoder.entries.slice(0, this.#decoder.count).map(({ name, value }): Field => [name, value]);
    this.#section(id, (block.flags & Flag.endStream) !== 0, fields);
    return true;
  }

  #section(id: number, isEnd: boolean, fields: readonly Field[]): void {
    const known = this.requests.get(id);
    if (known === undefined) {
      this.requests.set(id, asked(id, fields, isEnd));
      return;
    }
    if (known.isEnded || !isEnd) return;
    known.isEnded = true;
    if (known.isChunked) known.trailers = trailerLines(known.head, fields);
  }

  #data(id: number, flags: number, bytes: Buffer): void {
    const request = this.requests.get(id);
    if (request === undefined || request.isEnded) return;
    request.body += bytes.toString('latin1');
    request.isEnded = (flags & Flag.endStream) !== 0;
  }
}

/** Every stream of a script for which a whole head was sent. */
export function askedRequests({ steps, isRaw }: Script): readonly AskedRequest[] {
  const sent = Buffer.concat(steps.filter((step) => Buffer.isBuffer(step)));
  const bytes = isRaw && sent.subarray(0, preface.length).equals(preface) ? sent.subarray(preface.length) : sent;
  const frames = new Frames();
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    const id = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    if (!frames.take(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, id, bytes.subarray(at + 9, end))) break;
    at = end;
  }
  return [...frames.requests.values()];
}

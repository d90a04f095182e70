/**
 * Where worker output goes: files that are written in the background, one write at a time, with a
 * bounded backlog. A sink never throws: a full disk costs output, not workers.
 */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, write, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, messageOf } from '../../config/base/errors.js';
import { outputBacklogBytesMax, outputFileBytesMax, outputFilesKept } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';

export interface OutputSink {
  /** Takes a copy of the chunk. False: the backlog is full, read no more until `whenDrained`. */
  write(chunk: Uint8Array): boolean;
  /** Calls back once when the backlog is gone (at once when there is none). */
  whenDrained(resume: () => void): void;
  /** Writes the rest and closes. */
  close(): Promise<void>;
}

export interface FileSinkOptions {
  readonly fd: number;
  readonly logger: Logger;
  /** For log lines only. */
  readonly name: string;
  /** Bytes waiting before `write` says that the backlog is full. */
  readonly backlogBytesMax: number;
  /** Called before a chunk is written that would pass `bytesMax`; returns the descriptor to go on with, or null to drop. */
  readonly bytesMax: number;
  readonly atBytesMax: () => number | null;
}

/** A write that the thread pool carries out; the file is `endSize` long once it has. */
interface Flight {
  readonly fd: number;
  readonly endSize: number;
}

export class FileSink implements OutputSink {
  readonly #options: FileSinkOptions;
  #fd: number | null;
  #size: number;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #flight: Flight | null = null;
  #reopen: (() => number | null) | null = null;
  #broken = false;
  #waiters: (() => void)[] = [];

  constructor(options: FileSinkOptions) {
    this.#options = options;
    this.#fd = options.fd;
    this.#size = fstatSync(options.fd).size;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#fd === null && this.#reopen === null) return true;
    this.#queue.push(Buffer.from(chunk));
    this.#queuedBytes += chunk.length;
    this.#pump();
    return this.#queuedBytes < this.#options.backlogBytesMax;
  }

  whenDrained(resume: () => void): void {
    if (this.#flight !== null) this.#waiters.push(resume);
    else resume();
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.whenDrained(resolve));
    this.#use(null);
  }

  /** The next write goes to what `open` returns; null = stay with the file there is. */
  reopenWith(open: () => number | null): void {
    this.#reopen = open;
  }

  /** `close` for a process that ends within this turn: blocks until everything is written, for `waitMs` at most. */
  closeNow(waitMs: number): void {
    if (this.#flight !== null) blockUntilSize(this.#flight, waitMs);
    const rest = Buffer.concat(this.#queue.splice(0));
    try {
      const fd = rest.length > 0 ? this.#target(rest.length) : null;
      if (fd !== null) writeFileSync(fd, rest);
    } catch {
      // The last lines of a full disk.
    }
    this.#use(null);
  }

  #pump(): void {
    if (this.#flight !== null) return;
    const chunk = this.#queue.length === 1 ? this.#queue[0] : Buffer.concat(this.#queue);
    if (chunk === undefined || chunk.length === 0) return this.#wake();
    this.#queue = [];
    const fd = this.#target(chunk.length);
    if (fd === null) {
      this.#queuedBytes = 0;
      return this.#wake();
    }
    this.#flight = { fd, endSize: this.#size + chunk.length };
    write(fd, chunk, 0, chunk.length, null, (error, written) => this.#landed(fd, chunk, error, written));
  }

  #landed(fd: number, chunk: Buffer, error: Error | null, written: number): void {
    this.#flight = null;
    if (this.#fd !== fd) return closeSync(fd);
    const rest = error === null ? chunk.subarray(written) : chunk.subarray(0, 0);
    if (rest.length > 0) this.#queue.unshift(rest);
    this.#queuedBytes -= chunk.length - rest.length;
    this.#size += error === null ? written : 0;
    this.#note(error);
    this.#pump();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resume of waiters) resume();
  }

  /** Where the next bytes go. */
  #target(bytes: number): number | null {
    const reopened = this.#reopen?.() ?? null;
    this.#reopen = null;
    if (reopened !== null) this.#use(reopened);
    if (this.#fd !== null && this.#size + bytes > this.#options.bytesMax && this.#size > 0) {
      this.#use(this.#options.atBytesMax());
    }
    return this.#fd;
  }

  /** A descriptor that the other thread still writes to is closed when that write has landed. */
  #use(fd: number | null): void {
    if (this.#fd !== null && this.#fd !== this.#flight?.fd) closeSync(this.#fd);
    this.#fd = fd;
    this.#size = fd === null ? 0 : fstatSync(fd).size;
  }

  /** One line when writing starts to fail and one when it works again. */
  #note(error: Error | null): void {
    if ((error !== null) === this.#broken) return;
    this.#broken = error !== null;
    if (error !== null)
      this.#options.logger.warn('output-file-failed', { file: this.#options.name, error: error.message });
    else this.#options.logger.info('output-file-works-again', { file: this.#options.name });
  }
}

/** Another thread writes; that it is done shows in the length of the file before any callback can run. */
function blockUntilSize({ fd, endSize }: Flight, waitMs: number): void {
  const nobodyWakesIt = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < waitMs && fstatSync(fd).size < endSize; waited++) Atomics.wait(nobodyWakesIt, 0, 0, 1);
}

/**
 * The size-capped file of one application's workers (0640, in a folder that tenants cannot enter):
 * `name.log`, then `name.log.1` ... when it is full. Control bytes arrive already escaped.
 */
export function openRotatingSink(file: string, logger: Logger): FileSink | null {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
    return new FileSink({
      fd: openSync(file, 'a', 0o640),
      logger,
      name: file,
      backlogBytesMax: outputBacklogBytesMax,
      bytesMax: outputFileBytesMax,
      atBytesMax: () => rotate(file, logger),
    });
  } catch (error) {
    logger.warn('output-file-failed', { file, error: messageOf(error) });
    return null;
  }
}

/** After somebody renamed the file: the next bytes go to the one that has its name then. */
export function reopenSink(sink: FileSink, file: string, logger: Logger): void {
  sink.reopenWith(() => {
    try {
      return openSync(file, 'a', 0o640);
    } catch (error) {
      logger.warn('output-file-failed', { file, error: messageOf(error) });
      return null;
    }
  });
}

/** `name` becomes `name.1` and so on; returns the new, empty file, or null when it cannot be made. */
export function rotate(file: string, logger: Logger): number | null {
  try {
    shiftFiles(file, outputFilesKept);
    return openSync(file, 'a', 0o640);
  } catch (error) {
    logger.warn('output-file-failed', { file, error: messageOf(error) });
    return null;
  }
}

/** `name` becomes `name.1`, which becomes `name.2`; the last of `kept` files is gone. Throws system errors. */
export function shiftFiles(file: string, kept: number): void {
  for (let n = kept - 1; n >= 1; n--) renameIfThere(n === 1 ? file : `${file}.${n - 1}`, `${file}.${n}`);
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/**
 * Bytes that could drive a terminal or turn the text around become `\xNN`; tab and line feed stay. Unchanged input is
 * returned as is. A tenant decides how many there are: two passes over bytes, nothing is made for each.
 */
export function escapeOutput(chunk: Uint8Array): Uint8Array {
  let escapes = 0;
  for (let i = 0; i < chunk.length; ) {
    const steering = steeringBytesAt(chunk, i);
    escapes += steering;
    i += steering === 0 ? 1 : steering;
  }
  if (escapes === 0) return chunk;
  const escaped = Buffer.allocUnsafe(chunk.length + 3 * escapes);
  let at = 0;
  for (let i = 0; i < chunk.length; ) {
    const end = i + steeringBytesAt(chunk, i);
    if (end === i) escaped[at++] = chunk[i++] ?? 0;
    for (; i < end; i++) {
      const byte = chunk[i] ?? 0;
      escaped[at++] = backslash;
      escaped[at++] = letterX;
      escaped[at++] = hexDigits[byte >> 4] ?? 0;
      escaped[at++] = hexDigits[byte & 15] ?? 0;
    }
  }
  return escaped;
}

const hexDigits = Buffer.from('0123456789abcdef');
const backslash = 0x5c;
const letterX = 0x78;

/** Bytes of the character here that `escapeControls` escapes too, in UTF-8; one that may go on in the next chunk counts. */
function steeringBytesAt(chunk: Uint8Array, i: number): number {
  const byte = chunk[i] ?? 0;
  if (byte < 0x7f) return byte >= 0x20 || byte === 0x09 || byte === 0x0a ? 0 : 1;
  if (byte === 0x7f) return 1;
  if (byte !== 0xc2 && byte !== 0xd8 && byte !== 0xe2) return 0;
  const second = chunk[i + 1];
  if (second === undefined) return 1;
  // C1 controls: C2 80 to C2 9F.
  if (byte === 0xc2) return second >= 0xa0 ? 0 : second >= 0x80 ? 2 : 1;
  // U+061C.
  if (byte === 0xd8) return second === 0x9c ? 2 : 0;
  if (second !== 0x80 && second !== 0x81) return 0;
  const third = chunk[i + 2];
  if (third === undefined) return 2;
  // U+200E, U+200F, U+2028 to U+202E; U+2066 to U+2069.
  const isSteering =
    second === 0x80
      ? third === 0x8e || third === 0x8f || (third >= 0xa8 && third <= 0xae)
      : third >= 0xa6 && third <= 0xa9;
  return isSteering ? 3 : 0;
}

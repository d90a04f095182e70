/**
 * Where worker output goes: files that are written in the background, one write at a time, with a
 * bounded backlog. A sink never throws: a full disk costs output, not workers.
 */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, write } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../config/base/errors.js';
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
  /** Called before a chunk is written that would pass `bytesMax`; returns the descriptor to go on with, or null to drop. */
  readonly bytesMax: number;
  readonly atBytesMax: () => number | null;
}

export class FileSink implements OutputSink {
  readonly #options: FileSinkOptions;
  #fd: number | null;
  #size: number;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #writing = false;
  #broken = false;
  #waiters: (() => void)[] = [];

  constructor(options: FileSinkOptions) {
    this.#options = options;
    this.#fd = options.fd;
    this.#size = fstatSync(options.fd).size;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#fd === null) return true;
    this.#queue.push(Buffer.from(chunk));
    this.#queuedBytes += chunk.length;
    this.#pump();
    return this.#queuedBytes < outputBacklogBytesMax;
  }

  whenDrained(resume: () => void): void {
    if (this.#writing) this.#waiters.push(resume);
    else resume();
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.whenDrained(resolve));
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #pump(): void {
    if (this.#writing) return;
    const chunk = this.#queue.length === 1 ? this.#queue[0] : Buffer.concat(this.#queue);
    if (chunk === undefined || chunk.length === 0) return this.#wake();
    this.#queue = [];
    const fd = this.#roomFor(chunk.length);
    if (fd === null) {
      this.#queuedBytes = 0;
      return this.#wake();
    }
    this.#writing = true;
    write(fd, chunk, 0, chunk.length, null, (error) => {
      this.#writing = false;
      this.#queuedBytes -= chunk.length;
      this.#note(error);
      this.#pump();
    });
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resume of waiters) resume();
  }

  #roomFor(bytes: number): number | null {
    if (this.#fd !== null && this.#size + bytes > this.#options.bytesMax && this.#size > 0) {
      closeSync(this.#fd);
      this.#fd = this.#options.atBytesMax();
      this.#size = 0;
    }
    this.#size += bytes;
    return this.#fd;
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

/**
 * The size-capped file of one application's workers (0640, in a folder that tenants cannot enter):
 * `name.log`, then `name.log.1` ... when it is full. Control bytes arrive already escaped.
 */
export function openRotatingSink(file: string, logger: Logger): OutputSink | null {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
    return new FileSink({
      fd: openSync(file, 'a', 0o640),
      logger,
      name: file,
      bytesMax: outputFileBytesMax,
      atBytesMax: () => rotate(file, logger),
    });
  } catch (error) {
    logger.warn('output-file-failed', { file, error: messageOf(error) });
    return null;
  }
}

function rotate(file: string, logger: Logger): number | null {
  try {
    for (let n = outputFilesKept - 1; n >= 1; n--) {
      renameIfThere(n === 1 ? file : `${file}.${n - 1}`, `${file}.${n}`);
    }
    return openSync(file, 'a', 0o640);
  } catch (error) {
    logger.warn('output-file-failed', { file, error: messageOf(error) });
    return null;
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!messageOf(error).startsWith('ENOENT')) throw error;
  }
}

/** Bytes that could drive a terminal become `\xNN`; tab and line feed stay. Unchanged input is returned as is. */
export function escapeOutput(chunk: Uint8Array): Uint8Array {
  let first = 0;
  while (first < chunk.length && !mustEscape(chunk, first)) first++;
  if (first === chunk.length) return chunk;
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let i = first; i < chunk.length; i++) {
    if (!mustEscape(chunk, i)) continue;
    parts.push(chunk.subarray(start, i), Buffer.from(`\\x${(chunk[i] ?? 0).toString(16).padStart(2, '0')}`));
    start = i + 1;
  }
  parts.push(chunk.subarray(start));
  return Buffer.concat(parts);
}

function mustEscape(chunk: Uint8Array, i: number): boolean {
  const byte = chunk[i] ?? 0;
  if (byte < 0x20) return byte !== 0x09 && byte !== 0x0a;
  if (byte === 0x7f) return true;
  // C1 controls are two bytes in UTF-8: C2 80 to C2 9F; both are escaped.
  if (byte === 0xc2) return (chunk[i + 1] ?? 0x80) < 0xa0;
  return byte >= 0x80 && byte < 0xa0 && chunk[i - 1] === 0xc2;
}

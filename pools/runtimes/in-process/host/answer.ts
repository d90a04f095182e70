// HOT: measured by test/bench/host.bench.ts
/**
 * The way back: bytes that Node writes to a virtual socket leave as Answer frames, unchanged. The write
 * callback is called at once while the window is open and the kernel takes everything, and held
 * otherwise: `res.write` returning false and `drain` follow from that.
 */
import { linkFrameBytesMax, linkStreamGraceBytes, linkStreamWindowBytes } from '../../../../config/base/limits.js';
import { AnswerFlag, EndFlag, FrameType } from '../../../link/frames.js';
import { FrameMark, type FrameWriter, referenceBytes } from '../../../link/writer.js';
import { runSoon } from './clean-context.js';
import type { FakeHandle } from './fake-handle.js';
import type { VirtualSocket, WriteCallback, WritePiece } from './virtual-socket.js';

/** What an answer needs of its link. */
export interface AnswerLink {
  readonly writer: FrameWriter;
  /** Frames were collected: let them leave at the end of this turn. */
  requestFlush(): void;
  /** Lets everything leave now. @returns true when the kernel took all of it. */
  flushNow(): boolean;
  /** Calls `resume` in a clean macrotask once the kernel took everything. */
  whenFlushed(resume: () => void): void;
}

const interim = 'HTTP/1.1 1';
const switching = 'HTTP/1.1 101';

/** Upper bound of the bytes of a piece; -1 = not one of the plain encodings. */
function bytesMax(chunk: Buffer | string, encoding: string): number {
  if (typeof chunk !== 'string') return chunk.length;
  if (encoding === 'latin1' || encoding === 'binary') return chunk.length;
  return encoding === 'utf8' || encoding === 'utf-8' ? chunk.length * 3 : -1;
}

export class Answer {
  /** Bytes the listener still accepts on this stream. */
  credit = linkStreamWindowBytes;
  /** The final head of the current answer was seen. */
  headSent = false;
  /** Its head did not come from a response object of Node: somebody wrote to the socket. */
  isRaw = false;
  readonly #link: AnswerLink;
  readonly #streamId: number;
  readonly #mark = new FrameMark();
  /** What is left of a write that the window or the kernel did not take. */
  #rest: Buffer[] = [];
  #callback: WriteCallback | null = null;
  /** All of the held write is in frames that the kernel has not taken: its callback is on its way. */
  #isLeaving = false;
  #flags = 0;
  /** Null while the listener reads; then what a write ends with. */
  #refusal: (() => Error | null) | null = null;

  constructor(link: AnswerLink, streamId: number) {
    this.#link = link;
    this.#streamId = streamId;
  }

  get isHeld(): boolean {
    return this.#callback !== null;
  }

  writePieces(socket: VirtualSocket, handle: FakeHandle, pieces: readonly WritePiece[], callback: WriteCallback): void {
    if (this.#refusal !== null) return this.#forget(callback);
    let total = 0;
    for (const piece of pieces) {
      const bytes = bytesMax(piece.chunk, piece.encoding);
      total = bytes < 0 || bytes >= referenceBytes ? Number.POSITIVE_INFINITY : total + bytes;
    }
    const first = pieces[0];
    this.#noteHead(socket, first === undefined ? '' : first.chunk);
    if (total > this.credit || total > linkFrameBytesMax) {
      this.#writeLarge(handle, pieces, callback);
      return;
    }
    const writer = this.#link.writer;
    writer.begin(FrameType.Answer, this.#flags, 0, this.#streamId);
    for (const piece of pieces) this.#add(piece.chunk, piece.encoding);
    this.#written(handle, writer.finish());
    callback();
  }

  /** As `writePieces` with one piece, without the array. */
  writePiece(
    socket: VirtualSocket,
    handle: FakeHandle,
    chunk: Buffer | string,
    encoding: BufferEncoding,
    callback: WriteCallback,
  ): void {
    if (this.#refusal !== null) return this.#forget(callback);
    const bytes = bytesMax(chunk, encoding);
    if (bytes < 0 || bytes >= referenceBytes || bytes > this.credit) {
      this.#noteHead(socket, chunk);
      this.#writeLarge(handle, [{ chunk, encoding }], callback);
      return;
    }
    if (bytes > 0) {
      this.#noteHead(socket, chunk);
      const writer = this.#link.writer;
      writer.begin(FrameType.Answer, this.#flags, 0, this.#streamId);
      this.#add(chunk, encoding);
      this.#written(handle, writer.finish());
    }
    callback();
  }

  /** Marks the end of the response on its last frame, or by a frame of its own. */
  finish(): void {
    const writer = this.#link.writer;
    if (!writer.addFlags(this.#mark, EndFlag)) writer.empty(FrameType.Answer, AnswerFlag.end, this.#streamId);
    this.headSent = false;
    this.isRaw = false;
    this.#mark.turn = -1;
    this.#link.requestFlush();
  }

  /** More bytes are accepted. @returns true when a held write can go on (in a clean macrotask). */
  grant(bytes: number): boolean {
    const wasClosed = this.credit <= 0;
    this.credit += bytes;
    return wasClosed && this.credit > 0 && this.#callback !== null;
  }

  /** The process ends: everything written so far is collected, whatever the window says. */
  collectAll(handle: FakeHandle): void {
    this.credit += linkStreamGraceBytes;
    if (this.#callback !== null) this.pump(handle);
  }

  /** The stream is gone: a held write fails as on a closed socket, its bytes are forgotten. */
  abandon(): void {
    this.#rest = [];
    this.#callback = null;
  }

  /** The listener has forgotten the stream: no credit comes any more, and what is written reaches nobody. */
  leave(refusal: () => Error | null): void {
    this.#refusal = refusal;
    if (this.#callback === null) return;
    this.#rest = [];
    if (!this.#isLeaving) this.#done();
  }

  /** Never at once: an app that writes as long as it may would never stop. */
  #forget(callback: WriteCallback): void {
    runSoon(() => callback(this.#refusal?.() ?? null), undefined);
  }

  #add(chunk: Buffer | string, encoding: string): void {
    const writer = this.#link.writer;
    if (typeof chunk !== 'string') writer.addBytes(chunk);
    else if (encoding === 'latin1' || encoding === 'binary') writer.addLatin1(chunk);
    else writer.addUtf8(chunk);
  }

  #written(handle: FakeHandle, bytes: number): void {
    this.credit -= bytes;
    handle.bytesWritten += bytes;
    this.#link.writer.mark(this.#mark);
    this.#flags = 0;
    this.#link.requestFlush();
  }

  /**
   * Finds the final head: its frame carries the flag. Node puts the head in front of the first write after
   * `_headerSent`, so its characters need no second look (comparing them was a tenth of the worker's time).
   */
  #noteHead(socket: VirtualSocket, chunk: Buffer | string): void {
    if (this.headSent || chunk.length === 0) return;
    const message = socket._httpMessage;
    const header = message?._header ?? null;
    if (
      message?._headerSent === true &&
      typeof chunk === 'string' &&
      header !== null &&
      chunk.length >= header.length
    ) {
      this.#flags = AnswerFlag.head;
    } else {
      const start = typeof chunk === 'string' ? chunk.slice(0, 12) : chunk.toString('latin1', 0, 12);
      if (start.startsWith(interim) && start !== switching) return;
      this.#flags = AnswerFlag.head;
      this.isRaw = true;
    }
    this.headSent = true;
  }

  #writeLarge(handle: FakeHandle, pieces: readonly WritePiece[], callback: WriteCallback): void {
    for (const { chunk, encoding } of pieces) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
      if (bytes.length > 0) this.#rest.push(bytes);
    }
    this.#callback = callback;
    this.pump(handle);
  }

  /** Sends what window and kernel take of the held write; ends it when nothing is left. */
  pump(handle: FakeHandle): void {
    const writer = this.#link.writer;
    while (this.#rest.length > 0 && this.credit > 0) {
      const first = this.#rest[0] ?? Buffer.alloc(0);
      const size = Math.min(first.length, this.credit, linkFrameBytesMax);
      if (size === first.length) this.#rest.shift();
      else this.#rest[0] = first.subarray(size);
      writer.begin(FrameType.Answer, this.#flags, 0, this.#streamId);
      writer.addBytes(size === first.length ? first : first.subarray(0, size));
      this.#written(handle, writer.finish());
    }
    // The app may change its buffers after the callback: they must have left by then.
    const flushed = this.#link.flushNow();
    // Credit may come while the last frames leave: a second callback would end the write after this one.
    if (this.#rest.length > 0 || this.#isLeaving) return;
    if (flushed) {
      this.#done();
      return;
    }
    this.#isLeaving = true;
    this.#link.whenFlushed(() => this.#done());
  }

  #done(): void {
    this.#isLeaving = false;
    const callback = this.#callback;
    this.#callback = null;
    callback?.(this.#refusal?.() ?? null);
  }
}

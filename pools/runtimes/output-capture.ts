/**
 * Reads a worker's stdout and stderr: at a limited rate, into one buffer that all workers share, on to
 * the sinks, keeping the tail for failure reports and obituaries. A worker that floods is left unread,
 * so that it blocks on its own pipe and costs nobody else anything.
 */
import { Socket, type SocketConstructorOpts } from 'node:net';
import type { Readable } from 'node:stream';
import { type CancelTimer, type Clock } from '../../config/base/clock.js';
import { escapeControls } from '../../config/base/diagnostics.js';
import { outputBurstBytes, outputBytesPerSecondMax, outputDrainMs, outputTailBytes } from '../../config/base/limits.js';
import { escapeOutput, type OutputSink } from './output-sinks.js';
import type { RecentOutput } from './output-taps.js';

export interface OutputCaptureOptions {
  readonly clock: Clock;
  /** The application's file: gets escaped output. */
  readonly shared: OutputSink | null;
  /** stdoutLogFile: gets the bytes as they are. */
  readonly raw: OutputSink | null;
  /** Gets escaped output while somebody looks at it. */
  readonly tap: { readonly isWanted: boolean; tell(chunk: Uint8Array): void };
  /** Called each time the worker is left unread for a second. */
  readonly onLimited: () => void;
}

export class OutputCapture implements RecentOutput {
  readonly #options: OutputCaptureOptions;
  readonly #sources: Source[] = [];
  readonly #tail = new Tail();
  #tokens = outputBurstBytes;
  #filledAtMs: number;
  #cancelPause: CancelTimer | null = null;
  #waitingForSinks = 0;
  #finishing = false;

  constructor(streams: readonly (Readable | null)[], options: OutputCaptureOptions) {
    this.#options = options;
    this.#filledAtMs = options.clock.monotonicMs();
    for (const stream of streams) {
      if (stream !== null) this.#sources.push(new Source(stream, (chunk) => this.#take(chunk)));
    }
  }

  /** The last lines, safe to print. */
  tail(): string {
    return this.#tail.textSince(0).trimEnd();
  }

  textSince(bytes: number): string {
    return this.#tail.textSince(bytes);
  }

  lineAt(): number {
    return this.#tail.lineAt();
  }

  /** After the process is gone: reads what is left, at most for a moment, and lets the pipes go. */
  async finish(): Promise<void> {
    this.#finishing = true;
    this.#cancelPause?.();
    this.#cancelPause = null;
    for (const source of this.#sources) source.resume();
    const ended = Promise.all(this.#sources.map((source) => source.ended));
    let cancel: CancelTimer = () => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.setTimer(outputDrainMs, resolve);
    });
    await Promise.race([ended, late]);
    cancel();
    for (const source of this.#sources) source.destroy();
    await this.#options.raw?.close();
  }

  /** Returns false when reading has to pause. */
  #take(chunk: Uint8Array): boolean {
    this.#tail.append(chunk);
    let room = this.#options.raw?.write(chunk) ?? true;
    const { shared, tap } = this.#options;
    if (shared !== null || tap.isWanted) {
      const escaped = escapeOutput(chunk);
      if (shared !== null) room = shared.write(escaped) && room;
      if (tap.isWanted) tap.tell(escaped);
    }
    if (this.#finishing) return true;
    if (!room) this.#pauseForSinks();
    if (this.#spend(chunk.length)) this.#pauseForRate();
    return this.#cancelPause === null && this.#waitingForSinks === 0;
  }

  #spend(bytes: number): boolean {
    const now = this.#options.clock.monotonicMs();
    const earned = ((now - this.#filledAtMs) * outputBytesPerSecondMax) / 1_000;
    this.#tokens = Math.min(outputBurstBytes, this.#tokens + earned) - bytes;
    this.#filledAtMs = now;
    return this.#tokens < 0;
  }

  #pauseForRate(): void {
    if (this.#cancelPause !== null) return;
    this.#options.onLimited();
    this.#cancelPause = this.#options.clock.setTimer(1_000, () => {
      this.#cancelPause = null;
      this.#resumeIfFree();
    });
    this.#pauseAll();
  }

  #pauseForSinks(): void {
    if (this.#waitingForSinks > 0) return;
    this.#pauseAll();
    for (const sink of [this.#options.raw, this.#options.shared]) {
      if (sink === null) continue;
      this.#waitingForSinks++;
      sink.whenDrained(() => {
        this.#waitingForSinks--;
        this.#resumeIfFree();
      });
    }
  }

  #pauseAll(): void {
    for (const source of this.#sources) source.pause();
  }

  #resumeIfFree(): void {
    if (this.#cancelPause !== null || this.#waitingForSinks > 0) return;
    for (const source of this.#sources) source.resume();
  }
}

/** Every chunk is consumed before the next read of this thread, so all workers share one buffer. */
const sharedBuffer = Buffer.allocUnsafe(65_536);

/** One pipe of a worker. */
class Source {
  readonly ended: Promise<void>;
  readonly #socket: Readable;

  constructor(stream: Readable, take: (chunk: Uint8Array) => boolean) {
    this.#socket = readingIntoSharedBuffer(stream, take) ?? readingChunks(stream, take);
    this.#socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.#socket.once('close', resolve));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/**
 * child_process makes its own socket objects, without `onread`. Where the handle below can be had it
 * moves to a socket that reads into the shared buffer; null where this Node keeps it elsewhere.
 */
function readingIntoSharedBuffer(stream: Readable, take: (chunk: Uint8Array) => boolean): Readable | null {
  const handle: unknown = Reflect.get(stream, '_handle');
  if (typeof handle !== 'object' || handle === null || !('readStop' in handle)) return null;
  if (typeof handle.readStop === 'function') handle.readStop();
  // The mark by which a socket knows that its handle reads already.
  Reflect.set(handle, 'reading', false);
  Reflect.set(stream, '_handle', null);
  stream.destroy();
  const options = {
    handle,
    readable: true,
    writable: false,
    onread: {
      buffer: sharedBuffer,
      callback: (bytes: number) => take(sharedBuffer.subarray(0, bytes)),
    },
  };
  const socket = new Socket(options as SocketConstructorOpts);
  socket.resume();
  return socket;
}

function readingChunks(stream: Readable, take: (chunk: Uint8Array) => boolean): Readable {
  stream.on('data', (chunk: Uint8Array) => {
    if (!take(chunk)) stream.pause();
  });
  return stream;
}

/** The last `outputTailBytes` bytes, kept in a buffer that grows only when there is output. */
class Tail {
  #buffer = Buffer.alloc(0);
  #length = 0;
  /** Bytes that were ever appended. */
  #total = 0;

  append(chunk: Uint8Array): void {
    const kept = chunk.length > outputTailBytes ? chunk.subarray(chunk.length - outputTailBytes) : chunk;
    if (this.#length + kept.length > this.#buffer.length) this.#makeRoom(kept.length);
    this.#buffer.set(kept, this.#length);
    this.#length += kept.length;
    this.#total += chunk.length;
  }

  #makeRoom(bytes: number): void {
    const keep = Math.min(this.#length, outputTailBytes);
    const old = this.#buffer.subarray(this.#length - keep, this.#length);
    const wanted = Math.min(2 * outputTailBytes, Math.max(4_096, 2 * (keep + bytes)));
    const target = wanted > this.#buffer.length ? Buffer.alloc(wanted) : this.#buffer;
    target.set(old, 0);
    this.#buffer = target;
    this.#length = keep;
  }

  textSince(bytes: number): string {
    const wanted = Math.min(outputTailBytes, this.#length, Math.max(0, this.#total - bytes));
    const text = this.#buffer.toString('utf8', this.#length - wanted, this.#length);
    return text.split('\n').map(printable).join('\n');
  }

  lineAt(): number {
    const end = this.#buffer.subarray(0, this.#length).lastIndexOf(lineFeed) + 1;
    return this.#total - (this.#length - end);
  }
}

const lineFeed = 0x0a;

function printable(line: string): string {
  const withoutReturn = line.endsWith('\r') ? line.slice(0, -1) : line;
  return withoutReturn.split('\t').map(escapeControls).join('\t');
}

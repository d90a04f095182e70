/**
 * The end of a file that others write, and what they add to it. It is looked at again and again, which costs nothing
 * while nobody follows, and goes on where the file was renamed and a new one has its name.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { CancelTimer, Clock } from '../../../config/base/clock.js';
import { logTailBytesMax, logTailPollMs, logTailReadBytesMax } from '../../../config/base/log-limits.js';
import { LineSplitter } from './line-splitter.js';
import type { LogPosition, LogPositions } from './position.js';

export interface FollowedFile {
  /** Asked at each look: a log with a period goes on in another file. */
  path(): string;
  /** `skipped`: bytes before these lines that came too fast. */
  lines(lines: readonly string[], skipped: number): void;
}

export interface StartedTail {
  readonly tail: FileTail;
  readonly last: readonly string[];
}

export class FileTail {
  readonly #clock: Clock;
  readonly #followed: FollowedFile;
  #splitter = new LineSplitter();
  #file: FileHandle | null = null;
  #path = '';
  #inode = 0;
  #at = 0;
  /** Where the line begins that has not ended. */
  #lineAt = 0;
  #cancel: CancelTimer = () => undefined;
  #isClosed = false;

  private constructor(clock: Clock, followed: FollowedFile) {
    this.#clock = clock;
    this.#followed = followed;
  }

  /**
   * `last`: the last lines there are, at most `count`; what comes after them goes to `followed`. With `since` there are
   * none: what stands behind that position is new, and all of a file that it does not name.
   */
  static async start(
    clock: Clock,
    followed: FollowedFile,
    count: number,
    since: LogPositions | null,
  ): Promise<StartedTail> {
    const tail = new FileTail(clock, followed);
    const last = await tail.#take(followed.path(), since === null ? count : 0);
    if (since !== null) tail.#goBack(since.get(String(tail.#inode)) ?? 0);
    tail.#lookLater();
    return { tail, last };
  }

  /** Behind the last line that was handed on; null = there is no file. */
  get position(): LogPosition | null {
    return this.#file === null ? null : { key: this.#inode, at: this.#lineAt };
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    void this.#drop();
  }

  #lookLater(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#clock.setTimer(logTailPollMs, () => {
      void this.#look().then(() => this.#lookLater());
    });
  }

  async #look(): Promise<void> {
    try {
      await this.#read();
      const path = this.#followed.path();
      const found = await stat(path).catch(() => null);
      if (found === null || (path === this.#path && found.ino === this.#inode)) return;
      // Renamed, or of another period: what was still written to the old one has been read.
      await this.#read();
      await this.#take(path, 0);
      // Everything in it is new.
      this.#goBack(0);
      await this.#read();
    } catch {
      // Removed between two steps: the next look finds what is there then.
    }
  }

  /** @returns the last `count` lines that stand in it; it is read on behind them. */
  async #take(path: string, count: number): Promise<string[]> {
    await this.#drop();
    const file = await open(path, 'r').catch(() => null);
    if (file === null) return [];
    const { size, ino } = await file.stat();
    this.#file = file;
    this.#path = path;
    this.#inode = ino;
    this.#splitter = new LineSplitter();
    this.#at = size;
    const from = Math.max(0, size - logTailBytesMax);
    this.#lineAt = from;
    // The first one may have begun before.
    const lines = (await this.#linesOf(file, from, size)).slice(from > 0 ? 1 : 0);
    if (this.#isClosed) await this.#drop();
    return count === 0 ? [] : lines.slice(-count);
  }

  async #read(): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    const { size } = await file.stat();
    if (size < this.#at) this.#goBack(0);
    if (size === this.#at) return;
    const from = Math.max(this.#at, size - logTailReadBytesMax);
    const skipped = from - this.#at;
    if (skipped > 0) this.#splitter = new LineSplitter();
    const lines = await this.#linesOf(file, from, size);
    this.#at = size;
    if (!this.#isClosed && (lines.length > 0 || skipped > 0)) {
      this.#followed.lines(skipped > 0 ? lines.slice(1) : lines, skipped);
    }
  }

  #goBack(at: number): void {
    this.#at = at;
    this.#lineAt = at;
    this.#splitter = new LineSplitter();
  }

  async #linesOf(file: FileHandle, from: number, to: number): Promise<string[]> {
    const buffer = Buffer.alloc(to - from);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const read = buffer.subarray(0, bytesRead);
    const end = read.lastIndexOf(lineFeed) + 1;
    if (end > 0) this.#lineAt = from + end;
    return this.#splitter.lines(read.toString());
  }

  async #drop(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#inode = 0;
    await file?.close().catch(() => undefined);
  }
}

const lineFeed = 0x0a;

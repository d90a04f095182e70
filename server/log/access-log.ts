import { close, open, write } from 'node:fs';
import type { Clock } from '../../config/base/clock.js';
import { codeOf } from '../../config/base/errors.js';
import { accessLogBufferBytesMax, accessLogFlushBytes } from '../../config/base/limits.js';
import { accessLogIdleCloseMs, accessLogsBufferBytesMax } from '../../config/base/log-limits.js';
import type { AccessLogTarget } from '../../config/model.js';
import { accessLine, type AccessRecord, droppedLine, headerOf, LogTime } from './access-record.js';
import { logFileAt, periodStepMs } from './log-names.js';

export type { AccessRecord } from './access-record.js';

const fileMode = 0o640;

/** What waits for the disk in all logs of this process. */
export class LogMemory {
  bytes = 0;
}

export interface AccessLogOptions {
  readonly target: AccessLogTarget;
  readonly clock: Clock;
  readonly memory: LogMemory;
  /** Called when lines begin to wait for a disk that does not take them (`code`), and with '' when it does again. */
  readonly troubled?: (log: AccessLog, code: string) => void;
}

/**
 * An access log: one line per request, appended by every listener to one file (O_APPEND, whole records per
 * write). Which file that is follows from the time of the record, so that nobody has to tell anybody when a
 * period ends. Memory is bounded: when the disk does not take the lines, new ones are dropped and counted, and the
 * count stands in the log once writing works again.
 */
export class AccessLog {
  readonly #clock: Clock;
  readonly #memory: LogMemory;
  readonly #troubled: NonNullable<AccessLogOptions['troubled']>;
  readonly #logTime = new LogTime();
  #target: AccessLogTarget;
  #path: string;
  /** Wall clock: from one to the other the path is the same. */
  #pathFromMs = 0;
  #pathUntilMs = 0;
  #fd = -1;
  /** The next write begins with the head of `#headTarget`: what waits began under it. */
  #headerDue = true;
  #headTarget: AccessLogTarget;
  #pending = '';
  /** The file of the next period, and what is held for it; '' = the period goes on. */
  #nextPath = '';
  #behind = '';
  #writing = false;
  /** The last write broke off inside a record: the next one starts on a line of its own. */
  #torn = false;
  #closing = false;
  #trouble = '';
  #usedAtMs = 0;
  #onIdle: (() => void)[] = [];
  /** A column of it is the cookie. */
  wantsCookie: boolean;
  /** Records that were not written since the start. */
  dropped = 0;
  #droppedUnsaid = 0;

  constructor({ target, clock, memory, troubled = () => undefined }: AccessLogOptions) {
    this.#target = target;
    this.#headTarget = target;
    this.wantsCookie = hasCookie(target);
    this.#clock = clock;
    this.#memory = memory;
    this.#troubled = troubled;
    this.#path = logFileAt(target, clock.wallMs());
  }

  /** The file that is written to. */
  get path(): string {
    return this.#path;
  }

  /** Of the records to come. */
  setTarget(target: AccessLogTarget): void {
    if (JSON.stringify(target) === JSON.stringify(this.#target)) return;
    this.#target = target;
    this.wantsCookie = hasCookie(target);
    if (this.#fd < 0 && this.#pending === '') this.#headTarget = target;
    else this.#hold(headerOf(target, this.#time(this.#clock.wallMs())));
    this.#pathUntilMs = 0;
  }

  /** The file is there before its first record, for whoever looks for it. */
  openNow(): void {
    if (this.#fd < 0 && !this.#writing) this.#open();
  }

  append(r: AccessRecord): void {
    if (this.#pending.length > accessLogBufferBytesMax || this.#memory.bytes > accessLogsBufferBytesMax) {
      this.dropped += 1;
      this.#droppedUnsaid += 1;
      return;
    }
    const nowMs = this.#clock.wallMs();
    if (nowMs >= this.#pathUntilMs || nowMs < this.#pathFromMs) this.#choosePath(nowMs);
    this.#hold(accessLine(this.#target, r, this.#time(nowMs)));
    if (this.#pending.length > accessLogFlushBytes) this.flush();
  }

  /** Writes what is there; called every second and when much has come together. */
  flush(): void {
    if (this.#writing) return;
    if (this.#pending === '') return this.#closeWhenUnused();
    if (this.#fd < 0) return this.#open();
    const nowMs = this.#clock.wallMs();
    this.#usedAtMs = nowMs;
    let text = this.#pending;
    this.#memory.bytes -= text.length;
    this.#pending = '';
    if (this.#headerDue) text = headerOf(this.#headTarget, this.#time(nowMs)) + text;
    this.#headTarget = this.#target;
    if (this.#torn) text = `\n${text}`;
    const said = this.#droppedUnsaid;
    if (said > 0) text += droppedLine(this.#target.format, said, this.#time(nowMs));
    this.#writing = true;
    const bytes = Buffer.from(text, 'latin1');
    write(this.#fd, bytes, 0, bytes.length, null, (error, written) => {
      this.#written(error, error === null ? written : 0, bytes, said);
    });
  }

  /** `said`: the count in the last line of these bytes, 0 = there is none. */
  #written(error: Error | null, written: number, bytes: Buffer, said: number): void {
    this.#writing = false;
    const complete = written === bytes.length;
    if (written > 0) this.#torn = bytes[written - 1] !== lineFeed;
    this.#headerDue = this.#headerDue && !complete;
    this.#note(complete ? '' : codeOf(error) || 'ENOSPC');
    if (complete) this.#droppedUnsaid -= said;
    else {
      const isRecord = this.#target.format !== 'w3c';
      const lost = recordsFrom(bytes, written) - (said > 0 && isRecord ? 1 : 0);
      this.dropped += lost;
      this.#droppedUnsaid += lost;
    }
    // A disk that is full is tried again at the next second, not in a circle.
    if (complete && (this.#pending.length > accessLogFlushBytes || this.#closing)) this.flush();
    if (!this.#writing) this.#settle();
  }

  /** The path is opened anew (the primary renamed the file); done when lines go to the new file. */
  reopen(done: () => void): void {
    // What is known by now belongs to the old file.
    this.flush();
    this.#whenIdle(() => {
      if (this.#fd < 0) return done();
      this.#close(() => undefined);
      this.#open();
      this.#whenIdle(done);
    });
  }

  /** Writes the rest and closes. */
  end(done: () => void): void {
    this.#closing = true;
    this.flush();
    this.#whenIdle(() => {
      // Behind the end of a period.
      if (this.#pending !== '' && this.#trouble === '') return this.end(done);
      this.#memory.bytes -= this.#pending.length;
      this.#pending = '';
      this.#close(done);
    });
  }

  #hold(text: string): void {
    if (this.#nextPath === '') this.#pending += text;
    else this.#behind += text;
    this.#memory.bytes += text.length;
  }

  #open(): void {
    this.#writing = true;
    open(this.#path, 'a', fileMode, (error, fd) => {
      this.#writing = false;
      this.#fd = error === null ? fd : -1;
      this.#headerDue = true;
      this.#usedAtMs = this.#clock.wallMs();
      // The folder was not there, or not ours: perhaps it is at the next second.
      if (error === null) this.flush();
      else this.#note(codeOf(error));
      if (!this.#writing) this.#settle();
    });
  }

  #close(done: () => void): void {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd < 0) done();
    else close(fd, () => done());
  }

  #closeWhenUnused(): void {
    if (this.#fd >= 0 && this.#clock.wallMs() - this.#usedAtMs > accessLogIdleCloseMs) this.#close(() => undefined);
  }

  /** A file of another period: what was held for the one before goes there first. */
  #choosePath(nowMs: number): void {
    this.#pathFromMs = nowMs - (nowMs % periodStepMs);
    this.#pathUntilMs = this.#pathFromMs + periodStepMs;
    const path = logFileAt(this.#target, nowMs);
    const isTurning = this.#nextPath !== '';
    if (path === (isTurning ? this.#nextPath : this.#path)) return;
    this.#nextPath = path;
    if (isTurning) return;
    this.flush();
    this.#whenIdle(() => this.#turn());
  }

  #turn(): void {
    this.#close(() => undefined);
    this.#torn = false;
    this.#path = this.#nextPath;
    this.#nextPath = '';
    this.#pending += this.#behind;
    this.#behind = '';
  }

  #note(code: string): void {
    if (code === this.#trouble) return;
    this.#trouble = code;
    this.#troubled(this, code);
  }

  #whenIdle(run: () => void): void {
    if (this.#writing) this.#onIdle.push(run);
    else run();
  }

  #settle(): void {
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const run of waiting) run();
  }

  #time(nowMs: number): string {
    return this.#logTime.text(this.#target.format, nowMs);
  }
}

function hasCookie({ format, fields }: AccessLogTarget): boolean {
  return format === 'w3c' && fields.includes('Cookie');
}

const lineFeed = 0x0a;
const numberSign = 0x23;

/** Records that end in these bytes; a line that begins with # is none. */
function recordsFrom(bytes: Buffer, start: number): number {
  let records = 0;
  let lineAt = start > 0 ? bytes.lastIndexOf(lineFeed, start - 1) + 1 : 0;
  for (;;) {
    const end = bytes.indexOf(lineFeed, lineAt);
    if (end < 0) return records;
    if (end > lineAt && bytes[lineAt] !== numberSign) records += 1;
    lineAt = end + 1;
  }
}

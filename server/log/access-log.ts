// HOT: measured by test/bench/main.ts
import { close, open, write } from 'node:fs';
import type { Clock } from '../../config/base/clock.js';
import { accessLogBufferBytesMax, accessLogFlushBytes } from '../../config/base/limits.js';
import { accessLine, type AccessLogFormat, type AccessRecord, droppedLine, LogTime } from './access-record.js';

export type { AccessRecord } from './access-record.js';

const fileMode = 0o640;

/**
 * The access log: one line per request, appended by every listener to one file (O_APPEND,
 * whole records per write). Memory is bounded: when the disk does not take the lines, new ones are
 * dropped and counted, and the count stands in the log once writing works again.
 */
export class AccessLog {
  readonly #clock: Clock;
  readonly #path: string;
  #fd = -1;
  #pending = '';
  #writing = false;
  /** The last write broke off inside a record: the next one starts on a line of its own. */
  #torn = false;
  #closing = false;
  #onIdle: (() => void)[] = [];
  readonly #logTime = new LogTime();
  /** Of the records to come. */
  format: AccessLogFormat;
  /** Records that were not written since the start. */
  dropped = 0;
  #droppedUnsaid = 0;

  constructor(path: string, clock: Clock, format: AccessLogFormat = 'json') {
    this.format = format;
    this.#path = path;
    this.#clock = clock;
    this.#open(() => undefined);
  }

  get path(): string {
    return this.#path;
  }

  append(r: AccessRecord): void {
    if (this.#pending.length > accessLogBufferBytesMax) {
      this.dropped += 1;
      this.#droppedUnsaid += 1;
      return;
    }
    this.#pending += accessLine(this.format, r, this.#time());
    if (this.#pending.length > accessLogFlushBytes) this.flush();
  }

  /** Writes what is there; called every second and when much has come together. */
  flush(): void {
    if (this.#writing || this.#pending === '') return;
    if (this.#fd < 0) {
      // The folder was not there, or not ours: perhaps it is now.
      if (!this.#closing) this.#open(() => undefined);
      return;
    }
    let text = this.#pending;
    this.#pending = '';
    if (this.#torn) text = `\n${text}`;
    const said = this.#droppedUnsaid;
    if (said > 0) text += droppedLine(this.format, said, this.#time());
    this.#writing = true;
    const bytes = Buffer.from(text, 'latin1');
    write(this.#fd, bytes, 0, bytes.length, null, (error, written) => {
      this.#written(error === null ? written : 0, bytes, said);
    });
  }

  /** `said`: the count in the last line of these bytes, 0 = there is none. */
  #written(written: number, bytes: Buffer, said: number): void {
    this.#writing = false;
    const complete = written === bytes.length;
    this.#torn = !complete && written > 0 && bytes[written - 1] !== 0x0a;
    if (complete) this.#droppedUnsaid -= said;
    else {
      let lost = said > 0 ? -1 : 0;
      for (let at = written; at < bytes.length; at += 1) if (bytes[at] === 0x0a) lost += 1;
      this.dropped += lost;
      this.#droppedUnsaid += lost;
    }
    // A disk that is full is tried again at the next second, not in a circle.
    if (complete && (this.#pending.length > accessLogFlushBytes || this.#closing)) this.flush();
    if (!this.#writing) this.#settle();
  }

  /** Opens the path anew (the primary renamed the file); done when lines go to the new file. */
  reopen(done: () => void): void {
    // What is known by now belongs to the old file.
    this.flush();
    this.#whenIdle(() => {
      const old = this.#fd;
      this.#open(done);
      if (old >= 0) close(old, () => undefined);
    });
  }

  /** Writes the rest and closes. */
  end(done: () => void): void {
    this.#closing = true;
    this.flush();
    this.#whenIdle(() => {
      if (this.#fd >= 0) close(this.#fd, done);
      else done();
      this.#fd = -1;
    });
  }

  #open(done: () => void): void {
    this.#fd = -1;
    this.#writing = true;
    open(this.#path, 'a', fileMode, (error, fd) => {
      this.#writing = false;
      this.#fd = error === null ? fd : -1;
      done();
      if (this.#closing) this.flush();
      if (!this.#writing) this.#settle();
    });
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

  #time(): string {
    return this.#logTime.text(this.format, this.#clock.wallMs());
  }
}

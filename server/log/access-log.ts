// HOT: measured by test/bench/main.ts
import { close, open, write } from 'node:fs';
import type { Clock } from '../../config/base/clock.js';
import { accessLogBufferBytesMax, accessLogFlushBytes } from '../../config/base/limits.js';

/** One finished (or refused) request. Strings come from the client: they are escaped here. */
export interface AccessRecord {
  readonly remoteAddress: string;
  readonly host: string;
  readonly method: string;
  readonly target: string;
  readonly minorVersion: number;
  readonly site: string;
  readonly pool: string;
  readonly status: number;
  readonly subStatus: number;
  /** '' or a word of the closed vocabulary (QueueFull, ClientClosed ...). */
  readonly reason: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
  readonly referer: string;
  readonly userAgent: string;
}

const fileMode = 0o640;

/** True when the text may stand in a JSON string as it is: printable ASCII without quote and backslash. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return true;
}

/** A JSON string; bytes outside printable ASCII become \u00NN, so that one record is always one line. */
export function quoted(text: string): string {
  if (isPlain(text)) return `"${text}"`;
  let out = '"';
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22 || code === 0x5c) out += `\\${text[index] ?? ''}`;
    else if (code < 0x20 || code > 0x7e) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += text[index] ?? '';
  }
  return `${out}"`;
}

/**
 * The access log: JSON lines, one record per request, appended by every listener to one file (O_APPEND,
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
  #secondMs = -1;
  #secondText = '';
  /** Records that were not written since the start. */
  dropped = 0;
  #droppedUnsaid = 0;

  constructor(path: string, clock: Clock) {
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
    this.#pending +=
      `{"time":"${this.#time()}","client":"${r.remoteAddress}","host":${quoted(r.host)},"method":${quoted(r.method)},` +
      `"target":${quoted(r.target)},"version":"1.${r.minorVersion}","status":${r.status},"substatus":${r.subStatus},` +
      `"reason":"${r.reason}","ms":${Math.round(r.durationMs * 1000) / 1000},"bytesIn":${r.bytesIn},` +
      `"bytesOut":${r.bytesOut},"site":${quoted(r.site)},"pool":${quoted(r.pool)},"referer":${quoted(r.referer)},` +
      `"userAgent":${quoted(r.userAgent)}}\n`;
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
    if (said > 0) text += `{"time":"${this.#time()}","dropped":${said}}\n`;
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

  /** ISO 8601 in UTC; the text of a second is made once. */
  #time(): string {
    const nowMs = this.#clock.wallMs();
    const ms = nowMs % 1000;
    if (nowMs - ms !== this.#secondMs) {
      this.#secondMs = nowMs - ms;
      this.#secondText = new Date(this.#secondMs).toISOString().slice(0, 20);
    }
    return `${this.#secondText}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
  }
}

/**
 * The primary's end of a worker's control pipe (the worker's fd 3, its watchdog's fd 5): 4 bytes of length, big endian, then
 * JSON. The other end is held by tenant code, so size and rate are capped and every message passes the
 * guard; the first violation ends the reading and is reported once.
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../config/base/clock.js';
import {
  controlBytesPerSecondMax,
  controlCatchUpSecondsMax,
  controlMessageBytesMax,
  controlMessagesPerSecondMax,
} from '../../config/base/limits.js';
import { parseHostMessage } from '../protocol/guard.js';
import type { HostToPrimary } from '../protocol/host-to-primary.js';

export interface ControlEvents {
  message(message: HostToPrimary): void;
  /** One line, ours. Nothing comes afterwards. */
  violation(problem: string): void;
}

const lengthBytes = 4;

export class ControlChannel<Sent> {
  readonly #pipe: Duplex;
  readonly #clock: Clock;
  #events: ControlEvents;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #needed = lengthBytes;
  #windowStartMs: number;
  /** What the window allows, in seconds of the rate. */
  #allowedSeconds = 1;
  #messagesInWindow = 0;
  #bytesInWindow = 0;
  #violated = false;

  constructor(pipe: Duplex, clock: Clock, events: ControlEvents) {
    this.#pipe = pipe;
    this.#clock = clock;
    this.#events = events;
    this.#windowStartMs = clock.monotonicMs();
    pipe.on('data', (chunk: Buffer) => this.#read(chunk));
    // The worker closed its end or died: its exit tells, not the pipe.
    pipe.on('error', () => undefined);
  }

  /** Somebody else listens from now on. */
  handTo(events: ControlEvents): void {
    this.#events = events;
  }

  /** Dropped while the worker reads nothing: the queue must not grow, and a ping late is a ping lost. */
  send(message: Sent): void {
    if (this.#pipe.destroyed || !this.#pipe.writable || this.#pipe.writableLength > controlMessageBytesMax) return;
    const json = Buffer.from(JSON.stringify(message));
    const frame = Buffer.allocUnsafe(lengthBytes + json.length);
    frame.writeUInt32BE(json.length, 0);
    json.copy(frame, lengthBytes);
    this.#pipe.write(frame);
  }

  close(): void {
    this.#pipe.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#violated) return;
    this.#rollWindow();
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    this.#bytesInWindow += chunk.length;
    while (!this.#violated && this.#buffered >= this.#needed) this.#takeNext();
    if (!this.#violated && this.#overRate()) this.#violate('more bytes or messages in a second than allowed');
  }

  /** `needed` bytes are there: either a length, or a length with its message. Joined only now, so dribbling costs little. */
  #takeNext(): void {
    const all =
      this.#chunks.length === 1 && this.#chunks[0] !== undefined ? this.#chunks[0] : Buffer.concat(this.#chunks);
    const length = all.readUInt32BE(0);
    if (length > controlMessageBytesMax) {
      return this.#violate(`message of ${length} bytes, at most ${controlMessageBytesMax} are allowed`);
    }
    const end = lengthBytes + length;
    const complete = all.length >= end;
    const rest = complete ? all.subarray(end) : all;
    // A copy, so that a few waiting bytes do not keep a whole read alive.
    this.#chunks = rest.length === 0 ? [] : [Buffer.from(rest)];
    this.#buffered = rest.length;
    this.#needed = complete ? lengthBytes : end;
    if (complete) this.#accept(all.toString('utf8', lengthBytes, end));
  }

  #accept(json: string): void {
    this.#messagesInWindow++;
    if (this.#overRate()) return this.#violate('more bytes or messages in a second than allowed');
    const result = parseHostMessage(json);
    if (result.ok) this.#events.message(result.message);
    else this.#violate(result.problem);
  }

  #rollWindow(): void {
    const now = this.#clock.monotonicMs();
    const elapsedSeconds = (now - this.#windowStartMs) / 1_000;
    if (elapsedSeconds < 1) return;
    this.#windowStartMs = now;
    this.#allowedSeconds = Math.min(elapsedSeconds, controlCatchUpSecondsMax);
    this.#messagesInWindow = 0;
    this.#bytesInWindow = 0;
  }

  #overRate(): boolean {
    const messagesMax = controlMessagesPerSecondMax * this.#allowedSeconds;
    return (
      this.#messagesInWindow > messagesMax || this.#bytesInWindow > controlBytesPerSecondMax * this.#allowedSeconds
    );
  }

  #violate(problem: string): void {
    if (this.#violated) return;
    this.#violated = true;
    this.#chunks = [];
    this.#pipe.destroy();
    this.#events.violation(problem);
  }
}

import { deadlineTickMs, rateGraceMs } from '../../config/base/limits.js';
import type { Exchange } from '../proxy/exchange.js';

/** What goes out to the client that is judged: all of a connection, or one stream of it. */
export interface Sending {
  /** Bytes that wait for the client. */
  readonly backlog: number;
  /** Bytes that were ever given, and those of them that the kernel took. */
  readonly given: number;
  readonly sent: number;
}

/** The request body that is judged. */
export interface Receiving {
  readonly isDone: boolean;
  /** The client is kept from sending. */
  readonly isHeld: boolean;
  readonly received: number;
}

/**
 * Judges, once per tick, whether a client is too slow: webLimits.minBytesPerSecond after a grace, and
 * limits.connectionTimeout without any progress. Only time in which bytes are due counts: a worker that thinks,
 * or holds up an upload, never costs its client the connection.
 */
export class RateWatch {
  readonly #output: Sending;
  #bodyDueMs = 0;
  #bodySeen = 0;
  #bodyProgressMs = 0;
  #writeDueMs = 0;
  #sentBase = 0;
  #sentSeen = -1;
  #writeProgressMs = 0;
  #lingerUntilMs = 0;
  #lingerBytes = 0;

  constructor(output: Sending) {
    this.#output = output;
  }

  startExchange(): void {
    this.#writeDueMs = 0;
    this.#sentBase = this.#output.given;
    this.#sentSeen = -1;
  }

  startBody(): void {
    this.#bodyDueMs = 0;
    this.#bodySeen = 0;
    this.#bodyProgressMs = 0;
  }

  startLinger(untilMs: number, bytes: number): void {
    this.#lingerUntilMs = untilMs;
    this.#lingerBytes = bytes;
  }

  #isLingerOver(nowMs: number, received: number): boolean {
    return nowMs >= this.#lingerUntilMs || received > this.#lingerBytes;
  }

  /** @returns '' or the reason to give the request up; called in every tick of an exchange. */
  bodyTooSlow(nowMs: number, exchange: Exchange, body: Receiving, minRate: number, timeoutMs: number): string {
    if (body.isDone) return '';
    const { received } = body;
    if (exchange.state === 'answered') {
      if (this.#isLingerOver(nowMs, received)) exchange.giveUpBody();
      return '';
    }
    // While the worker has not asked for the body (100 Continue), or holds it up, the client owes nothing.
    const owes = !exchange.request.expectContinue || received > 0 || exchange.answer.hasInterims;
    const isTaken = exchange.state === 'active' && exchange.upstream?.takesBody === true && !body.isHeld;
    if (!isTaken || !owes) {
      this.#bodyProgressMs = 0;
      return '';
    }
    return this.#isBodyLate(nowMs, received, minRate, timeoutMs);
  }

  #isBodyLate(nowMs: number, received: number, minBytesPerSecond: number, timeoutMs: number): string {
    if (received > this.#bodySeen || this.#bodyProgressMs === 0) {
      this.#bodySeen = received;
      this.#bodyProgressMs = nowMs;
    }
    this.#bodyDueMs += deadlineTickMs;
    if (nowMs - this.#bodyProgressMs >= timeoutMs) return 'EntityBody';
    return this.#isBelow(this.#bodyDueMs, received, minBytesPerSecond) ? 'MinBytesPerSecond' : '';
  }

  isWriteTooSlow(nowMs: number, minBytesPerSecond: number, timeoutMs: number): boolean {
    if (this.isWriteStalled(nowMs, timeoutMs)) return true;
    if (this.#output.backlog === 0) return false;
    this.#writeDueMs += deadlineTickMs;
    return this.#isBelow(this.#writeDueMs, this.#output.sent - this.#sentBase, minBytesPerSecond);
  }

  /** Bytes wait, and the client took none for so long. */
  isWriteStalled(nowMs: number, timeoutMs: number): boolean {
    if (this.#output.backlog === 0) {
      this.#sentSeen = -1;
      return false;
    }
    const { sent } = this.#output;
    if (sent !== this.#sentSeen) {
      this.#sentSeen = sent;
      this.#writeProgressMs = nowMs;
    }
    return nowMs - this.#writeProgressMs >= timeoutMs;
  }

  #isBelow(dueMs: number, bytes: number, minBytesPerSecond: number): boolean {
    return dueMs > rateGraceMs && bytes < (dueMs / 1000) * minBytesPerSecond;
  }
}

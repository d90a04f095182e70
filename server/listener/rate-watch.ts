import type { Socket } from 'node:net';
import { deadlineTickMs, rateGraceMs } from '../../config/base/limits.js';
import { bytesSent } from '../proxy/raw-socket.js';
import type { SocketOutput } from '../proxy/socket-output.js';

/**
 * Judges, once per tick, whether a client is too slow: webLimits.minBytesPerSecond after a grace, and
 * limits.connectionTimeout without any progress. Only time in which bytes are due counts: a worker that thinks,
 * or holds up an upload, never costs its client the connection.
 */
export class RateWatch {
  readonly #socket: Socket;
  readonly #output: SocketOutput;
  #bodyDueMs = 0;
  #bodySeen = 0;
  #bodyProgressMs = 0;
  #writeDueMs = 0;
  #sentBase = 0;
  #sentSeen = -1;
  #writeProgressMs = 0;
  #lingerUntilMs = 0;
  #lingerBytes = 0;

  constructor(socket: Socket, output: SocketOutput) {
    this.#socket = socket;
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

  isLingerOver(nowMs: number, received: number): boolean {
    return nowMs >= this.#lingerUntilMs || received > this.#lingerBytes;
  }

  /** @returns '' or the reason; called only in ticks in which body bytes are due. */
  bodyTooSlow(nowMs: number, received: number, minBytesPerSecond: number, timeoutMs: number): string {
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
    return this.#isBelow(this.#writeDueMs, bytesSent(this.#socket) - this.#sentBase, minBytesPerSecond);
  }

  /** Bytes wait, and the client took none for so long. */
  isWriteStalled(nowMs: number, timeoutMs: number): boolean {
    if (this.#output.backlog === 0) {
      this.#sentSeen = -1;
      return false;
    }
    const sent = bytesSent(this.#socket);
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

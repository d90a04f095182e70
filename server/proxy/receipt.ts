import { lossWindowMs } from '../../config/base/limits.js';
import type { DrainReceipt } from '../../pools/protocol/listener-to-primary.js';

/** Counts what becomes of a worker's requests in this listener once it drains or is lost. */
export class Receipt {
  #inFlight = 0;
  /** Requests that were still there when tunnels got their notice; null = not yet. */
  #atNotice: number | null = null;
  /** Of those, what was lost since. */
  #lostLate = 0;
  #retried = 0;
  #cut = 0;
  #socketsNoticed = 0;
  #drains = false;
  #lostMs = 0;

  /** The worker drains: what it broke off earlier has nothing to do with that. */
  begin(inFlight: number): void {
    this.#forget();
    this.#drains = true;
    this.#inFlight = inFlight;
  }

  notice(requests: number): void {
    if (this.#drains) this.#atNotice ??= requests;
  }

  /** What was broken off so far has nothing to do with what ends now: a single connection broke, long ago. */
  isStale(nowMs: number): boolean {
    return !this.#drains && nowMs - this.#lostMs > lossWindowMs;
  }

  socketNoticed(): void {
    this.#socketsNoticed += 1;
  }

  tunnelCut(nowMs: number): void {
    this.#lose(nowMs);
    this.#cut += 1;
  }

  requestLost(isRetried: boolean, nowMs: number): void {
    this.#lose(nowMs);
    if (this.#atNotice !== null) this.#lostLate += 1;
    if (isRetried) this.#retried += 1;
    else this.#cut += 1;
  }

  /** The sums when the worker is drained or gone. */
  close(nowMs: number): DrainReceipt {
    if (this.isStale(nowMs)) this.#forget();
    const ended = this.#retried + this.#cut + this.#socketsNoticed;
    const inFlight = Math.max(this.#inFlight, ended);
    const late = Math.min(inFlight - ended, Math.max(0, (this.#atNotice ?? 0) - this.#lostLate));
    return {
      inFlight,
      drained: inFlight - ended - late,
      late,
      retried: this.#retried,
      cut: this.#cut,
      socketsNoticed: this.#socketsNoticed,
    };
  }

  #lose(nowMs: number): void {
    if (this.isStale(nowMs)) this.#forget();
    this.#lostMs = nowMs;
  }

  #forget(): void {
    this.#inFlight = 0;
    this.#atNotice = null;
    this.#lostLate = 0;
    this.#retried = 0;
    this.#cut = 0;
    this.#socketsNoticed = 0;
  }
}

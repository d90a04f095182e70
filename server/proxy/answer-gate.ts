import type { Exchange } from './exchange.js';
import { nothingToCancel } from './retry.js';

/** Whether the worker may go on with its answer: not while its client is behind, nor while bandwidth is used up. */
export class AnswerGate {
  readonly #exchange: Exchange;
  #isBehind = false;
  #isPaced = false;
  #stopPacing = nothingToCancel;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Another worker begins its answer. */
  open(): void {
    this.#isBehind = false;
  }

  /** Pauses the worker if the client is behind. */
  hold(): void {
    const { output, upstream } = this.#exchange;
    if (this.#isBehind || !output.isFull) return;
    this.#isBehind = true;
    upstream?.pauseAnswer();
  }

  /** The client takes bytes again. */
  drained(): void {
    if (!this.#isBehind) return;
    this.#isBehind = false;
    if (!this.#isPaced) this.#exchange.upstream?.resumeAnswer();
  }

  /** `waitMs`: until there is bandwidth again. */
  pace(waitMs: number): void {
    if (waitMs === 0 || this.#isPaced) return;
    this.#isPaced = true;
    const exchange = this.#exchange;
    exchange.upstream?.pauseAnswer();
    this.#stopPacing = exchange.core.pacer.after(waitMs, () => {
      this.#isPaced = false;
      if (!this.#isBehind) exchange.upstream?.resumeAnswer();
    });
  }

  /** The request is over. */
  close(): void {
    if (this.#isPaced) this.#stopPacing();
    this.#isPaced = false;
  }
}

import { invariant } from '../../config/base/invariant.js';
import type { ReceiptView } from '../../pools/supervisor/ports.js';

/** Checks every receipt of a history as it is written, and at the end that none is missing. */
export class ReceiptBook {
  readonly #left = new Set<number>();

  get count(): number {
    return this.#left.size;
  }

  note(receipt: ReceiptView): void {
    const { old, requests, id, kind, outcome, successor } = receipt;
    const { inFlight, drained, late, retried, cut, socketsNoticed } = requests;
    const sum = drained + late + retried + cut + socketsNoticed;
    invariant(inFlight === sum, `receipt ${id} has ${inFlight} requests and tells of ${sum}`);
    if (old.ended === '') {
      invariant(kind === 'recycle' && outcome === 'failed', `receipt ${id}: nobody left, but ${kind} is ${outcome}`);
      return;
    }
    invariant(!this.#left.has(old.workerId), `worker ${old.workerId} has two receipts`);
    invariant(kind !== 'stop' || successor === null, `receipt ${id}: a stop has no successor`);
    this.#left.add(old.workerId);
  }

  /** `ran`: workers that served and are gone. */
  checkComplete(ran: readonly number[]): void {
    for (const workerId of ran) invariant(this.#left.has(workerId), `worker ${workerId} left without a receipt`);
  }
}

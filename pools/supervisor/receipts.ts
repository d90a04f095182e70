import { receiptsKept } from '../../config/base/limits.js';
import type { ReceiptView } from './ports.js';

/** The last `receiptsKept` receipts of a pool, newest last. */
export class Receipts {
  #kept: ReceiptView[] = [];

  add(receipt: ReceiptView): void {
    this.#kept = [...this.#kept, receipt].slice(-receiptsKept);
  }

  all(): readonly ReceiptView[] {
    return this.#kept;
  }
}

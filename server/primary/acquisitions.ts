import { messageOf } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';

/** What the server holds, in the order it was acquired; released in reverse, each exactly once. */
export class Acquisitions {
  readonly #held: { readonly name: string; readonly release: () => void | Promise<void> }[] = [];

  hold(name: string, release: () => void | Promise<void>): void {
    this.#held.push({ name, release });
  }

  /** A release that fails is logged and does not keep the others. */
  async releaseAll(logger: Logger): Promise<void> {
    for (let one = this.#held.pop(); one !== undefined; one = this.#held.pop()) {
      try {
        await one.release();
      } catch (error) {
        logger.error('release-failed', { what: one.name, error: messageOf(error) });
      }
    }
  }
}

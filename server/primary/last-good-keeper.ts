/**
 * Keeps the stored copy of the configuration that serves, for `sluice start --last-good`. One write at a time, and
 * only the latest of those that come meanwhile; one that fails leaves the copy before it as it was.
 */
import { messageOf } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';
import type { CompiledConfig } from '../../config/model.js';
import { crashPoint } from '../../pools/runtimes/crash-points.js';

export class LastGoodKeeper {
  readonly #log: Logger;
  readonly #store: (config: CompiledConfig, written: () => void) => Promise<void>;
  #stored = '';
  #wanted: CompiledConfig | null = null;
  #writing: Promise<void> | null = null;
  #isFirst = true;

  constructor(log: Logger, store: (config: CompiledConfig, written: () => void) => Promise<void>) {
    this.#log = log;
    this.#store = store;
  }

  keep(config: CompiledConfig): void {
    this.#wanted = config;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when nothing is being written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let config = this.#wanted; config !== null; config = this.#wanted) {
      this.#wanted = null;
      if (config.version !== this.#stored) await this.#write(config);
    }
    this.#writing = null;
  }

  async #write(config: CompiledConfig): Promise<void> {
    const action = this.#isFirst ? 'start' : 'apply';
    this.#isFirst = false;
    try {
      await this.#store(config, () => crashPoint(`${action}.last-good-written`));
      this.#stored = config.version;
      crashPoint(`${action}.last-good-kept`);
    } catch (error) {
      this.#log.warn('last-good-not-stored', { error: messageOf(error), keeps: 'the copy before it, if there is one' });
    }
  }
}

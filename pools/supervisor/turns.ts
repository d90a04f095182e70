/**
 * Runs one thing at a time: whatever comes from outside (runtime, listeners, timers, calls) is a task,
 * and a task that causes another waits its turn. When nothing is left, `settled` runs once; it may
 * cause new tasks. So machines never see half a change, and publications leave once per change.
 */
export class Turns {
  readonly #tasks: (() => void)[] = [];
  readonly #settled: () => boolean;
  readonly #failed: (error: unknown) => void;
  #running = false;

  /** `settled` returns true when it did something that may have left more to do. */
  constructor(settled: () => boolean, failed: (error: unknown) => void) {
    this.#settled = settled;
    this.#failed = failed;
  }

  post(task: () => void): void {
    this.#tasks.push(task);
    if (this.#running) return;
    this.#running = true;
    try {
      do {
        for (let next = this.#tasks.shift(); next !== undefined; next = this.#tasks.shift()) this.#attempt(next);
      } while (this.#settled() || this.#tasks.length > 0);
    } finally {
      this.#running = false;
    }
  }

  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#failed(error);
    }
  }
}

/** Looks again and again until a worker listens, cannot listen any more, or its time is over. */
import type { CancelTimer, Clock } from '../../../config/base/clock.js';
import { readinessPollMaxMs, readinessPollMinMs } from '../../../config/base/limits.js';
import { StartError } from '../start-error.js';
import type { Address, Look } from './address.js';

/** Each poll waits longer than the one before, so that slow starters cost little. */
const pollGrowth = 1.5;

export class ReadinessWatch {
  /** Rejects with StartError. Settles at most once; never after `stop`. */
  readonly address: Promise<Address>;
  readonly #clock: Clock;
  readonly #look: () => Promise<Look>;
  readonly #deadlineMs: number;
  #settle: { resolve: (address: Address) => void; reject: (error: StartError) => void };
  #cancel: CancelTimer = () => undefined;
  #pollMs = readinessPollMinMs;
  #stopped = false;

  constructor(clock: Clock, limitMs: number, look: () => Promise<Look>) {
    this.#clock = clock;
    this.#look = look;
    this.#deadlineMs = clock.monotonicMs() + limitMs;
    this.#settle = { resolve: () => undefined, reject: () => undefined };
    this.address = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#again();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #again(): void {
    const left = this.#deadlineMs - this.#clock.monotonicMs();
    this.#cancel = this.#clock.setTimer(Math.max(0, Math.min(this.#pollMs, left)), () => void this.#once());
    this.#pollMs = Math.min(readinessPollMaxMs, this.#pollMs * pollGrowth);
  }

  async #once(): Promise<void> {
    try {
      const look = await this.#look();
      if (this.#stopped) return;
      if (look.kind === 'ready') this.#settle.resolve(look.address);
      else if (look.kind === 'failed') this.#settle.reject(look.error);
      else if (this.#clock.monotonicMs() >= this.#deadlineMs) this.#settle.reject(look.late());
      else this.#again();
    } catch (error) {
      this.#settle.reject(StartError.from(error));
    }
  }
}

/** It ran the whole time and did not listen. */
export function startupTimeout(where: string, limitMs: number): StartError {
  return new StartError(
    'startup-timeout',
    `the app did not listen on ${where} within ${limitMs} ms`,
    'Look at the output for what it waits for, or raise startupTimeLimit of the application.',
    false,
  );
}

export function listensElsewhere(cause: string, remedy: string): StartError {
  return new StartError('listening-elsewhere', cause, remedy);
}

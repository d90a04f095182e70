import type { Clock } from '../../../config/base/clock.js';
import { tracesPerSecondMax, tracesPerSecondOfApplicationMax } from '../../../config/base/log-limits.js';

/** Traces of one second: rules of a web.config leave those of the configuration their room, and other applications a part of theirs. */
export class TraceBudget {
  readonly #clock: Clock;
  #secondAtMs = 0;
  #ofSites = 0;
  #ofApplications = 0;
  readonly #byApplication = new Map<string, number>();
  #unsaid = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `application`: whose web.config has the rule; '' = the site has it. */
  spend(application: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#secondAtMs >= 1_000) {
      this.#secondAtMs = nowMs;
      this.#ofSites = 0;
      this.#ofApplications = 0;
      this.#byApplication.clear();
    }
    const hasRoom = application === '' ? ++this.#ofSites <= tracesPerSecondMax : this.#spendOwn(application);
    if (!hasRoom) this.#unsaid += 1;
    return hasRoom;
  }

  /** Requests that left no trace since this was asked last. */
  takeUnsaid(): number {
    const count = this.#unsaid;
    this.#unsaid = 0;
    return count;
  }

  #spendOwn(application: string): boolean {
    const spent = this.#byApplication.get(application) ?? 0;
    if (spent >= tracesPerSecondOfApplicationMax || this.#ofApplications >= tracesPerSecondMax) return false;
    this.#byApplication.set(application, spent + 1);
    this.#ofApplications += 1;
    return true;
  }
}

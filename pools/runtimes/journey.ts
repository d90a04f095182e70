/** Records the steps of a start, so that a failure can say which one failed and how long each took. */
import type { Clock } from '../../config/base/clock.js';
import type { JourneyStep } from './runtime.js';

type StepName = JourneyStep['step'];

export class Journey {
  readonly #clock: Clock;
  readonly #steps: JourneyStep[] = [];
  #current: { readonly step: StepName; readonly startedAtMs: number } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the step before as good and begins the next. */
  enter(step: StepName): void {
    this.#end('ok');
    this.#current = { step, startedAtMs: this.#clock.monotonicMs() };
  }

  succeed(): void {
    this.#end('ok');
  }

  fail(): void {
    this.#end('failed');
  }

  steps(): readonly JourneyStep[] {
    return [...this.#steps];
  }

  #end(outcome: JourneyStep['outcome']): void {
    if (this.#current === null) return;
    const { step, startedAtMs } = this.#current;
    this.#current = null;
    this.#steps.push({ step, startedAtMs, durationMs: this.#clock.monotonicMs() - startedAtMs, outcome });
  }
}

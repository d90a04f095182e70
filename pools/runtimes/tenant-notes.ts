/**
 * What one worker may add to the server log. Its words come from tenant code: they are cut, each code of a
 * notice is said once in the worker's life, and there is a number of lines in a minute that nobody passes.
 */
import type { Clock } from '../../config/base/clock.js';
import { shorten } from '../../config/base/diagnostics.js';
import { workerNoteCharsMax, workerNoticeCodesMax, workerNotesPerMinuteMax } from '../../config/base/limits.js';
import type { LogFields } from '../../config/base/logger.js';

export class TenantNotes {
  readonly #note: (event: string, fields: LogFields) => void;
  readonly #codes = new Set<string>();
  readonly #lines: PerMinute;

  constructor(clock: Clock, note: (event: string, fields: LogFields) => void) {
    this.#note = note;
    this.#lines = new PerMinute(clock);
  }

  notice(code: string, text: string): void {
    if (this.#codes.has(code) || this.#codes.size >= workerNoticeCodesMax) return;
    this.#codes.add(code);
    this.#write('worker-notice', { code, text: shorten(text, workerNoteCharsMax) });
  }

  fatal(text: string): void {
    this.#write('worker-fatal', { text: shorten(text, workerNoteCharsMax) });
  }

  #write(event: string, fields: LogFields): void {
    const nth = this.#lines.count();
    if (nth <= workerNotesPerMinuteMax) this.#note(event, fields);
    else if (nth === workerNotesPerMinuteMax + 1)
      this.#note('worker-notes-muted', { perMinute: workerNotesPerMinuteMax });
  }
}

/** Counts events in windows of a minute. */
export class PerMinute {
  readonly #clock: Clock;
  #startMs = Number.NEGATIVE_INFINITY;
  #counted = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The how-manieth this one is in its minute, from 1. */
  count(): number {
    const now = this.#clock.monotonicMs();
    if (now - this.#startMs >= 60_000) {
      this.#startMs = now;
      this.#counted = 0;
    }
    this.#counted += 1;
    return this.#counted;
  }
}

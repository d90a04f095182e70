/**
 * The only owner of time in tests and experiments: a monotonic clock, bounded waiting for a condition,
 * and pacing for load. Nothing here is used to guess that something "will be done by now".
 */

/** Milliseconds on the monotonic clock. */
export function monotonicMs(): number {
  return performance.now();
}

/** A pause that belongs to the experiment itself (a kill every second, the gap between two reads). */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Runs `fire` once after `ms`; the returned function cancels it. */
export function after(ms: number, fire: () => void): () => void {
  const timer = setTimeout(fire, ms);
  return () => clearTimeout(timer);
}

export interface UntilOptions {
  /** Deadline in ms; generous by default because test machines are shared. */
  readonly withinMs?: number;
  readonly everyMs?: number;
  /** Added to the message when the deadline passes: what the world looks like instead. */
  readonly state?: () => string;
}

type Found<T> = Exclude<T, false | null | undefined>;

/** Polls until `condition` gives something other than false, null or undefined; throws at the deadline. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Found<T>> {
  const withinMs = options.withinMs ?? 20_000;
  const deadline = monotonicMs() + withinMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) return value as Found<T>;
    if (monotonicMs() > deadline) {
      const state = options.state === undefined ? '' : `\n${options.state()}`;
      throw new Error(`not within ${withinMs} ms: ${what}${state}`);
    }
    await pause(options.everyMs ?? 20);
  }
}

/** The promise's value, or an error naming `what` when the deadline comes first. */
export function within<T>(withinMs: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = after(withinMs, () => reject(new Error(`not within ${withinMs} ms: ${what}`)));
    promise.then(resolve, reject).finally(cancel);
  });
}

/** Runs `fire` every `ms`; the returned function ends it. */
export function every(ms: number, fire: () => void): () => void {
  const timer = setInterval(fire, ms);
  return () => clearInterval(timer);
}

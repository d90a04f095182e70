/**
 * Hands every event to whoever listens, as text that is made once, and keeps the last ones for clients that come back.
 * Nobody listens: nothing is sampled.
 */
import { eventsKept, eventsKeptCharsMax } from '../../../config/base/admin-limits.js';
import type { Clock } from '../../../config/base/clock.js';
import type { AdminEvent, NodeSample } from './event.js';

/** One event on its way out. */
export interface SentEvent {
  readonly kind: AdminEvent['kind'];
  /** '' = not about one pool. */
  readonly pool: string;
  /** As it stands in the stream, with its empty line. */
  readonly text: string;
}

export interface Listener {
  event(event: SentEvent): void;
  sample(sample: NodeSample, text: string): void;
}

export type UntimedEvent = Untimed<AdminEvent>;
type Untimed<E> = E extends AdminEvent ? Omit<E, 'atMs'> : never;

interface KeptEvent extends SentEvent {
  readonly number: number;
}

export class EventHub {
  readonly #clock: Clock;
  /** Names this life of the server: ids of one before it say nothing. */
  readonly #life: string;
  readonly #listeners = new Set<Listener>();
  readonly #kept: KeptEvent[] = [];
  #keptChars = 0;
  #lastNumber = 0;
  #joined = 0;
  /** Called when the first comes and when the last has gone. */
  audience: (listens: boolean) => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#life = clock.wallMs().toString(36);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Grows with every one who comes: who is new knows nothing of the samples before. */
  get joined(): number {
    return this.#joined;
  }

  publish(event: UntimedEvent): void {
    const number = ++this.#lastNumber;
    const data = JSON.stringify({ ...event, atMs: this.#clock.wallMs() });
    const text = `id: ${this.#life}-${number}\nevent: ${event.kind}\ndata: ${data}\n\n`;
    const kept = { kind: event.kind, pool: poolOf(event), text, number };
    this.#kept.push(kept);
    this.#keptChars += text.length;
    while (this.#kept.length > eventsKept || this.#keptChars > eventsKeptCharsMax) {
      this.#keptChars -= this.#kept.shift()?.text.length ?? 0;
    }
    for (const listener of this.#listeners) listener.event(kept);
  }

  /** Not kept: the next one comes soon. */
  publishSample(sample: NodeSample): void {
    const text = sampleText(sample);
    for (const listener of this.#listeners) listener.sample(sample, text);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#joined += 1;
    if (this.#listeners.size === 1) this.audience(true);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.audience(false);
    };
  }

  /** What came after the event with this id; null = that cannot be told any more. */
  since(id: string): readonly SentEvent[] | null {
    const [life, digits = ''] = id.split('-', 2);
    if (life !== this.#life || !/^\d{1,15}$/.test(digits)) return null;
    const number = Number(digits);
    const first = this.#kept[0]?.number ?? this.#lastNumber + 1;
    if (number > this.#lastNumber || number < first - 1) return null;
    return this.#kept.filter((event) => event.number > number);
  }
}

export function sampleText(sample: NodeSample): string {
  return `event: sample\ndata: ${JSON.stringify(sample)}\n\n`;
}

/** A record of the log that names a pool is for whoever may see that pool. */
function poolOf(event: UntimedEvent): string {
  if ('pool' in event) return event.pool;
  const { pool } = event.fields;
  return typeof pool === 'string' ? pool : '';
}

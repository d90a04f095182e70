/**
 * A rate with a burst, as the generic cell rate algorithm: what a client has spent is one number, the moment at
 * which everything it took is paid for. No timer, no refill, and a moment that is past is the same as no entry.
 */
export interface Rate {
  readonly perSecond: number;
  /** What may be taken at once after a pause; at least 1. */
  readonly burst: number;
}

/** Spending per key, in a table of bounded size: of too many keys those are forgotten that began first. */
export class RateMeter {
  readonly rate: Rate;
  readonly #costMs: number;
  readonly #keysMax: number;
  /** Key -> monotonic ms at which everything taken is paid for. */
  #paidAtMs = new Map<string, number>();

  constructor(rate: Rate, keysMax: number) {
    this.rate = rate;
    this.#costMs = 1_000 / rate.perSecond;
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#paidAtMs.size;
  }

  /** Takes one if it is there. @returns whether it was. */
  take(key: string, nowMs: number): boolean {
    const from = Math.max(nowMs, this.#paidAtMs.get(key) ?? 0);
    if (from + this.#costMs - nowMs > this.rate.burst * this.#costMs + 1e-6) return false;
    this.#set(key, from + this.#costMs, nowMs);
    return true;
  }

  /** Takes `count` whether they are there or not. @returns ms until the debt is paid; 0 = there is none. */
  spend(key: string, count: number, nowMs: number): number {
    const paidAt = Math.max(nowMs, this.#paidAtMs.get(key) ?? 0) + count * this.#costMs;
    this.#set(key, paidAt, nowMs);
    return Math.max(0, paidAt - nowMs - this.rate.burst * this.#costMs);
  }

  /** Ms until the debt is paid; 0 = there is none. */
  debtMs(key: string, nowMs: number): number {
    return Math.max(0, (this.#paidAtMs.get(key) ?? 0) - nowMs - this.rate.burst * this.#costMs);
  }

  /** What could be taken now. */
  remaining(key: string, nowMs: number): number {
    const owedMs = Math.max(0, (this.#paidAtMs.get(key) ?? 0) - nowMs);
    return Math.max(0, Math.floor(this.rate.burst - owedMs / this.#costMs + 1e-6));
  }

  /** Seconds until one can be taken, rounded up; 0 = now. */
  waitSeconds(key: string, nowMs: number): number {
    const owedMs = Math.max(0, (this.#paidAtMs.get(key) ?? 0) - nowMs);
    return Math.max(0, Math.ceil((owedMs - (this.rate.burst - 1) * this.#costMs) / 1_000));
  }

  #set(key: string, paidAtMs: number, nowMs: number): void {
    const table = this.#paidAtMs;
    if (table.size >= this.#keysMax && !table.has(key)) this.#makeRoom(nowMs);
    table.set(key, paidAtMs);
  }

  /** Drops who owes nothing; are these fewer than an eighth, the first of the others too. */
  #makeRoom(nowMs: number): void {
    const table = this.#paidAtMs;
    for (const [key, paidAtMs] of table) if (paidAtMs <= nowMs) table.delete(key);
    let surplus = table.size - Math.floor((this.#keysMax * 7) / 8);
    for (const key of table.keys()) {
      if (surplus <= 0) return;
      table.delete(key);
      surplus -= 1;
    }
  }
}

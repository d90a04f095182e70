/**
 * What waits for its turn, by whom it is from: they take turns, however much each of them brings. Without room left,
 * whoever brings the most loses one.
 */
export class FairQueue<T> {
  readonly #max: number;
  /** In the order of their turns; none is empty. */
  readonly #bySender = new Map<string, Set<T>>();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns what has to go for want of room: `item` itself, or the oldest of another sender; null = there was room. */
  push(sender: string, item: T): T | null {
    const gone = this.#size < this.#max ? null : this.#makeRoom(sender);
    if (gone === 'none') return item;
    const own = this.#bySender.get(sender);
    if (own === undefined) this.#bySender.set(sender, new Set([item]));
    else own.add(item);
    this.#size += 1;
    return gone;
  }

  /** The oldest of the sender whose turn it is. */
  shift(): T | undefined {
    for (const [sender, items] of this.#bySender) {
      this.#bySender.delete(sender);
      this.#bySender.set(sender, items);
      return this.#shiftOf(sender, items);
    }
    return undefined;
  }

  delete(sender: string, item: T): void {
    const items = this.#bySender.get(sender);
    if (items?.delete(item) !== true) return;
    this.#size -= 1;
    if (items.size === 0) this.#bySender.delete(sender);
  }

  #shiftOf(sender: string, items: ReadonlySet<T>): T | undefined {
    for (const item of items) {
      this.delete(sender, item);
      return item;
    }
    return undefined;
  }

  /** @returns `none` when nobody has more than this sender. */
  #makeRoom(sender: string): T | null | 'none' {
    let most = sender;
    let size = this.#bySender.get(sender)?.size ?? 0;
    for (const [other, items] of this.#bySender) {
      if (items.size <= size) continue;
      most = other;
      size = items.size;
    }
    const items = this.#bySender.get(most);
    return most === sender || items === undefined ? 'none' : (this.#shiftOf(most, items) ?? null);
  }
}

/**
 * Requests that were taken back on a link. Their worker has heard of it when it answers a PING that was sent behind; until
 * then they count as under way there. One PING at a time asks for all of them.
 */
export class TakenBack {
  #waiting: (() => void)[] = [];
  #asked: (() => void)[] = [];
  /** Pongs up to the one that is the answer; those of earlier pings come first. */
  #pongsLeft = 0;

  add(over: () => void): void {
    this.#waiting.push(over);
  }

  /** A PING is to be sent now. */
  get isDue(): boolean {
    return this.#waiting.length > 0 && this.#pongsLeft === 0;
  }

  /** It was sent. `pingsOpen`: that many are not answered, with this one. */
  asked(pingsOpen: number): void {
    this.#asked = this.#waiting;
    this.#waiting = [];
    this.#pongsLeft = pingsOpen;
  }

  /** @returns whether the next PING is due. */
  pong(): boolean {
    if (this.#pongsLeft === 0) return false;
    this.#pongsLeft -= 1;
    if (this.#pongsLeft > 0) return false;
    for (const over of this.#asked.splice(0)) over();
    return this.#waiting.length > 0;
  }

  /** The link is gone, and all that was under way on it. */
  lost(): void {
    const all = [...this.#asked.splice(0), ...this.#waiting.splice(0)];
    this.#pongsLeft = 0;
    for (const over of all) over();
  }
}

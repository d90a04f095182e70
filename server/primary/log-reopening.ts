import type { PrimaryToListener } from '../../pools/protocol/primary-to-listener.js';

interface Asked {
  readonly id: number;
  send(message: PrimaryToListener): void;
}

interface Round {
  readonly open: Set<number>;
  readonly resolve: () => void;
}

/**
 * Who still writes to an access log that was renamed. A listener that says nothing is replaced for its silence, and
 * then it is gone: a round always ends.
 */
export class LogReopening {
  readonly #rounds = new Map<number, Round>();
  #lastId = 0;

  /** `file`: the one that was renamed; '' = any. */
  ask(listeners: readonly Asked[], file: string): Promise<void> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#rounds.set(id, { open: new Set(listeners.map((one) => one.id)), resolve });
      for (const one of listeners) one.send({ type: 'reopen-logs', id, file });
      this.#settle();
    });
  }

  answered(listenerId: number, id: number): void {
    this.#rounds.get(id)?.open.delete(listenerId);
    this.#settle();
  }

  gone(listenerId: number): void {
    for (const { open } of this.#rounds.values()) open.delete(listenerId);
    this.#settle();
  }

  #settle(): void {
    for (const [id, { open, resolve }] of this.#rounds) {
      if (open.size > 0) continue;
      this.#rounds.delete(id);
      resolve();
    }
  }
}

/** Who looks at the output of workers while it comes, for the tail of logs. Costs nothing while nobody does. */

/** A worker as its output names it. */
export interface OutputSource {
  readonly pool: string;
  readonly applicationId: string;
  readonly workerId: number;
  readonly pid: number;
}

/** Control bytes in `chunk` are escaped. It is only valid during the call. */
export type OutputListener = (source: OutputSource, chunk: Uint8Array) => void;

export class OutputTaps {
  readonly #listeners = new Set<OutputListener>();
  readonly #tails = new Map<OutputSource, () => string>();

  get isWanted(): boolean {
    return this.#listeners.size > 0;
  }

  /** @returns what ends it. */
  listen(listener: OutputListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  tell(source: OutputSource, chunk: Uint8Array): void {
    for (const listener of this.#listeners) listener(source, chunk);
  }

  /** A worker runs; `tail`: its last lines. */
  opened(source: OutputSource, tail: () => string): void {
    this.#tails.set(source, tail);
  }

  closed(source: OutputSource): void {
    this.#tails.delete(source);
  }

  /** The last lines of a running worker; null = there is none. */
  tailOf(workerId: number): { readonly source: OutputSource; readonly text: string } | null {
    for (const [source, tail] of this.#tails) if (source.workerId === workerId) return { source, text: tail() };
    return null;
  }
}

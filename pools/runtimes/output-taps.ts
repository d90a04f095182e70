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

/** The end of what one worker has printed. */
export interface RecentOutput {
  /** What is still known of what came behind the first `bytes`, safe to print. */
  textSince(bytes: number): string;
  /** Bytes before the line that has not ended. */
  lineAt(): number;
}

export class OutputTaps {
  readonly #listeners = new Set<OutputListener>();
  readonly #outputs = new Map<OutputSource, RecentOutput>();

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

  /** A worker runs. */
  opened(source: OutputSource, output: RecentOutput): void {
    this.#outputs.set(source, output);
  }

  closed(source: OutputSource): void {
    this.#outputs.delete(source);
  }

  /** Of a running worker; null = there is none. */
  recentOf(workerId: number): { readonly source: OutputSource; readonly output: RecentOutput } | null {
    for (const [source, output] of this.#outputs) if (source.workerId === workerId) return { source, output };
    return null;
  }
}

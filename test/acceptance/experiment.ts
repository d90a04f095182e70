/** One acceptance line as something that can be run: for its full time by `npm run acceptance`, shorter by jest. */
export interface Outcome {
  /** The figures in words, for the table. */
  readonly measured: string;
  /** Facts that must never be: something lost, doubled, leaked, accepted. Judged everywhere. */
  readonly broken: readonly string[];
  /** Figures (times, sizes, ratios) that missed their goal. Judged on a quiet machine only, never in jest. */
  readonly missed: readonly string[];
  /** Checks that make up the experiment, each with a line of its own in the table. */
  readonly rows?: readonly Row[];
  /** Writes what the docs show of these results. */
  readonly publish?: (how: Publication) => void;
}

export interface Publication {
  /** '' or that the run was not at its full length. */
  readonly shortened: string;
  /** The README too. */
  readonly readme: boolean;
}

export interface Row {
  readonly name: string;
  readonly measured: string;
  readonly broken: readonly string[];
}

export interface Experiment {
  readonly name: string;
  /** The acceptance line. */
  readonly promise: string;
  /** `scale` 1 = full duration and counts. */
  run(scale: number): Promise<Outcome>;
}

/** Names a violated fact; an empty list is a passed experiment. */
export function violations(facts: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(facts)
    .filter(([, holds]) => !holds)
    .map(([fact]) => fact);
}

export function scaled(full: number, scale: number, least: number): number {
  return Math.max(least, Math.round(full * scale));
}

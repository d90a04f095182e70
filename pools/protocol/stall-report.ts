/**
 * The black box of a worker that hangs: what its watchdog thread could read while the main thread was
 * blocked, and what the kernel tells where that thread could not. All text is the tenant's: bounded by
 * `guard.ts` and escaped by whoever makes the report.
 */

export interface StallFrame {
  /** '' = an anonymous function or the top level of a file. */
  readonly name: string;
  /** Path of the file, or an internal name such as `node:internal/timers`. */
  readonly file: string;
  /** 1-based; 0 = unknown. */
  readonly line: number;
}

/** No part of Node. */
export function isOfApp({ file }: StallFrame): boolean {
  return file !== '' && !file.startsWith('node:');
}

/** Where the samples of the CPU profile fell, the most first. */
export interface HotLine extends StallFrame {
  readonly percent: number;
}

export interface StallStack {
  /** Innermost first. */
  readonly frames: readonly StallFrame[];
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  /** Resident memory of the whole process. */
  readonly rssBytes: number;
}

export interface StallProfile {
  readonly durationMs: number;
  readonly hotLines: readonly HotLine[];
}

/** What /proc says of the main thread. */
export interface KernelView {
  /** R, S, D, T ...; '' = unknown. */
  readonly state: string;
  /** The kernel function it waits in; '' = it does not wait, or the kernel does not tell. */
  readonly waitsIn: string;
  /** Function names, innermost first; empty where the kernel does not tell. */
  readonly stack: readonly string[];
  /** Command lines of its child processes: what execSync waits for. */
  readonly children: readonly string[];
}

export interface StallReport {
  /** `stopped`: by a signal. `native`: the engine answered nothing, so it is not in JavaScript. `unknown`: nobody asked it. */
  readonly blockedIn: 'javascript' | 'native' | 'stopped' | 'unknown';
  /** One line for people: where it is blocked. */
  readonly summary: string;
  readonly stack: StallStack | null;
  readonly profile: StallProfile | null;
  readonly kernel: KernelView | null;
}

/**
 * What an examination of a silent worker says: `stopped` by a signal, in the hands of a debugger
 * (`debugged`), or its black box is read as far as that is possible (`captured`).
 */
export type StallFinding = 'stopped' | 'debugged' | 'captured';

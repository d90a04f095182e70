/** What the primary's signals mean. */

const heldSignals: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'];

/**
 * From the first moment of a start: without a handler they would end it, or open Node's inspector. Returns the function
 * that takes the handlers off again and tells which of the signals came.
 */
export function holdSignals(): () => ReadonlySet<NodeJS.Signals> {
  const held = new Set<NodeJS.Signals>();
  const hold = (signal: NodeJS.Signals): unknown => held.add(signal);
  for (const signal of heldSignals) process.on(signal, hold);
  return () => {
    for (const signal of heldSignals) process.off(signal, hold);
    return held;
  };
}

export interface SignalCommands {
  /** SIGTERM, SIGINT: finish what runs, then end. */
  stop(signal: string): void;
  /** The same signal, or the other one, a second time: end now. */
  stopAtOnce(signal: string): void;
  /** SIGHUP. */
  reload(): void;
  /** SIGUSR2. */
  upgrade(): void;
}

/**
 * Returns the function that takes the handlers off again. `echoMs`: a repetition so soon after the first
 * is the same key press, not a second one (npm passes on a Ctrl-C that the terminal sent us already).
 */
export function handleSignals(commands: SignalCommands, monotonicMs: () => number, echoMs: number): () => void {
  let stoppingSinceMs: number | null = null;
  const stop = (signal: string): void => {
    if (stoppingSinceMs === null) {
      stoppingSinceMs = monotonicMs();
      commands.stop(signal);
    } else if (monotonicMs() - stoppingSinceMs >= echoMs) commands.stopAtOnce(signal);
  };
  const handlers: readonly (readonly [NodeJS.Signals, (signal: string) => void])[] = [
    ['SIGTERM', stop],
    ['SIGINT', stop],
    ['SIGHUP', () => commands.reload()],
    ['SIGUSR2', () => commands.upgrade()],
    // Without a handler Node would open its inspector port for whoever may send the signal.
    ['SIGUSR1', () => undefined],
  ];
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

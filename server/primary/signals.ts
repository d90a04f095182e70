/** What the primary's signals mean. */
export interface SignalCommands {
  /** SIGTERM, SIGINT: finish what runs, then end. */
  stop(signal: string): void;
  /** The same signal, or the other one, a second time: end now. */
  stopAtOnce(signal: string): void;
  /** SIGHUP. */
  reload(): void;
}

/** Returns the function that takes the handlers off again. */
export function handleSignals(commands: SignalCommands): () => void {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return commands.stopAtOnce(signal);
    stopping = true;
    commands.stop(signal);
  };
  const handlers: readonly (readonly [NodeJS.Signals, (signal: string) => void])[] = [
    ['SIGTERM', stop],
    ['SIGINT', stop],
    ['SIGHUP', () => commands.reload()],
    // Without a handler Node would open its inspector port for whoever may send the signal.
    ['SIGUSR1', () => undefined],
  ];
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

/** A broken promise inside Sluice itself: never thrown for bad input from outside. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Ends an exhaustive switch: a new union member that nobody handles does not compile. */
export function unreachable(value: never): never {
  throw new InvariantError(`unhandled case: ${String(value)}`);
}

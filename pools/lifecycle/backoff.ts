/**
 * Delay before the next start of a slot. It grows with failed starts and with lives in which no request
 * was answered, and one answered request resets it: a crashing app that works in between restarts at once.
 */
export const backoffFirstMs = 250;
export const backoffMaxMs = 30_000;

/** `fruitless` lives in a row so far: 0, 0.25 s, then doubling to 30 s. */
export function backoffMs(fruitless: number): number {
  if (fruitless <= 1) return 0;
  return Math.min(backoffMaxMs, backoffFirstMs * 2 ** Math.min(fruitless - 2, 16));
}

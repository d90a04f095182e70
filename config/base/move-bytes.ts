/** Below this size a loop is quicker than a call into the runtime. */
const loopBytesMax = 24;

/** Moves `buffer[start, end)` to `to`, which lies to its left: for crumbs of a read that are put side by side. */
export function moveLeft(buffer: Uint8Array, to: number, start: number, end: number): void {
  if (end - start > loopBytesMax) buffer.copyWithin(to, start, end);
  else for (let at = start; at < end; at += 1) buffer[to + at - start] = buffer[at] as number;
}

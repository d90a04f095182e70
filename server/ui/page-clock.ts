/** The only owner of time in the page. */
export function nowMs(): number {
  return Date.now();
}

/** Runs `fire` after `delayMs`; the returned function cancels it. */
export function after(delayMs: number, fire: () => void): () => void {
  const timer = setTimeout(fire, delayMs);
  return () => clearTimeout(timer);
}

/** Runs `fire` every `everyMs` until the returned function is called. */
export function every(everyMs: number, fire: () => void): () => void {
  const timer = setInterval(fire, everyMs);
  return () => clearInterval(timer);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

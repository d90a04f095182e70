/** The half of the session that pages keep: without the cookie it opens nothing. */
export const sessionField = 'x-sluice-session';

const key = 'sluice-session';
/** Where a browser keeps nothing the session lives as long as the page. */
let held = '';

export function pageSecret(): string {
  try {
    return localStorage.getItem(key) ?? held;
  } catch {
    return held;
  }
}

/** '' = forget it. */
export function keepPageSecret(secret: string): void {
  held = secret;
  try {
    if (secret === '') localStorage.removeItem(key);
    else localStorage.setItem(key, secret);
  } catch {
    // It is held in memory.
  }
}

/** Random secrets, and comparing them so that the time taken tells nothing. They are kept as hashes only. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const secretBytes = 32;

/** 256 random bits as 43 letters: nobody guesses it, so a fast hash is enough to keep it by. */
export function newSecret(): string {
  return randomBytes(secretBytes).toString('base64url');
}

/** `sha256:` and hexadecimal digits, as in the configuration. */
export function hashOf(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex')}`;
}

/** Both of `hashOf`. */
export function sameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

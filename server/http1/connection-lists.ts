import { trailerNamesMax } from '../../config/base/limits.js';
import { FieldKind } from './field-kinds.js';
import { tokenList } from './lists.js';
import type { RequestHead } from './types.js';

/** What `Connection` may say of the connection itself. */
export interface ConnectionFacts {
  close: boolean;
  keepAlive: boolean;
  upgradeToken: boolean;
}

let named: Set<string> | null = null;

export function resetLists(): void {
  named = null;
}

/** Reads one `Connection` field (RFC 9110 7.6.1); false = an element is not a token. */
export function noteConnection(value: string, facts: ConnectionFacts): boolean {
  if (value === 'keep-alive' || value === 'Keep-Alive') {
    facts.keepAlive = true;
    return true;
  }
  const tokens = tokenList(value);
  if (tokens === null) return false;
  for (const token of tokens) {
    if (token === 'close') facts.close = true;
    else if (token === 'keep-alive') facts.keepAlive = true;
    else if (token === 'upgrade') facts.upgradeToken = true;
    else (named ??= new Set()).add(token);
  }
  return true;
}

/**
 * The ordinary fields of this head that `Connection` names. Fields with rules of their own (framing, Host,
 * forwarding, ours) are not its to remove, so they never appear here.
 */
export function presentNames(fields: readonly string[], kinds: readonly number[]): string[] | null {
  if (named === null) return null;
  let present: string[] | null = null;
  for (let i = 0; i < kinds.length; i++) {
    const kind = kinds[i];
    if (kind !== FieldKind.plain && kind !== FieldKind.underscore && kind !== FieldKind.date) continue;
    const name = (fields[i * 2] as string).toLowerCase();
    if (named.has(name) && !(present ??= []).includes(name)) present.push(name);
  }
  return present;
}

/** Collects the names announced in `Trailer` (RFC 9110 6.6.2); false = an element is not a token. */
export function noteTrailer(head: RequestHead, value: string): boolean {
  const tokens = tokenList(value);
  if (tokens === null) return false;
  for (const token of tokens) {
    const names = (head.announcedTrailers ??= []);
    if (!names.includes(token)) names.push(token);
    if (names.length > trailerNamesMax) return false;
  }
  return true;
}

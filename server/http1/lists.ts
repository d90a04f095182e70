import { COMMA, HTAB, isToken, SP } from './bytes.js';

/** Without the optional white space around it (SP and HTAB only, RFC 9110 5.6.3). */
export function trimOws(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isOws(text.charCodeAt(from))) from++;
  while (to > from && isOws(text.charCodeAt(to - 1))) to--;
  return from === 0 && to === text.length ? text : text.substring(from, to);
}

function isOws(code: number): boolean {
  return code === SP || code === HTAB;
}

/** Elements of a comma list, trimmed; empty ones are left out (RFC 9110 5.6.1.2). */
export function splitList(value: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i <= value.length; i++) {
    if (i < value.length && value.charCodeAt(i) !== COMMA) continue;
    const part = trimOws(value.substring(from, i));
    if (part !== '') parts.push(part);
    from = i + 1;
  }
  return parts;
}

/** Lower-case tokens of a comma list, or null when an element is not a token. */
export function tokenList(value: string): string[] | null {
  const parts = splitList(value);
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    if (!isToken(part)) return null;
    parts[i] = part.toLowerCase();
  }
  return parts;
}

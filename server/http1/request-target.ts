import { latin1 } from './bytes.js';
import { line } from './request-line.js';
import { type Authority, parseAuthority } from './host.js';

const noAuthority: Authority = { host: '', port: 0 };

/** Result of the last successful `resolveTarget`. */
export const target: { origin: string; authority: string; parsed: Authority } = {
  origin: '',
  authority: '',
  parsed: noAuthority,
};

/**
 * Targets that do not start with `/` (RFC 9112 3.2): `*` for OPTIONS, and absolute-form, which is
 * rewritten to origin-form while its authority is kept. False = refused: another scheme than the
 * connection's, user information, no or a bad authority, authority-form.
 */
export function resolveTarget(buffer: Buffer, scheme: 'http' | 'https'): boolean {
  const text = latin1(buffer, line.targetStart, line.targetEnd);
  target.authority = '';
  target.parsed = noAuthority;
  if (text === '*') {
    target.origin = '*';
    return line.method === 'OPTIONS';
  }
  const prefix = `${scheme}://`;
  if (text.substring(0, prefix.length).toLowerCase() !== prefix) return false;
  const rest = text.substring(prefix.length);
  let end = 0;
  while (end < rest.length && rest[end] !== '/' && rest[end] !== '?') end++;
  const authority = rest.substring(0, end);
  const parsed = parseAuthority(authority);
  if (parsed === null) return false;
  target.authority = authority;
  target.parsed = parsed;
  if (end === rest.length) target.origin = line.method === 'OPTIONS' ? '*' : '/';
  else target.origin = rest[end] === '?' ? `/${rest.substring(end)}` : rest.substring(end);
  return true;
}

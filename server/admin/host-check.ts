import { isIP } from 'node:net';

/**
 * Whether a Host header may name this admin listener. A page on the web can make a browser send requests
 * here under a name that it controls (DNS rebinding), but never under an address, `localhost` or the name
 * of this machine.
 */
export function isOwnHost(hostHeader: string | undefined, ownNames: readonly string[]): boolean {
  if (hostHeader === undefined) return false;
  const name = hostHeader.startsWith('[')
    ? hostHeader.slice(1, Math.max(1, hostHeader.indexOf(']')))
    : (hostHeader.split(':')[0] ?? '');
  const lower = name.toLowerCase().replace(/\.$/, '');
  return isIP(lower) !== 0 || lower === 'localhost' || ownNames.includes(lower);
}

export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

/** Addresses and hosts in the one form that the rest of Sluice compares. */
import { isIP, isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';
import { hostBytesMax } from '../base/limits.js';
import { type Parsed, shown } from '../base/units.js';

/** A literal address in canonical form; `::ffff:a.b.c.d` is written a.b.c.d. */
export function canonicalAddress(text: string): string | null {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (isIPv4(bare)) return bare;
  if (isIP(bare) !== 6 || bare.includes('%')) return null;
  const canonical = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [Number.parseInt(mapped[1] ?? '0', 16), Number.parseInt(mapped[2] ?? '0', 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** `192.0.2.1`, `10.0.0.0/8`, `::1`, `2001:db8::/32` in canonical form. */
export function parseAddressBlock(text: string): Parsed<string> {
  const slash = text.indexOf('/');
  const address = canonicalAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return { ok: false, message: `"${shown(text)}" is not an IP address or CIDR block` };
  if (slash < 0) return { ok: true, value: address };
  const bits = text.slice(slash + 1);
  const most = isIPv4(address) ? 32 : 128;
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > most) {
    return { ok: false, message: `"${shown(text)}": the prefix length is 0 to ${most}` };
  }
  return { ok: true, value: `${address}/${Number(bits)}` };
}

/** `host:port` of the admin API; `[::1]:9900` for IPv6. Port 0 lets the system choose. */
export function parseListenAddress(text: string): Parsed<{ readonly host: string; readonly port: number }> {
  const colon = text.lastIndexOf(':');
  const port = parsePort(text.slice(colon + 1), 0);
  if (colon < 0 || port === null) return { ok: false, message: `"${shown(text)}" is not host:port` };
  const host = text.slice(0, colon);
  if (host === 'localhost') return { ok: true, value: { host: '127.0.0.1', port } };
  const address = host === '*' ? '::' : canonicalAddress(host);
  if (address === null || (address.includes(':') && host !== '*' && !host.startsWith('['))) {
    return { ok: false, message: `"${shown(host)}" is not an IP address (IPv6 in brackets)` };
  }
  return { ok: true, value: { host: address, port } };
}

export function parsePort(text: string, least = 1): number | null {
  if (!/^\d{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port >= least && port <= 65_535 ? port : null;
}

export interface BindingParts {
  readonly address: string;
  readonly port: number;
  readonly host: string;
}

/** IIS bindingInformation: the first `:` after the address, the last one before the host. */
export function parseBindingInformation(text: string): Parsed<BindingParts> {
  const first = text.startsWith('[') ? text.indexOf(':', text.indexOf(']')) : text.indexOf(':');
  const last = text.lastIndexOf(':');
  if (first < 0 || last <= first) {
    return { ok: false, message: `"${shown(text)}" is not IP:port:host (IPv6 in brackets; the host may be empty)` };
  }
  const port = parsePort(text.slice(first + 1, last));
  if (port === null) {
    return { ok: false, message: `"${shown(text.slice(first + 1, last))}" is not a port from 1 to 65535` };
  }
  const written = text.slice(0, first);
  const any = written === '' || written === '*';
  const address = any ? '*' : canonicalAddress(written);
  if (address === null) return { ok: false, message: `"${shown(written)}" is not an IP address or *` };
  const host = parseHost(text.slice(last + 1));
  if (!host.ok) return host;
  return {
    ok: true,
    value: { address: address === '0.0.0.0' || address === '::' ? '*' : address, port, host: host.value },
  };
}

/** Lower case, no trailing dot, `*.` only as the whole first label; '' = any host. */
export function parseHost(text: string): Parsed<string> {
  if (text === '' || text === '*') return { ok: true, value: '' };
  const wild = text.startsWith('*.');
  const rest = (wild ? text.slice(2) : text).replace(/\.$/, '');
  const ascii = /^[\x20-\x7e]*$/.test(rest) ? rest.toLowerCase() : domainToASCII(rest);
  const host = wild ? `*.${ascii}` : ascii;
  const labels = ascii.split('.');
  const good = labels.every((label) => label.length > 0 && label.length <= 63 && /^[a-z0-9_-]+$/.test(label));
  if (!good || host.length > hostBytesMax) {
    return { ok: false, message: `"${shown(text)}" is not a host name (a * may only be the whole first label)` };
  }
  return { ok: true, value: host };
}

import { SluiceError } from '../../config/base/errors.js';
import { parseDecimal } from './bytes.js';
import { FieldKind } from './field-kinds.js';
import { type ForwardContext, joined } from './forward.js';
import { type AddressGroups, parseAddress, plainAddress } from './ip-address.js';
import { splitList } from './lists.js';
import type { RequestHead } from './types.js';

interface Block {
  readonly groups: AddressGroups;
  readonly bits: number;
}

/** The peers whose X-Forwarded-* are believed: addresses and CIDR blocks of both families. */
export class TrustedProxies {
  private readonly blocks: readonly Block[];

  /** Throws SluiceError `trusted-proxies` naming the first entry that is no address and no block. */
  constructor(entries: readonly string[]) {
    this.blocks = entries.map(parseBlock);
  }

  /** False for anything that is no literal address. */
  matches(address: string): boolean {
    if (this.blocks.length === 0) return false;
    const groups = parseAddress(address);
    return groups !== null && this.contains(groups);
  }

  private contains(groups: AddressGroups): boolean {
    for (const block of this.blocks) if (isInBlock(groups, block)) return true;
    return false;
  }

  /**
   * Sets client and scheme of `context` from what its trusted peer says of this request; a peer that is
   * not trusted is the client. The X-Forwarded-For list is read from its end: as long as an element is a
   * trusted proxy itself, the one before it is asked. What cannot be read ends the search.
   */
  resolveClient(context: ForwardContext, head: RequestHead): void {
    if (!context.trusted) return;
    context.clientAddress = context.peerAddress;
    context.clientPort = context.peerPort;
    context.scheme = context.peerScheme;
    const list = splitList(joined(head, FieldKind.forwardedFor));
    let hops = 0;
    for (let i = list.length - 1; i >= 0; i--) {
      const node = parseNode(list[i] as string);
      if (node === null) break;
      hops++;
      context.clientAddress = node.address;
      context.clientPort = node.port;
      if (!this.matches(node.address)) break;
    }
    const schemes = splitList(joined(head, FieldKind.forwardedProto));
    const scheme = schemes[Math.max(0, schemes.length - Math.max(1, hops))]?.toLowerCase();
    if (scheme === 'http' || scheme === 'https') context.scheme = scheme;
  }
}

/** `address` or `address/bits`; null = neither. Bits of the block beyond the prefix are ignored. */
export function parseBlockOrNull(entry: string): Block | null {
  const slash = entry.indexOf('/');
  const address = slash < 0 ? entry : entry.slice(0, slash);
  const groups = parseAddress(address);
  if (groups === null) return null;
  const offset = address.includes(':') ? 0 : 96;
  const bits = slash < 0 ? 128 - offset : parseDecimal(entry.slice(slash + 1));
  return bits < 0 || bits + offset > 128 ? null : { groups, bits: bits + offset };
}

function parseBlock(entry: string): Block {
  const block = parseBlockOrNull(entry);
  if (block !== null) return block;
  throw new SluiceError(
    'trusted-proxies',
    `trustedProxies: ${JSON.stringify(entry)} is no IP address and no CIDR block`,
    'write for example 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32',
  );
}

function isInBlock(groups: AddressGroups, block: Block): boolean {
  let bits = block.bits;
  for (let i = 0; i < 8 && bits > 0; i++, bits -= 16) {
    const mask = bits >= 16 ? 0xffff : (0xffff << (16 - bits)) & 0xffff;
    if ((((groups[i] ?? 0) ^ (block.groups[i] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`; null = nothing of these. */
function parseNode(text: string): { readonly address: string; readonly port: number } | null {
  let address = text;
  let port = 0;
  const bracket = text.startsWith('[') ? text.indexOf(']') : -1;
  const colon = text.indexOf(':', bracket < 0 ? 0 : bracket);
  if (bracket > 0) address = text.slice(1, bracket);
  else if (colon >= 0 && text.indexOf(':', colon + 1) < 0) address = text.slice(0, colon);
  if (address.length < text.length && colon >= 0) {
    port = parseDecimal(text.slice(colon + 1));
    if (port < 1 || port > 65_535 || (bracket > 0 && colon !== bracket + 1)) return null;
  } else if (bracket > 0 && bracket !== text.length - 1) return null;
  if (parseAddress(address) === null) return null;
  return { address: plainAddress(address.toLowerCase()), port };
}

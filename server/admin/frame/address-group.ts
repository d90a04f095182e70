import { addressKey, plainAddress } from '../../http1/ip-address.js';
import { isLoopback } from '../host-check.js';

/**
 * Who counts as one by address: everybody on this machine, since each of them has 2^24 addresses of its own; an IPv4
 * address; the /64 of IPv6 that one subscriber has.
 */
export function addressGroup(address: string | undefined): string {
  if (address === undefined || address === '') return 'unknown';
  return isLoopback(address) ? 'loopback' : addressKey(plainAddress(address));
}

import { limitedAddressesMax } from '../../config/base/limits.js';
import type { Spending } from '../../pools/protocol/listener-to-primary.js';
import type { SiteRates } from '../../pools/protocol/snapshot.js';
import { addressKey } from '../http1/ip-address.js';
import type { Rejection } from '../http1/types.js';
import type { Pace } from '../proxy/pacer.js';
import { RateMeter } from '../route/rate-meter.js';

const siteRate: Rejection = { status: 429, subStatus: 0, reason: 'RequestRate' };
const addressRate: Rejection = { status: 429, subStatus: 0, reason: 'RequestRatePerAddress' };

/** The key of the whole site; no address is empty. */
const wholeSite = '';

function meter(perSecond: number, burst: number, keysMax: number): RateMeter | null {
  return perSecond === 0 ? null : new RateMeter({ perSecond, burst: Math.max(1, burst) }, keysMax);
}

/** Limits by time of one site: requests and bytes, of the site and of each client address. */
export class SiteLimiter {
  readonly rates: SiteRates;
  readonly #requests: RateMeter | null;
  readonly #requestsPerAddress: RateMeter | null;
  readonly #bytes: RateMeter | null;
  readonly #bytesPerAddress: RateMeter | null;
  readonly #now: () => number;
  /** Not told to the other listeners yet. */
  #untold = new Map<string, Spending>();

  constructor(rates: SiteRates, now: () => number) {
    this.rates = rates;
    this.#now = now;
    this.#requests = meter(rates.requestsPerSecond, rates.requestBurst, 1);
    this.#requestsPerAddress = meter(
      rates.requestsPerSecondPerAddress,
      rates.requestBurstPerAddress,
      limitedAddressesMax,
    );
    this.#bytes = meter(rates.bandwidth, rates.bandwidth, 1);
    this.#bytesPerAddress = meter(rates.bandwidthPerAddress, rates.bandwidthPerAddress, limitedAddressesMax);
  }

  /** Counts one request. @returns why it is refused, or null. */
  admit(address: string): Rejection | null {
    const nowMs = this.#now();
    const key = addressKey(address);
    if (this.#requestsPerAddress?.take(key, nowMs) === false) return addressRate;
    if (this.#requestsPerAddress !== null) this.#note(key, 1, 0);
    if (this.#requests?.take(wholeSite, nowMs) === false) return siteRate;
    if (this.#requests !== null) this.#note(wholeSite, 1, 0);
    return null;
  }

  /** Paces the answers to this client; null = bandwidth is not limited. */
  pace(address: string): Pace | null {
    const [site, own] = [this.#bytes, this.#bytesPerAddress];
    if (site === null && own === null) return null;
    const key = addressKey(address);
    return {
      spend: (bytes) => {
        const nowMs = this.#now();
        if (site !== null) this.#note(wholeSite, 0, bytes);
        if (own !== null) this.#note(key, 0, bytes);
        return Math.max(site?.spend(wholeSite, bytes, nowMs) ?? 0, own?.spend(key, bytes, nowMs) ?? 0);
      },
      debtMs: () => Math.max(site?.debtMs(wholeSite, this.#now()) ?? 0, own?.debtMs(key, this.#now()) ?? 0),
    };
  }

  /** RateLimit fields (draft-ietf-httpapi-ratelimit-headers) as they stand in a head; `refused` adds Retry-After. */
  fields(address: string, refused: boolean): string {
    const policies: string[] = [];
    const states: string[] = [];
    let waitSeconds = 0;
    const tell = (name: string, { rate }: RateMeter, remaining: number, seconds: number): void => {
      policies.push(`"${name}";q=${rate.burst};w=${Math.ceil(rate.burst / rate.perSecond)}`);
      states.push(`"${name}";r=${remaining};t=${seconds}`);
      waitSeconds = Math.max(waitSeconds, seconds);
    };
    const nowMs = this.#now();
    const key = addressKey(address);
    const [own, site] = [this.#requestsPerAddress, this.#requests];
    if (own !== null) tell('address', own, own.remaining(key, nowMs), own.waitSeconds(key, nowMs));
    if (site !== null) tell('site', site, site.remaining(wholeSite, nowMs), site.waitSeconds(wholeSite, nowMs));
    if (policies.length === 0) return '';
    const retry = refused ? `Retry-After: ${Math.max(1, waitSeconds)}\r\n` : '';
    return `RateLimit-Policy: ${policies.join(', ')}\r\nRateLimit: ${states.join(', ')}\r\n${retry}`;
  }

  /** What was spent here since the last time, at most `most` entries. */
  takeUntold(most: number): Spending[] {
    const told: Spending[] = [];
    for (const [key, spending] of this.#untold) {
      if (told.length >= most) break;
      told.push(spending);
      this.#untold.delete(key);
    }
    return told;
  }

  /** What was spent elsewhere. */
  learn(spent: readonly Spending[]): void {
    const nowMs = this.#now();
    for (const [key, requests, bytes] of spent) {
      const isSite = key === wholeSite;
      if (requests > 0) (isSite ? this.#requests : this.#requestsPerAddress)?.spend(key, requests, nowMs);
      if (bytes > 0) (isSite ? this.#bytes : this.#bytesPerAddress)?.spend(key, bytes, nowMs);
    }
  }

  #note(key: string, requests: number, bytes: number): void {
    const known = this.#untold.get(key);
    if (known !== undefined) {
      known[1] += requests;
      known[2] += bytes;
    } else if (this.#untold.size < limitedAddressesMax) this.#untold.set(key, [key, requests, bytes]);
  }
}

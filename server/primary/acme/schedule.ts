/** When a certificate is renewed, and when what failed is tried again. Pure: `random` is in [0, 1). */
import { acmeRetryFirstMs, acmeRetryMaxMs } from '../../../config/base/limits.js';

/** A third of the lifetime before the end, earlier by up to a thirtieth of it: not all on one day. */
export function renewalDueMs(notBeforeMs: number, notAfterMs: number, random: number): number {
  const lifetimeMs = Math.max(0, notAfterMs - notBeforeMs);
  return notAfterMs - lifetimeMs / 3 - (random * lifetimeMs) / 30;
}

/** `failures` in a row, at least 1; `retryAfterMs`: what the authority asked for, 0 = nothing. */
export function retryDelayMs(failures: number, random: number, retryAfterMs: number): number {
  const doubled = Math.min(acmeRetryMaxMs, acmeRetryFirstMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(Math.min(retryAfterMs, acmeRetryMaxMs), doubled * (0.5 + random));
}

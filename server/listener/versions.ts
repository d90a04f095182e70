import type { ExchangeClient } from '../proxy/exchange-client.js';

/** `1.0`, `1.1` or `2.0`. */
export function versionOf({ isStream, request }: Pick<ExchangeClient, 'request' | 'isStream'>): string {
  if (isStream) return '2.0';
  return request.minorVersion === 1 ? '1.1' : '1.0';
}

/** Metrics of the application beside those of its host. */
import { channel } from 'node:diagnostics_channel';
import { publishChannel } from './contract.js';

/** What is needed of a registry; prom-client's has it. */
export interface MetricsRegistry {
  getMetricsAsJSON(): Promise<readonly object[]> | readonly object[];
}

/**
 * Publishes what the registry holds at the host's own `/metrics`, with a label `pool`: a hosted application needs no
 * port and no route for them. Call it once for each registry.
 * @returns false: nobody takes them, because the program runs alone or out-of-process.
 */
export function publishMetrics(registry: MetricsRegistry): boolean {
  if (typeof (registry as Partial<MetricsRegistry> | null)?.getMetricsAsJSON !== 'function') {
    throw new TypeError('publishMetrics takes a registry of prom-client, such as require("prom-client").register');
  }
  const host = channel(publishChannel);
  if (!host.hasSubscribers) return false;
  host.publish({ collect: () => registry.getMetricsAsJSON() });
  return true;
}

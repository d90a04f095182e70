import type { Exchange } from './exchange.js';
import type { AbortCause, Upstream } from './upstream.js';

/**
 * Takes a request away from its worker. It keeps its place among `maxConcurrentRequests` until the worker has let go of
 * it: clients that begin requests and take them back must not have more under way than the pool allows
 * (CVE-2023-44487).
 */
export function abandon({ worker, tunnel, core }: Exchange, upstream: Upstream, cause: AbortCause): void {
  if (worker === null || tunnel !== null) {
    upstream.abort(cause, null);
    return;
  }
  const isKept = upstream.abort(cause, () => {
    worker.abandoned -= 1;
    core.slotFreed(worker);
  });
  if (isKept) worker.abandoned += 1;
}

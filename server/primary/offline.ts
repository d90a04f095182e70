/** Applications that an administrator took offline: kept until they are put online again or the server ends, reloads or not. */
import type { StoredFailure } from '../../pools/protocol/snapshot.js';
import { statusEntry } from '../../config/base/statuses.js';

const reason = 'ApplicationOffline';

/** As behind app_offline.htm: 503.0, whatever is asked. */
export const offlineFailure: StoredFailure = {
  status: 503,
  subStatus: 0,
  reason,
  title: statusEntry(503, 0, reason)?.title ?? '',
  retryAfterSeconds: 0,
};

export class OfflineApplications {
  readonly #ids = new Set<string>();

  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  /** false: it was so already. */
  set(id: string, isOffline: boolean): boolean {
    if (this.#ids.has(id) === isOffline) return false;
    if (isOffline) this.#ids.add(id);
    else this.#ids.delete(id);
    return true;
  }
}

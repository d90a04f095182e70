/** The requests under way in a pool, as IIS's `list requests` shows them. */
import { type App, apiPool } from '../app.js';
import type { ElementView } from '../dom/view.js';
import { notThere } from '../parts/asked.js';
import { duration, plural } from '../parts/format.js';
import { part } from '../parts/part.js';
import { table } from '../parts/table.js';
import { Resource } from '../state/resource.js';

interface LiveRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly client: string;
  readonly workerId: number;
  readonly elapsedMs: number;
}

const refreshMs = 2_000;

export class PoolRequests {
  readonly #requests: Resource<{ readonly requests: readonly LiveRequest[] }>;

  constructor(app: App, pool: string) {
    this.#requests = new Resource(`${apiPool(pool)}/requests`, app.invalidate, refreshMs);
  }

  open(): () => void {
    return this.#requests.open();
  }

  view(): ElementView {
    const { data } = this.#requests;
    if (data === null) return part('Live requests', '', notThere(this.#requests, 'live requests'));
    return part(
      'Live requests',
      plural(data.requests.length, 'request'),
      table({
        caption: 'Requests under way',
        rows: data.requests,
        keyOf: ({ id }) => id,
        empty: 'No request is under way.',
        columns: [
          { name: 'Method', cell: ({ method }) => method },
          { name: 'URL', kind: 'wide', cell: ({ url }) => url },
          { name: 'Client', cell: ({ client }) => client },
          { name: 'Worker', kind: 'number', cell: ({ workerId }) => workerId || '–' },
          { name: 'Time so far', kind: 'number', cell: ({ elapsedMs }) => duration(elapsedMs) },
        ],
      }),
    );
  }
}

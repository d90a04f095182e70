/** The requests under way in a pool, as IIS's `list requests` shows them. */
import type { App } from '../app.js';
import { type ElementView, h } from '../dom/view.js';
import { notThere } from '../parts/asked.js';
import { duration, plural } from '../parts/format.js';
import { part } from '../parts/part.js';
import { table } from '../parts/table.js';
import { Resource } from '../state/resource.js';

interface LiveRequest {
  readonly verb: string;
  readonly host: string;
  readonly url: string;
  readonly client: string;
  /** 0 = no worker has it. */
  readonly workerId: number;
  readonly state: string;
  readonly timeMs: number;
}

interface LiveRequests {
  readonly total: number;
  readonly requests: readonly LiveRequest[];
  readonly silentListeners: readonly number[];
}

const refreshMs = 2_000;

export class PoolRequests {
  readonly #requests: Resource<LiveRequests>;

  constructor(app: App, pool: string) {
    this.#requests = new Resource(`/api/v1/requests?pool=${encodeURIComponent(pool)}`, app.invalidate, refreshMs);
  }

  open(): () => void {
    return this.#requests.open();
  }

  view(): ElementView {
    const { data } = this.#requests;
    if (data === null) return part('Live requests', '', notThere(this.#requests, 'live requests'));
    const { total, requests, silentListeners } = data;
    const silent = silentListeners.length === 0 ? '' : `, ${plural(silentListeners.length, 'listener')} did not answer`;
    return part(
      'Live requests',
      `${plural(total, 'request')}${silent}`,
      table({
        caption: 'Requests under way, longest first',
        rows: requests.map((one, place) => ({ ...one, place })),
        keyOf: ({ place }) => String(place),
        empty: 'No request is under way.',
        columns: [
          { name: 'Verb', cell: ({ verb }) => verb },
          { name: 'URL', kind: 'wide', cell: ({ host, url }) => h('code', {}, `${host}${url}`) },
          { name: 'Client', cell: ({ client }) => client },
          { name: 'State', cell: ({ state }) => state.replaceAll('-', ' ') },
          { name: 'Worker', kind: 'number', cell: ({ workerId }) => (workerId === 0 ? '–' : workerId) },
          { name: 'Time so far', kind: 'number', cell: ({ timeMs }) => duration(timeMs) },
        ],
      }),
    );
  }
}

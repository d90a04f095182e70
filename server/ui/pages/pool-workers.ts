import type { PoolView, WorkerState } from '../../../pools/supervisor/ports.js';
import type { App } from '../app.js';
import type { ElementView } from '../dom/view.js';
import { nowMs } from '../page-clock.js';
import { word } from '../parts/badge.js';
import { age, bytes, count, plural } from '../parts/format.js';
import { part } from '../parts/part.js';
import { table } from '../parts/table.js';
import { workerActions } from './pool-actions.js';

const tones: Readonly<Record<WorkerState, 'good' | 'warn' | 'plain'>> = {
  starting: 'warn',
  running: 'good',
  suspended: 'plain',
  draining: 'warn',
  stopping: 'warn',
};

export function workersPart(app: App, pool: PoolView): ElementView {
  const now = nowMs();
  return part(
    'Workers',
    plural(pool.workers.length, 'process', 'processes'),
    table({
      caption: 'Workers',
      rows: pool.workers,
      keyOf: ({ workerId }) => String(workerId),
      empty: 'No worker runs now; the first request starts one unless the pool is stopped.',
      columns: [
        { name: 'Id', kind: 'number', cell: ({ workerId }) => workerId },
        { name: 'Pid', kind: 'number', cell: ({ pid }) => pid },
        { name: 'Application', cell: ({ applicationId, slot }) => `${applicationId} #${slot}` },
        { name: 'Generation', kind: 'number', cell: ({ generation }) => generation },
        { name: 'State', cell: ({ state }) => word(state, tones[state]) },
        { name: 'Age', kind: 'number', cell: ({ startedAtMs }) => (startedAtMs === 0 ? '–' : age(now - startedAtMs)) },
        { name: 'In flight', kind: 'number', cell: ({ inFlight }) => count(inFlight) },
        { name: 'Memory', kind: 'number', cell: ({ rssBytes }) => bytes(rssBytes) },
        { name: 'Actions', kind: 'actions', cell: (worker) => workerActions(app, pool.name, worker) },
      ],
    }),
  );
}

import type { ApplicationView, PoolView } from '../../../pools/supervisor/ports.js';
import { type ElementView, h } from '../dom/view.js';
import { nowMs } from '../page-clock.js';
import { word } from '../parts/badge.js';
import { clockTime, duration, plural } from '../parts/format.js';
import { part } from '../parts/part.js';
import { table } from '../parts/table.js';

const bad: ReadonlySet<string> = new Set(['failed', 'rapid-failed', 'misconfigured', 'backing-off']);

export function applicationsPart(pool: PoolView): ElementView {
  const failed = pool.applications.flatMap((one) => (one.failure ? [failureView(one, one.failure)] : []));
  return part(
    'Applications',
    plural(pool.applications.length, 'application'),
    table({
      caption: 'Applications',
      rows: pool.applications,
      keyOf: ({ id }) => id,
      empty: 'No application is in this pool.',
      columns: [
        { name: 'Application', cell: ({ id }) => id },
        { name: 'Site', cell: ({ site }) => site },
        { name: 'Path', cell: ({ path }) => h('code', {}, path) },
        { name: 'Hosting', cell: ({ hostingModel }) => hostingModel },
        { name: 'State', cell: ({ state }) => word(state, toneOf(state)) },
        { name: 'Problem', kind: 'wide', cell: ({ problem }) => problem || '–' },
      ],
    }),
    failed,
  );
}

function toneOf(state: string): 'good' | 'bad' | 'plain' {
  if (bad.has(state)) return 'bad';
  return state === 'ready' ? 'good' : 'plain';
}

/** The start that failed, as the log and a Development page tell it. */
function failureView({ id }: ApplicationView, failure: NonNullable<ApplicationView['failure']>): ElementView {
  const steps = failure.journey.map(({ step, durationMs, outcome }) =>
    h('li', { class: outcome === 'failed' ? 'is-bad' : '' }, `${step} ${duration(durationMs)} ${outcome}`),
  );
  return h(
    'details.entry',
    { key: `failure ${id}` },
    h(
      'summary',
      {},
      word(failure.status, 'bad'),
      ` start of ${id} failed `,
      h('span.note', {}, `${clockTime(failure.atMs, nowMs())}, ${plural(failure.attempts, 'attempt')}`),
    ),
    h('p', {}, failure.cause),
    failure.remedy !== '' && h('p.note', {}, failure.remedy),
    steps.length > 0 && h('ol.journey', {}, steps),
    failure.outputTail !== '' && h('pre', { tabindex: 0, 'aria-label': 'Last output' }, failure.outputTail),
  );
}

/** What a configuration would do before it does it: problems, settings before and after, and who notices. */
import type { Names, Plan, Problem, Side, Trial } from '../api/config-shapes.js';
import { type ElementView, h } from '../dom/view.js';
import { word } from './badge.js';
import { plural } from './format.js';
import { table } from './table.js';

export function trialView(trial: Trial): ElementView {
  const { valid, problems, problemsTotal, plan, settings } = trial;
  const more = problemsTotal > problems.length ? ` (the first ${problems.length} of ${problemsTotal})` : '';
  return h(
    'div.stack',
    { key: 'trial', role: 'status' },
    h('p', {}, valid ? word('Valid', 'good') : word('Not valid', 'bad'), problems.length > 0 && more),
    problems.map(problemView),
    plan !== null && planView(plan),
    settings !== null &&
      table({
        caption: 'Settings that change',
        rows: settings.changes,
        keyOf: ({ path }) => path,
        empty: 'No setting changes.',
        columns: [
          { name: 'Setting', kind: 'wide', cell: ({ path }) => h('code', {}, path) },
          { name: 'Before', kind: 'wide', cell: ({ before }) => sideView(before, 'is-removed') },
          { name: 'After', kind: 'wide', cell: ({ after }) => sideView(after, 'is-added') },
        ],
      }),
    settings !== null &&
      settings.total > settings.changes.length &&
      h('p.note', {}, `${settings.total} settings change`),
  );
}

function problemView({ severity, file, line, column, message, remedy, code }: Problem): ElementView {
  const where = file === '' ? '' : `${file}:${line}:${column} `;
  return h(
    'p.banner',
    { class: severity === 'error' ? 'is-bad' : 'is-warn' },
    h('b', {}, severity),
    ' ',
    h('code', {}, where),
    `${message} `,
    h('span.note', {}, remedy === '' ? `[${code}]` : `${remedy} [${code}]`),
  );
}

function sideView(side: Side | null, tone: string): ElementView {
  return h('span.diff', {}, h('code', { class: tone }, side === null ? 'not set' : valueText(side.value)));
}

export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const poolTexts = { added: 'is new', removed: 'goes away', recycle: 'is recycled', live: 'changes at once' } as const;

function planView({ pools, restart, sites, applications }: Plan): ElementView {
  const lines = [
    ...pools.map(({ pool, change }) => `pool ${pool} ${poolTexts[change]}`),
    ...namesText('site', sites),
    ...namesText('application', applications),
    ...restart.map((path) => `${path} acts at the next start only`),
  ];
  if (lines.length === 0) return h('p.note', { key: 'plan' }, 'Nothing that serves would change.');
  const shown = lines.slice(0, 100);
  return h(
    'div',
    { key: 'plan' },
    h('h3', {}, 'What happens'),
    h(
      'ul.lines',
      {},
      shown.map((line) => h('li', {}, line)),
    ),
    lines.length > shown.length && h('p.note', {}, `and ${plural(lines.length - shown.length, 'change')} more`),
  );
}

function namesText(what: string, { added, removed, changed }: Names): string[] {
  return [
    ...added.map((name) => `${what} ${name} is new`),
    ...removed.map((name) => `${what} ${name} goes away`),
    ...changed.map((name) => `${what} ${name} changes`),
  ];
}

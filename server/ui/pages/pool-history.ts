/** What became of workers: receipts of every change, and obituaries with what was captured of the end. */
import type { Attachment, ObituaryView, PoolView, ReceiptView } from '../../../pools/supervisor/ports.js';
import { type ElementView, h } from '../dom/view.js';
import { nowMs } from '../page-clock.js';
import { word } from '../parts/badge.js';
import { age, clockTime, duration, plural } from '../parts/format.js';
import { part } from '../parts/part.js';
import { table } from '../parts/table.js';

/** Who may not see what an application printed and was asked gets the rest. */
type Told<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;
type Obituary = Told<ObituaryView, 'outputTail' | 'how' | 'requestsInFlight' | 'suspects' | 'attachments'>;
type Receipt = Told<ReceiptView, 'attachments'>;

const shown = 50;

export function receiptsPart(pool: PoolView): ElementView {
  const rows: readonly Receipt[] = pool.receipts.slice(-shown).reverse();
  const now = nowMs();
  return part(
    'Recycles',
    plural(pool.receipts.length, 'receipt'),
    table({
      caption: 'Recycles, restarts and stops, newest first',
      rows,
      keyOf: ({ id }) => String(id),
      empty: 'No worker was recycled, restarted or stopped yet.',
      columns: [
        { name: 'Time', cell: ({ atMs }) => clockTime(atMs, now) },
        { name: 'What', cell: ({ kind, outcome }) => word(kind, toneOf(kind, outcome)) },
        {
          name: 'Reason',
          cell: ({ cause, eventId }) => [cause, eventId > 0 && h('span.note', {}, ` event ${eventId}`)],
        },
        { name: 'Worker', cell: ({ applicationId, slot }) => `${applicationId} #${slot}` },
        { name: 'From → to', cell: (receipt) => change(receipt) },
        { name: 'Took', kind: 'number', cell: ({ durationMs }) => duration(durationMs) },
        { name: 'Its requests', kind: 'wide', cell: ({ requests }) => ledger(requests) },
      ],
    }),
  );
}

function toneOf(kind: string, outcome: string): 'good' | 'bad' | 'warn' | 'plain' {
  if (outcome === 'failed') return 'bad';
  if (kind === 'restart') return 'warn';
  return kind === 'recycle' ? 'good' : 'plain';
}

function change({ old, successor, outcome }: Receipt): string {
  const to = successor === null ? 'none' : `gen ${successor.generation} (ready in ${duration(successor.startMs)})`;
  return `gen ${old.generation} → ${outcome === 'failed' ? 'failed, the old one stays' : to}`;
}

function ledger(requests: ReceiptView['requests']): ElementView {
  const parts: readonly (readonly [string, number])[] = [
    ['drained', requests.drained],
    ['late', requests.late],
    ['retried', requests.retried],
    ['cut', requests.cut],
    ['sockets noticed', requests.socketsNoticed],
  ];
  const told = parts.filter(([, number]) => number > 0);
  if (told.length === 0) return h('span.note', {}, 'none in flight');
  return h(
    'span',
    {},
    told.map(([name, number]) => h('span.pair', { class: name === 'cut' ? 'is-bad' : '' }, `${number} ${name}`)),
  );
}

export function obituariesPart(pool: PoolView): ElementView {
  const rows: readonly Obituary[] = pool.obituaries.slice(-shown).reverse();
  return part(
    'Obituaries',
    plural(pool.obituaries.length, 'ended process', 'ended processes'),
    rows.length === 0 && h('p.empty', {}, 'No worker has ended yet.'),
    rows.map((one) => obituaryView(one)),
  );
}

const expected: ReadonlySet<string> = new Set([
  'idle',
  'recycle',
  'config-change',
  'file-change',
  'worker-stopped',
  'application-offline',
  'pool-stopped',
  'shutdown',
]);

function obituaryView(one: Obituary): ElementView {
  const how = one.how ?? one.signal ?? (one.code === null ? 'no exit code' : `exit code ${one.code}`);
  const { requestsInFlight = [], suspects = [], attachments = [], outputTail = '' } = one;
  return h(
    'details.entry',
    { key: `${one.workerId}` },
    h(
      'summary',
      {},
      h('time', {}, clockTime(one.atMs, nowMs())),
      ' ',
      word(one.reason, expected.has(one.reason) ? 'plain' : 'bad'),
      ` ${one.applicationId} #${one.slot} `,
      h('span.note', {}, `pid ${one.pid}, gen ${one.generation}, ${how}, lived ${age(one.atMs - one.startedAtMs)}`),
    ),
    h('dl.facts', {}, facts(one)),
    lines('Requests that ended with it', requestsInFlight),
    lines('In flight at an earlier crash too', suspects),
    attachments.map(attachmentView),
    outputTail !== '' && h('h3', {}, 'Last output'),
    outputTail !== '' && h('pre', { tabindex: 0, 'aria-label': 'Last output' }, outputTail),
    one.journey.length > 0 && h('h3', {}, 'Its start'),
    one.journey.length > 0 &&
      h(
        'ol.journey',
        {},
        one.journey.map(({ step, durationMs, outcome }) =>
          h('li', { class: outcome === 'failed' ? 'is-bad' : '' }, `${step} ${duration(durationMs)}`),
        ),
      ),
  );
}

function facts(one: Obituary): readonly ElementView[] {
  const told: readonly (readonly [string, string])[] = [
    ['Asked to leave', one.cause === '' ? 'no' : one.cause],
    ['Requests with it', String(one.inFlight)],
    ['IIS events', one.eventIds.join(', ') || 'none'],
  ];
  return told.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)));
}

function lines(title: string, all: readonly string[]): readonly ElementView[] {
  if (all.length === 0) return [];
  return [
    h('h3', {}, title),
    h(
      'ul.lines',
      {},
      all.map((line) => h('li', {}, h('code', {}, line))),
    ),
  ];
}

function attachmentView({ kind, text, file }: Attachment): readonly ElementView[] {
  return [
    h('h3', {}, kind.replaceAll('-', ' ')),
    h('pre', { tabindex: 0, 'aria-label': kind }, text),
    ...(file === '' ? [] : [h('p.note', {}, `The rest is in ${file}`)]),
  ];
}

import type { CertificateView } from '../../admin/control-plane.js';
import type { App, Page } from '../app.js';
import { h, type View } from '../dom/view.js';
import { nowMs } from '../page-clock.js';
import { notThere } from '../parts/asked.js';
import { word } from '../parts/badge.js';
import { age, clockTime, day } from '../parts/format.js';
import { part } from '../parts/part.js';
import { table } from '../parts/table.js';
import { Resource } from '../state/resource.js';

const tones: Readonly<Record<CertificateView['state'], 'good' | 'warn' | 'bad'>> = {
  good: 'good',
  'ends-soon': 'warn',
  expired: 'bad',
  outdated: 'warn',
  missing: 'bad',
};

export class CertificatesPage implements Page {
  readonly title = 'Certificates';
  readonly section = 'certificates';
  readonly #certificates: Resource<{ readonly certificates: readonly CertificateView[] }>;

  constructor(app: App) {
    this.#certificates = new Resource('/api/v1/certificates', app.invalidate, 15_000);
  }

  open(): () => void {
    return this.#certificates.open();
  }

  view(): readonly View[] {
    const { data } = this.#certificates;
    const now = nowMs();
    return [
      h('h1', { key: 'title' }, 'Certificates'),
      data === null
        ? notThere(this.#certificates, 'certificates')
        : part(
            'Loaded or ordered',
            'those that end first come first',
            table({
              caption: 'Certificates',
              rows: [...data.certificates].sort((a, b) => a.notAfterMs - b.notAfterMs),
              keyOf: ({ kind, host, file, names }) => JSON.stringify([kind, host, file, names]),
              empty: 'No binding needs a certificate.',
              columns: [
                {
                  name: 'Names',
                  kind: 'wide',
                  cell: ({ names, host }) => (names.length > 0 ? names.join(', ') : host || '–'),
                },
                { name: 'State', cell: ({ state }) => word(state.replace('-', ' '), tones[state]) },
                { name: 'Ends', cell: ({ notAfterMs }) => ends(notAfterMs, now) },
                { name: 'From', cell: ({ kind }) => kind },
                { name: 'Order', cell: ({ order }) => orderText(order, now) },
                { name: 'File', kind: 'wide', cell: ({ file }) => file || '–' },
                { name: 'Problem', kind: 'wide', cell: ({ problem, order }) => problem || order?.problem || '–' },
              ],
            }),
          ),
    ];
  }
}

function ends(notAfterMs: number, now: number): string {
  if (notAfterMs === 0) return '–';
  return notAfterMs > now ? `${day(notAfterMs)}, in ${age(notAfterMs - now)}` : `${day(notAfterMs)}, ended`;
}

function orderText(order: CertificateView['order'], now: number): string {
  if (order === null) return '–';
  const next = order.nextAttemptMs > 0 ? `, next try ${clockTime(order.nextAttemptMs, now)}` : '';
  return `${order.state}${next}${order.failures > 0 ? `, ${order.failures} failed` : ''}`;
}

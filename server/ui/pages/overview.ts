/** Every pool as a tile, what needs eyes first or by a figure; 500 of them stay fluid. */
import { type App, type Page, poolHash } from '../app.js';
import { type ElementView, h, memo, type View, whenCreated } from '../dom/view.js';
import { nowMs } from '../page-clock.js';
import { sparkline } from '../parts/chart.js';
import { valueOf } from '../parts/dialog.js';
import { bytes, count, duration, plural, rate } from '../parts/format.js';
import { badge } from '../parts/badge.js';
import { type Health, healthNames, healthOf, healths, type PoolHead, problemOf } from '../state/health.js';
import type { Sample, Series } from '../state/series.js';
import { NodePart } from './node-part.js';

const orders = {
  attention: 'Needs attention',
  name: 'Name',
  rate: 'Requests/s',
  p99Ms: 'p99',
  errors: 'Errors',
  queue: 'Queue',
  memoryBytes: 'Memory',
} as const;
type Order = keyof typeof orders;

/** Tiles that change places under the pointer cannot be clicked: figures re-order them this seldom. */
const reorderEveryMs = 5_000;
const sparkSamples = 60;

interface Row {
  readonly pool: PoolHead;
  /** What became of a worker a moment ago; '' = nothing. */
  readonly crash: string;
  readonly health: Health;
  readonly series: Series;
}

export class OverviewPage implements Page {
  readonly title = 'Pools';
  readonly section = 'pools';
  readonly #app: App;
  #filter = '';
  #health: Health | '' = '';
  #order: Order = 'attention';
  #places = new Map<string, number>();
  #placedAtMs = 0;
  /** Pools whose tiles can be seen, or nearly: only these are drawn anew every second. */
  readonly #seen = new Set<string>();
  readonly #node: NodePart;
  readonly #watcher = new IntersectionObserver((entries) => this.#looked(entries), { rootMargin: '300px' });

  constructor(app: App) {
    this.#app = app;
    this.#node = new NodePart(app);
  }

  open(): () => void {
    const closeNode = this.#node.open();
    return () => {
      closeNode();
      this.#watcher.disconnect();
    };
  }

  #looked(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const pool = target.getAttribute('data-pool') ?? '';
      if (isIntersecting) this.#seen.add(pool);
      else this.#seen.delete(pool);
    }
    this.#app.invalidate();
  }

  view(): readonly View[] {
    const { store } = this.#app;
    const rows = [...store.pools.values()].map((pool) => {
      const crash = store.crashOf(pool.name);
      return { pool, crash, health: healthOf(pool, crash), series: store.seriesOf(pool.name) };
    });
    const wanted = this.#filter.trim().toLowerCase();
    const found = rows.filter(({ pool, health }) => {
      return (this.#health === '' || this.#health === health) && pool.name.toLowerCase().includes(wanted);
    });
    return [
      h('h1.unseen', { key: 'title' }, 'Pools'),
      this.#summary(rows),
      this.#controls(rows, found.length),
      store.loaded
        ? this.#tiles(found, rows.length)
        : h('p.empty', { key: 'waiting' }, store.problem === '' ? 'Loading pools …' : store.problem),
    ];
  }

  #summary(rows: readonly Row[]): ElementView {
    const { last } = this.#app.store.node;
    const flow = this.#app.store.node.tail(180);
    const workers = rows.reduce((sum, { pool }) => sum + pool.workers.length, 0);
    const figures: readonly (readonly [string, string])[] = [
      ['Requests/s', rate(last.rate)],
      ['p99', duration(last.p99Ms)],
      ['Errors/s', rate(last.errors)],
      ['Queue', count(last.queue)],
      ['Memory', bytes(last.memoryBytes)],
      ['Workers', count(workers)],
    ];
    return h(
      'section.summary',
      { key: 'summary', 'aria-label': 'This node' },
      this.#node.view(),
      h(
        'dl.figures',
        {},
        figures.map(([name, value]) => h('div', { key: name }, h('dt', {}, name), h('dd', {}, value))),
      ),
      sparkline(flow, 'rate', Math.max(12, flow.length), `Requests per second, last minutes, now ${rate(last.rate)}`),
    );
  }

  #controls(rows: readonly Row[], found: number): ElementView {
    const change = (): void => {
      this.#placedAtMs = 0;
      this.#app.invalidate();
    };
    const chip = (health: Health | '', name: string, number: number): ElementView =>
      h(
        'button.chip',
        {
          key: `chip ${health}`,
          type: 'button',
          'aria-pressed': String(this.#health === health),
          class: health === '' || number === 0 ? '' : `health-${health}`,
          onClick: () => {
            this.#health = this.#health === health ? '' : health;
            change();
          },
        },
        name,
        ' ',
        h('b', {}, number),
      );
    const counts = new Map<Health, number>();
    for (const { health } of rows) counts.set(health, (counts.get(health) ?? 0) + 1);
    return h(
      'section.controls',
      { key: 'controls', 'aria-label': 'Filter and order' },
      h('input', {
        type: 'search',
        placeholder: 'Filter by name',
        'aria-label': 'Filter pools by name',
        onInput: (event) => {
          this.#filter = valueOf(event);
          change();
        },
      }),
      h(
        'div.chips',
        { role: 'group', 'aria-label': 'Filter by state' },
        chip('', 'All', rows.length),
        healths.map((health) => chip(health, healthNames[health], counts.get(health) ?? 0)),
      ),
      h(
        'label.order',
        {},
        'Order ',
        h(
          'select',
          {
            onChange: (event) => {
              this.#order = orderOf(valueOf(event));
              change();
            },
          },
          Object.entries(orders).map(([value, name]) => h('option', { key: value, value }, name)),
        ),
      ),
      h('p.unseen', { role: 'status' }, `${found} of ${rows.length} pools shown`),
    );
  }

  #tiles(found: readonly Row[], all: number): ElementView {
    if (found.length === 0) {
      const text = all === 0 ? 'No pools are configured.' : 'No pool fits the filter.';
      return h('p.empty', { key: 'none' }, text);
    }
    const watch = (element: Element): void => this.#watcher.observe(element);
    return h(
      'ul.tiles',
      { key: 'tiles' },
      this.#ordered(found).map((row) => {
        const { pool, crash, health, series } = row;
        const version = this.#seen.has(pool.name) ? series.version : -1;
        return memo(pool.name, [pool, crash, health, version], () => whenCreated(tile(row), watch));
      }),
    );
  }

  /** In places that hold for some seconds, so that what is shown stands still. */
  #ordered(rows: readonly Row[]): readonly Row[] {
    const now = nowMs();
    const fresh = rows.some(({ pool }) => !this.#places.has(pool.name));
    if (fresh || now - this.#placedAtMs > reorderEveryMs) {
      this.#placedAtMs = now;
      this.#places = new Map([...rows].sort(comparer(this.#order)).map(({ pool }, place) => [pool.name, place]));
    }
    const placeOf = ({ pool }: Row): number => this.#places.get(pool.name) ?? 0;
    return [...rows].sort((a, b) => placeOf(a) - placeOf(b));
  }
}

function tile({ pool, crash, health, series }: Row): ElementView {
  const { last } = series;
  const problem = problemOf(pool, crash);
  const facts: readonly (readonly [string, string, string])[] = [
    ['req/s', rate(last.rate), ''],
    ['p99', duration(last.p99Ms), ''],
    ['errors/s', rate(last.errors), last.errors > 0 ? 'is-bad' : ''],
  ];
  const samples = series.tail(sparkSamples);
  return h(
    'li.tile',
    { key: pool.name, 'data-pool': pool.name, class: `health-${health}` },
    h(
      'a',
      { href: poolHash(pool.name) },
      h('span.head', {}, h('span.name', {}, pool.name), badge(health)),
      problem !== '' && h('span.problem', {}, problem),
      h(
        'span.facts',
        {},
        facts.map(([name, value, tone]) => h('span.fact', { class: tone }, h('b', {}, value), ' ', h('i', {}, name))),
      ),
      h(
        'span.foot',
        {},
        h('span', {}, plural(pool.workers.length, 'worker')),
        h('span', {}, bytes(last.memoryBytes), h('span.unseen', {}, ' memory')),
        h('span', { class: last.queue > 0 ? 'is-warn' : '' }, `${count(last.queue)} queued`),
      ),
      sparkline(samples, 'rate', Math.max(12, samples.length), `requests per second, now ${rate(last.rate)}`),
    ),
  );
}

const byNumbers = new Intl.Collator(undefined, { numeric: true });

function orderOf(text: string): Order {
  return text in orders ? (text as Order) : 'attention';
}

function comparer(order: Order): (a: Row, b: Row) => number {
  const byName = (a: Row, b: Row): number => byNumbers.compare(a.pool.name, b.pool.name);
  if (order === 'name') return byName;
  if (order === 'attention') return (a, b) => healths.indexOf(a.health) - healths.indexOf(b.health) || byName(a, b);
  const figure = ({ series }: Row): number => valueIn(series.last, order);
  return (a, b) => figure(b) - figure(a) || byName(a, b);
}

function valueIn(sample: Sample, order: Exclude<Order, 'name' | 'attention'>): number {
  const value = sample[order];
  return Number.isFinite(value) ? value : -1;
}

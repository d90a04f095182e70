/** One pool: what it does now, what became of its workers, and the orders it takes. */
import type { PoolView } from '../../../pools/supervisor/ports.js';
import { type App, apiPool, type Page } from '../app.js';
import { type ElementView, h, type View } from '../dom/view.js';
import { badge } from '../parts/badge.js';
import { healthOf, hostingOf, problemOf } from '../state/health.js';
import { Resource } from '../state/resource.js';
import { poolActions } from './pool-actions.js';
import { applicationsPart } from './pool-applications.js';
import { PoolCharts } from './pool-charts.js';
import { obituariesPart, receiptsPart } from './pool-history.js';
import { PoolLog } from './pool-log.js';
import { PoolRequests } from './pool-requests.js';
import { workersPart } from './pool-workers.js';

/** Ages and memory of workers are asked for this often beside what events say. */
const refreshMs = 4_000;

export class PoolPage implements Page {
  readonly title: string;
  readonly section = 'pools';
  readonly #app: App;
  readonly #name: string;
  readonly #pool: Resource<PoolView>;
  readonly #charts: PoolCharts;
  readonly #requests: PoolRequests;
  readonly #log: PoolLog;
  #seen = 0;

  constructor(app: App, name: string) {
    this.title = name;
    this.#app = app;
    this.#name = name;
    this.#pool = new Resource(apiPool(name), app.invalidate, refreshMs);
    this.#charts = new PoolCharts(app);
    this.#requests = new PoolRequests(app, name);
    this.#log = new PoolLog(app, name);
  }

  open(): () => void {
    const closers = [this.#pool.open(), this.#requests.open(), this.#log.open()];
    return () => {
      for (const close of closers) close();
    };
  }

  view(): readonly View[] {
    const version = this.#app.store.versions.get(this.#name) ?? 0;
    if (version !== this.#seen) {
      this.#seen = version;
      this.#pool.load();
    }
    const { data, state, problem } = this.#pool;
    const back = h('p.crumbs', { key: 'crumbs' }, h('a', { href: '#/' }, 'Pools'), ' / ', this.#name);
    if (data === null) {
      const text = state === 'loading' ? 'Loading …' : problem;
      return [back, h('h1', { key: 'title' }, this.#name), h('p.empty', { key: 'none', role: 'status' }, text)];
    }
    const series = this.#app.store.seriesOf(this.#name);
    return [
      back,
      this.#header(data),
      state === 'failed' && h('p.banner.is-bad', { key: 'failed' }, `Not up to date: ${problem}`),
      this.#charts.view(series),
      workersPart(this.#app, data),
      applicationsPart(data),
      this.#requests.view(),
      receiptsPart(data),
      obituariesPart(data),
      this.#log.view(),
    ].filter((part) => part !== false);
  }

  #header(pool: PoolView): ElementView {
    const crash = this.#app.store.crashOf(pool.name);
    const health = healthOf(pool, crash);
    const problem = problemOf(pool, crash);
    const reason = pool.stoppedReason === '' ? '' : ` (${pool.stoppedReason})`;
    return h(
      'header.pagehead',
      { key: 'head' },
      h(
        'div',
        {},
        h('h1', {}, pool.name, ' ', badge(health)),
        h('p.note', {}, `${pool.state}${reason} · ${hostingOf(pool)}`),
      ),
      poolActions(this.#app, pool),
      problem !== '' && h('p.banner.is-bad', { role: 'alert' }, problem),
    );
  }
}

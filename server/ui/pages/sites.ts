/** Sites with their bindings and applications; an application is taken offline here, and back. */
import type { ApplicationDetailView, BindingView, SiteView } from '../../admin/site-views.js';
import { act, type App, mayAct, type Page, poolHash } from '../app.js';
import { type ElementView, h, type View } from '../dom/view.js';
import { notThere } from '../parts/asked.js';
import { word } from '../parts/badge.js';
import { plural } from '../parts/format.js';
import { part } from '../parts/part.js';
import { table } from '../parts/table.js';
import { Resource } from '../state/resource.js';

const badStates: ReadonlySet<string> = new Set(['failed', 'rapid-failed', 'misconfigured', 'backing-off']);

export class SitesPage implements Page {
  readonly title = 'Sites';
  readonly section = 'sites';
  readonly #app: App;
  readonly #sites: Resource<{ readonly sites: readonly SiteView[] }>;

  constructor(app: App) {
    this.#app = app;
    this.#sites = new Resource('/api/v1/sites', app.invalidate, 5_000);
  }

  open(): () => void {
    return this.#sites.open();
  }

  view(): readonly View[] {
    const { data } = this.#sites;
    return [
      h('h1', { key: 'title' }, 'Sites and bindings'),
      ...(data === null ? [notThere(this.#sites, 'sites')] : data.sites.map((site) => this.#siteView(site))),
      ...(data?.sites.length === 0 ? [h('p.empty', { key: 'none' }, 'No site is configured.')] : []),
    ];
  }

  #siteView({ name, id, bindings, applications }: SiteView): ElementView {
    return {
      ...part(
        name,
        `site ${id}, ${plural(applications.length, 'application')}`,
        bindingsTable(name, bindings),
        h('h3', {}, 'Applications'),
        table({
          caption: `Applications of ${name}`,
          rows: applications,
          keyOf: ({ id: application }) => application,
          empty: 'No application is in this site.',
          columns: [
            { name: 'Path', cell: ({ path }) => h('code', {}, path) },
            { name: 'Pool', cell: ({ pool }) => h('a', { href: poolHash(pool) }, pool) },
            { name: 'Hosting', cell: ({ hostingModel }) => hostingModel || '–' },
            { name: 'State', cell: stateView },
            { name: 'Folder', kind: 'wide', cell: ({ physicalPath }) => h('code', {}, physicalPath) },
            { name: 'Problem', kind: 'wide', cell: ({ problem }) => problem || '–' },
            { name: 'Actions', kind: 'actions', cell: (one) => this.#offlineButton(one) },
          ],
        }),
      ),
      key: `site ${id} ${name}`,
    };
  }

  #offlineButton({ id, pool, offline }: ApplicationDetailView): ElementView {
    const [action, name] = offline ? ['online', 'Put online'] : ['offline', 'Take offline'];
    const question = {
      title: `Take ${id} offline?`,
      text: ['Every request to it is answered 503 from now on, and its workers end. It stays so over reloads.'],
      verb: 'Take offline',
      danger: true,
    };
    const order = {
      title: `${name} ${id}`,
      path: `/api/v1/applications/${encodeURIComponent(id)}/${action}`,
      question: offline ? null : question,
      changed: () => this.#sites.load(),
    };
    return h(
      'div.buttons.small',
      {},
      h(
        'button',
        {
          type: 'button',
          disabled: !mayAct(this.#app.caller(), pool),
          'aria-label': `${name} ${id}`,
          onClick: () => void act(this.#app, order),
        },
        name,
      ),
    );
  }
}

function stateView({ state, offline }: ApplicationDetailView): ElementView {
  if (offline) return word('offline', 'warn');
  return word(state, badStates.has(state) ? 'bad' : state === 'ready' ? 'good' : 'plain');
}

function bindingsTable(site: string, bindings: readonly BindingView[]): ElementView {
  return table({
    caption: `Bindings of ${site}`,
    rows: bindings,
    keyOf: ({ protocol, address, port, host }) => `${protocol} ${address} ${port} ${host}`,
    empty: 'No binding: nobody can reach it.',
    columns: [
      { name: 'Protocol', cell: ({ protocol }) => protocol },
      { name: 'Address', cell: ({ address }) => (address === '*' ? 'every address' : address) },
      { name: 'Port', kind: 'number', cell: ({ port }) => String(port) },
      { name: 'Host', cell: ({ host }) => host || 'any host' },
      { name: 'HTTP/2', cell: ({ http2 }) => (http2 ? 'yes' : 'no') },
      { name: 'Certificate', kind: 'wide', cell: ({ certificate }) => (certificate === 'none' ? '–' : certificate) },
      {
        name: 'Client certificates',
        cell: ({ clientCertificates }) => (clientCertificates === 'off' ? '–' : clientCertificates),
      },
    ],
  });
}

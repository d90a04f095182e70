import type { App, Page } from '../app.js';
import { h, type View } from '../dom/view.js';
import { notThere } from '../parts/asked.js';
import { Resource } from '../state/resource.js';

export class SitesPage implements Page {
  readonly title = 'Sites';
  readonly section = 'sites';
  readonly #sites: Resource<{ readonly sites: readonly unknown[] }>;

  constructor(app: App) {
    this.#sites = new Resource('/api/v1/sites', app.invalidate, 10_000);
  }

  open(): () => void {
    return this.#sites.open();
  }

  view(): readonly View[] {
    return [h('h1', { key: 'title' }, 'Sites and bindings'), notThere(this.#sites, 'sites')];
  }
}

import type { App, Page } from '../app.js';
import { h, type View } from '../dom/view.js';
import { notThere } from '../parts/asked.js';
import { Resource } from '../state/resource.js';

export class ConfigPage implements Page {
  readonly title = 'Configuration';
  readonly section = 'config';
  readonly #config: Resource<unknown>;

  constructor(app: App) {
    this.#config = new Resource('/api/v1/config', app.invalidate);
  }

  open(): () => void {
    return this.#config.open();
  }

  view(): readonly View[] {
    return [h('h1', { key: 'title' }, 'Configuration'), notThere(this.#config, 'the configuration')];
  }
}

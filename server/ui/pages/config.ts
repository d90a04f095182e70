/** The configuration: what takes effect and who says so, trying and applying a change, and going back. */
import type { App, Page } from '../app.js';
import { type ElementView, h, type View } from '../dom/view.js';
import { ConfigEdit } from './config-edit.js';
import { ConfigHistory } from './config-history.js';
import { ConfigValues } from './config-values.js';

interface Tab {
  readonly name: string;
  open(): () => void;
  view(): ElementView;
}

export class ConfigPage implements Page {
  readonly title = 'Configuration';
  readonly section = 'config';
  readonly #app: App;
  readonly #tabs: readonly Tab[];
  #chosen = 0;
  #close: () => void = () => undefined;

  constructor(app: App) {
    this.#app = app;
    this.#tabs = [new ConfigValues(app), new ConfigEdit(app), new ConfigHistory(app)];
  }

  open(): () => void {
    this.#choose(0);
    return () => this.#close();
  }

  #choose(index: number): void {
    this.#close();
    this.#chosen = index;
    this.#close = this.#tabs[index]?.open() ?? (() => undefined);
    this.#app.invalidate();
  }

  view(): readonly View[] {
    const tab = this.#tabs[this.#chosen];
    return [
      h('h1', { key: 'title' }, 'Configuration'),
      h(
        'div.tabs',
        { key: 'tabs', role: 'tablist', 'aria-label': 'Configuration', onKeydown: (event) => this.#move(event) },
        this.#tabs.map((one, index) => this.#tabButton(one, index)),
      ),
      h(
        'section.part',
        { key: `panel ${this.#chosen}`, role: 'tabpanel', id: 'panel', 'aria-labelledby': `tab-${this.#chosen}` },
        tab === undefined ? null : tab.view(),
      ),
    ];
  }

  #tabButton({ name }: Tab, index: number): ElementView {
    const isChosen = index === this.#chosen;
    return h(
      'button',
      {
        key: name,
        id: `tab-${index}`,
        type: 'button',
        role: 'tab',
        'aria-selected': String(isChosen),
        'aria-controls': 'panel',
        tabindex: isChosen ? 0 : -1,
        onClick: () => this.#choose(index),
      },
      name,
    );
  }

  #move(event: Event): void {
    if (!(event instanceof KeyboardEvent)) return;
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    this.#choose((this.#chosen + step + this.#tabs.length) % this.#tabs.length);
    document.getElementById(`tab-${this.#chosen}`)?.focus();
  }
}

import type { Source, Values } from '../api/config-shapes.js';
import type { App } from '../app.js';
import { type ElementView, h } from '../dom/view.js';
import { notThere } from '../parts/asked.js';
import { valueOf } from '../parts/dialog.js';
import { plural } from '../parts/format.js';
import { table } from '../parts/table.js';
import { valueText } from '../parts/trial.js';
import { Resource } from '../state/resource.js';

const asked = 1_000;
const shown = 200;

/** Every setting that takes effect, with the file and line that say so. */
export class ConfigValues {
  readonly name = 'Effective values';
  readonly #app: App;
  #values: Resource<Values>;
  #close: () => void = () => undefined;
  #filter = '';
  #withDefaults = false;

  constructor(app: App) {
    this.#app = app;
    this.#values = this.#resource();
  }

  #resource(): Resource<Values> {
    return new Resource(`/api/v1/config?limit=${asked}&written=${String(!this.#withDefaults)}`, this.#app.invalidate);
  }

  open(): () => void {
    this.#close = this.#values.open();
    return () => this.#close();
  }

  view(): ElementView {
    const { data } = this.#values;
    if (data === null) return notThere(this.#values, 'the configuration');
    const wanted = this.#filter.trim().toLowerCase();
    const found = data.values.filter(({ path, value, source }) =>
      `${path} ${valueText(value)} ${source.file}`.toLowerCase().includes(wanted),
    );
    const unread = data.total > data.values.length ? `; ${data.total - data.values.length} more are not listed` : '';
    return h(
      'div.stack',
      { key: 'values' },
      this.#controls(`${plural(found.length, 'setting')}${unread}`),
      table({
        caption: 'Effective settings',
        rows: found.slice(0, shown),
        keyOf: ({ path }) => path,
        empty: 'No setting fits.',
        columns: [
          { name: 'Setting', kind: 'wide', cell: ({ path }) => h('code', {}, path) },
          { name: 'Value', kind: 'wide', cell: ({ value }) => h('code', {}, valueText(value)) },
          { name: 'Said by', kind: 'wide', cell: ({ source }) => sourceView(source) },
        ],
      }),
    );
  }

  #controls(says: string): ElementView {
    return h(
      'div.controls',
      {},
      h('input', {
        type: 'search',
        placeholder: 'Filter by setting, value or file',
        'aria-label': 'Filter settings',
        onInput: (event) => {
          this.#filter = valueOf(event);
          this.#app.invalidate();
        },
      }),
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(this.#withDefaults),
          onClick: () => {
            this.#withDefaults = !this.#withDefaults;
            this.#close();
            this.#values = this.#resource();
            this.#close = this.#values.open();
            this.#app.invalidate();
          },
        },
        'With defaults',
      ),
      h('p.note', { role: 'status' }, says),
    );
  }
}

function sourceView({ from, file, line }: Source): ElementView {
  if (file === '') return h('span.note', {}, from);
  return h('span', {}, h('code', {}, `${file}:${line}`), h('span.note', {}, ` ${from}`));
}

/** Tables that become cards on a narrow screen: every cell knows the name of its column. */
import { type Child, type ElementView, h } from '../dom/view.js';

export interface Column<T> {
  readonly name: string;
  readonly cell: (row: T) => Child;
  readonly kind?: 'number' | 'text' | 'actions' | 'wide';
}

export interface TableOptions<T> {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  readonly empty: string;
}

export function table<T>({ caption, columns, rows, keyOf, empty }: TableOptions<T>): ElementView {
  if (rows.length === 0) return h('p.empty', { key: `table ${caption}` }, empty);
  const head = columns.map(({ name, kind = 'text' }) => h('th', { scope: 'col', class: kind }, name));
  const body = rows.map((row) =>
    h(
      'tr',
      { key: keyOf(row) },
      columns.map(({ name, cell, kind = 'text' }) => h('td', { class: kind, 'data-label': name }, cell(row))),
    ),
  );
  return h(
    'table',
    { key: `table ${caption}` },
    h('caption.unseen', {}, caption),
    h('thead', {}, h('tr', {}, head)),
    h('tbody', {}, body),
  );
}

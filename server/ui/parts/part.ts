/** A titled part of a page. */
import { type Child, type ElementView, h } from '../dom/view.js';

export function part(title: string, note: Child, ...children: readonly Child[]): ElementView {
  const id = `part-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
  const head = h('div.parthead', {}, h('h2', { id }, title), h('div.note', {}, note));
  return h('section.part', { key: id, 'aria-labelledby': id }, head, ...children);
}

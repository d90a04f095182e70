/**
 * Descriptions of DOM. Every text becomes a text node and every attribute name stands in our code, so nothing that a
 * tenant wrote can become markup; there is no way from here to HTML.
 */
export type Listener = (event: Event) => void;
export type Prop = string | number | boolean | null | Listener;
/** `onClick` and so on are listeners; `value`, `checked` and `indeterminate` are properties; the rest are attributes. */
export type Props = Readonly<Record<string, Prop>>;

export interface ElementView {
  readonly tag: string;
  /** null = matched by its place among those without a key. */
  readonly key: string | null;
  readonly props: Props;
  readonly children: readonly View[];
  /** Called once with the new element, before it has children. */
  readonly created: ((element: Element) => void) | null;
}

/** Made anew only when one of its inputs is another value than before. */
export interface MemoView {
  readonly key: string;
  readonly inputs: readonly unknown[];
  readonly make: () => ElementView;
}

export type View = string | ElementView | MemoView;
export type Child = View | number | null | false | readonly Child[];

/** `h('a.tile', { href }, 'text', child)`: classes may follow the tag. */
export function h(tag: string, props: Props = {}, ...children: readonly Child[]): ElementView {
  const [name = 'div', ...classes] = tag.split('.');
  const { key = null, ...rest } = props;
  const own = typeof rest['class'] === 'string' ? [rest['class']] : [];
  const all = [...classes, ...own].filter((one) => one !== '').join(' ');
  return {
    tag: name,
    key: key === null ? null : String(key),
    props: all === '' ? rest : { ...rest, class: all },
    children: flat(children),
    created: null,
  };
}

/** The same element, with what is to be done once it exists. */
export function whenCreated(view: ElementView, created: (element: Element) => void): ElementView {
  return { ...view, created };
}

export function memo(key: string, inputs: readonly unknown[], make: () => ElementView): MemoView {
  return { key, inputs, make };
}

function flat(children: readonly Child[]): View[] {
  const views: View[] = [];
  for (const child of children) {
    if (child === null || child === false) continue;
    if (typeof child === 'number') views.push(String(child));
    else if (typeof child === 'object' && !('key' in child)) views.push(...flat(child));
    else views.push(child);
  }
  return views;
}

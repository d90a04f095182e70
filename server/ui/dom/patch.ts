/** Changes the real DOM to a description of it, touching only what differs, so that focus, scroll and selection stay. */
import type { ElementView, Listener, MemoView, Prop, Props, View } from './view.js';

interface Mounted {
  readonly view: View;
  /** Of a memo what it made last, else the view itself; null for text. */
  readonly element: ElementView | null;
  readonly dom: Element | Text;
  readonly children: Mounted[];
}

const svgNamespace = 'http://www.w3.org/2000/svg';
const properties: ReadonlySet<string> = new Set(['value', 'checked', 'indeterminate']);

/** A place in the page that is rendered again and again. */
export class Root {
  readonly #place: Element;
  #mounted: Mounted[] = [];

  constructor(place: Element) {
    this.#place = place;
  }

  render(views: readonly View[]): void {
    this.#mounted = patchChildren(this.#place, this.#mounted, views);
  }
}

function patchChildren(parent: Element, before: readonly Mounted[], views: readonly View[]): Mounted[] {
  const keyed = new Map<string, Mounted>();
  const unkeyed: Mounted[] = [];
  for (const one of before) {
    const key = keyOf(one.view);
    if (key === null) unkeyed.push(one);
    else keyed.set(key, one);
  }
  const kept = new Set<Mounted>();
  let next = 0;
  const after = views.map((view) => {
    const key = keyOf(view);
    const old = key === null ? unkeyed[next++] : keyed.get(key);
    if (old === undefined || kept.has(old)) return mount(parent, view);
    const updated = update(old, view);
    if (updated === null) return mount(parent, view);
    kept.add(old);
    return updated;
  });
  for (const one of before) if (!kept.has(one)) one.dom.remove();
  let place: ChildNode | null = parent.firstChild;
  for (const { dom } of after) {
    if (dom === place) place = place.nextSibling;
    else parent.insertBefore(dom, place);
  }
  return after;
}

function keyOf(view: View): string | null {
  return typeof view === 'string' ? null : view.key;
}

function isMemo(view: ElementView | MemoView): view is MemoView {
  return 'make' in view;
}

function mount(parent: Element, view: View): Mounted {
  if (typeof view === 'string') return { view, element: null, dom: document.createTextNode(view), children: [] };
  const element = isMemo(view) ? view.make() : view;
  const isSvg = element.tag === 'svg' || (parent.namespaceURI === svgNamespace && parent.tagName !== 'foreignObject');
  const dom = isSvg ? document.createElementNS(svgNamespace, element.tag) : document.createElement(element.tag);
  element.created?.(dom);
  const children = patchChildren(dom, [], element.children);
  // After the children: a select's value needs its options.
  setProps(dom, {}, element.props);
  return { view, element, dom, children };
}

/** null = something else has to stand there. */
function update(old: Mounted, view: View): Mounted | null {
  const { dom } = old;
  if (typeof view === 'string') {
    if (!(dom instanceof Text)) return null;
    if (dom.data !== view) dom.data = view;
    return { view, element: null, dom, children: [] };
  }
  if (!(dom instanceof Element) || old.element === null) return null;
  if (isMemo(view) && typeof old.view !== 'string' && isMemo(old.view) && same(old.view.inputs, view.inputs))
    return old;
  const element = isMemo(view) ? view.make() : view;
  if (element.tag !== old.element.tag || element.key !== old.element.key) return null;
  const children = patchChildren(dom, old.children, element.children);
  setProps(dom, old.element.props, element.props);
  return { view, element, dom, children };
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one, index) => Object.is(one, b[index]));
}

function setProps(dom: Element, before: Props, after: Props): void {
  for (const name of Object.keys(before)) if (!(name in after)) setProp(dom, name, null);
  for (const [name, value] of Object.entries(after)) if (before[name] !== value) setProp(dom, name, value);
}

function setProp(dom: Element, name: string, value: Prop): void {
  if (typeof value === 'function' || listeners.get(dom)?.has(name) === true) {
    listen(dom, name, typeof value === 'function' ? value : null);
  } else if (properties.has(name)) {
    Reflect.set(dom, name, value ?? '');
  } else if (value === null || value === false) {
    dom.removeAttribute(name);
  } else {
    dom.setAttribute(name, value === true ? '' : String(value));
  }
}

const listeners = new WeakMap<Element, Map<string, Listener | null>>();

/** One real listener per kind and element, which calls whatever was described last. */
function listen(dom: Element, name: string, listener: Listener | null): void {
  const own = listeners.get(dom) ?? new Map<string, Listener | null>();
  listeners.set(dom, own);
  if (!own.has(name)) dom.addEventListener(name.slice(2).toLowerCase(), (event) => own.get(name)?.(event));
  own.set(name, listener);
}

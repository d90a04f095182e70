/** XML text to elements with positions; what is not well-formed is refused with line and column. */
import { EntityDecoder } from '@nodable/entities';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { messageOf } from '../base/errors.js';
import { xmlDepthMax } from '../base/limits.js';
import { type ElementMark, guardXml } from './xml-guard.js';

export interface XmlAttribute {
  readonly value: string;
  readonly line: number;
  readonly column: number;
}

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, XmlAttribute>;
  readonly children: readonly XmlElement[];
  readonly line: number;
  readonly column: number;
}

export type XmlResult =
  | { readonly ok: true; readonly root: XmlElement }
  | {
      readonly ok: false;
      readonly line: number;
      readonly column: number;
      readonly message: string;
      readonly remedy: string;
    };

const attributesKey = ':@';

export function readXml(text: string): XmlResult {
  const lines = new LineIndex(text);
  const guarded = guardXml(text);
  if (!guarded.ok) return { ...guarded, ...lines.place(guarded.offset) };
  try {
    const valid = XMLValidator.validate(guarded.text);
    if (valid !== true) {
      return { ok: false, line: valid.err.line, column: valid.err.col, message: valid.err.msg, remedy: '' };
    }
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '',
      preserveOrder: true,
      parseTagValue: false,
      parseAttributeValue: false,
      trimValues: false,
      ignoreDeclaration: true,
      ignorePiTags: true,
      maxNestedTags: xmlDepthMax + 1,
      entityDecoder: new EntityDecoder({ namedEntities: {} }),
      onDangerousProperty: (name) => name,
    });
    const tree: unknown = parser.parse(guarded.text);
    return { ok: true, root: new Pairing(guarded.marks, lines).root(tree) };
  } catch (error) {
    return { ok: false, line: 1, column: 1, message: `the XML cannot be read: ${messageOf(error)}`, remedy: '' };
  }
}

/**
 * Joins the parser's tree with the guard's marks, which stand in the same order. Where the two disagree
 * about what the text says, the text is refused.
 */
class Pairing {
  private readonly marks: readonly ElementMark[];
  private readonly lines: LineIndex;
  private next = 0;

  constructor(marks: readonly ElementMark[], lines: LineIndex) {
    this.marks = marks;
    this.lines = lines;
  }

  root(tree: unknown): XmlElement {
    const [root, ...more] = this.elements(tree);
    if (root === undefined || more.length > 0 || this.next !== this.marks.length) throw new Error('it is ambiguous');
    return root;
  }

  private elements(list: unknown): XmlElement[] {
    if (!Array.isArray(list)) throw new Error('it is ambiguous');
    const found: XmlElement[] = [];
    for (const item of list as readonly unknown[]) {
      if (typeof item !== 'object' || item === null) throw new Error('it is ambiguous');
      const entry = Object.entries(item).find(([key]) => key !== attributesKey);
      if (entry === undefined || entry[0].startsWith('#')) continue;
      const attributes: unknown = Object.hasOwn(item, attributesKey) ? Reflect.get(item, attributesKey) : {};
      found.push(this.element(entry[0], attributes, entry[1]));
    }
    return found;
  }

  private element(name: string, attributes: unknown, children: unknown): XmlElement {
    const mark = this.marks[this.next++];
    if (mark === undefined || mark.name !== name) throw new Error('it is ambiguous');
    const values = new Map<string, XmlAttribute>();
    for (const [key, value] of Object.entries(attributes ?? {})) {
      const offset = mark.attributes.get(key);
      if (offset === undefined || typeof value !== 'string') throw new Error('it is ambiguous');
      values.set(key, { value, ...this.lines.place(offset) });
    }
    if (values.size !== mark.attributes.size) throw new Error('it is ambiguous');
    return { name, attributes: values, children: this.elements(children), ...this.lines.place(mark.offset) };
  }
}

class LineIndex {
  private readonly starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.starts.push(at + 1);
  }

  place(offset: number): { readonly line: number; readonly column: number } {
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.starts[low] ?? 0) + 1 };
  }
}

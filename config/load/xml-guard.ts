/**
 * A strict look at an XML text before it is parsed. fast-xml-parser is lenient (two roots, `<` in
 * attributes, unknown entities, DOCTYPE) and gives attributes no position; this scan refuses what it
 * would let pass and notes where everything stands. One pass, linear, no recursion.
 */
import { xmlAttributesPerElementMax, xmlDepthMax, xmlElementsMax } from '../base/limits.js';
import { shown } from '../base/units.js';

export interface ElementMark {
  readonly name: string;
  readonly offset: number;
  readonly attributes: ReadonlyMap<string, number>;
}

export type GuardResult =
  /** `text`: as it came, with the line breaks and tabs inside attributes as blanks (XML 1.0, 3.3.3). */
  | { readonly ok: true; readonly marks: readonly ElementMark[]; readonly text: string }
  | { readonly ok: false; readonly offset: number; readonly message: string; readonly remedy: string };

class Refusal extends Error {
  readonly offset: number;
  readonly remedy: string;
  constructor(offset: number, message: string, remedy = '') {
    super(message);
    this.offset = offset;
    this.remedy = remedy;
  }
}

/** Marks every element of `text` in document order, or says what is wrong and where. */
export function guardXml(text: string): GuardResult {
  try {
    const scan = new Scan(text);
    return { ok: true, marks: scan.run(), text: scan.normalized() };
  } catch (error) {
    if (error instanceof Refusal)
      return { ok: false, offset: error.offset, message: error.message, remedy: error.remedy };
    throw error;
  }
}

class Scan {
  private readonly text: string;
  private readonly marks: ElementMark[] = [];
  private readonly open: string[] = [];
  /** Values that hold a line break or tab. */
  private readonly broken: (readonly [start: number, end: number])[] = [];
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  normalized(): string {
    let [out, from] = ['', 0];
    for (const [start, end] of this.broken) {
      out += this.text.slice(from, start) + this.text.slice(start, end).replace(/[\t\r\n]/g, ' ');
      from = end;
    }
    return out + this.text.slice(from);
  }

  run(): readonly ElementMark[] {
    this.characters();
    while (this.at < this.text.length) {
      const next = this.text.indexOf('<', this.at);
      this.content(this.at, next < 0 ? this.text.length : next);
      if (next < 0) break;
      this.at = next;
      this.markup();
    }
    const unclosed = this.open[this.open.length - 1];
    if (unclosed !== undefined)
      throw new Refusal(this.text.length, `<${unclosed}> is never closed`, `add </${unclosed}>`);
    if (this.marks.length === 0) throw new Refusal(0, 'there is no element');
    return this.marks;
  }

  /** XML 1.0 2.2: no controls but tab, CR and LF, no lone surrogates, no U+FFFE/F. */
  private characters(): void {
    for (let i = 0; i < this.text.length; i++) {
      const code = this.text.charCodeAt(i);
      if (code >= 0x20 && code < 0xd800) continue;
      const high = code >= 0xd800 && code < 0xdc00;
      const pair = high && (this.text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
      if (pair) i++;
      else if (!allowedCode(code)) throw new Refusal(i, `the character U+${hex(code)} is not allowed`);
    }
  }

  private content(from: number, to: number): void {
    if (this.open.length === 0) {
      const extra = this.text.slice(from, to).search(/[^ \t\r\n]/);
      if (extra >= 0) throw new Refusal(from + extra, 'there is text outside the root element');
      return;
    }
    const end = this.text.slice(from, to).indexOf(']]>');
    if (end >= 0) throw new Refusal(from + end, ']]> is not allowed in text');
    this.entities(from, to);
  }

  private markup(): void {
    const { text, at } = this;
    if (text.startsWith('<!--', at)) {
      const end = text.indexOf('--', at + 4);
      if (end < 0) throw new Refusal(at, 'this comment is never closed', 'add -->');
      if (text[end + 2] !== '>') throw new Refusal(end, '-- is not allowed inside a comment');
      this.at = end + 3;
    } else if (text.startsWith('<![CDATA[', at)) {
      if (this.open.length === 0) throw new Refusal(at, 'there is text outside the root element');
      this.at = this.after(']]>', at, 'this CDATA section is never closed');
    } else if (text.startsWith('<?', at)) {
      const declaration = /^<\?xml[ \t\r\n?]/.test(text.slice(at, at + 6));
      if (declaration && at !== 0) throw new Refusal(at, 'the XML declaration must stand at the very start');
      this.at = this.after('?>', at, 'this processing instruction is never closed');
    } else if (text.startsWith('<!', at)) {
      const what = /^<!doctype/i.test(text.slice(at, at + 9))
        ? 'DOCTYPE is not allowed'
        : 'this markup declaration is not allowed';
      throw new Refusal(at, what, 'remove it');
    } else if (text.startsWith('</', at)) this.endTag();
    else this.startTag();
  }

  private after(end: string, from: number, problem: string): number {
    const found = this.text.indexOf(end, from);
    if (found < 0) throw new Refusal(from, problem);
    return found + end.length;
  }

  private endTag(): void {
    const start = this.at;
    const name = this.name(start + 2);
    const close = this.blanks(start + 2 + name.length);
    if (this.text[close] !== '>') throw new Refusal(close, `expected > after </${shown(name)}`);
    const expected = this.open.pop();
    if (expected !== name) {
      const remedy = expected === undefined ? 'remove it' : `close <${shown(expected)}> first`;
      throw new Refusal(start, `</${shown(name)}> closes nothing that is open here`, remedy);
    }
    this.at = close + 1;
  }

  private startTag(): void {
    const start = this.at;
    const name = this.name(start + 1);
    if (this.open.length === 0 && this.marks.length > 0) throw new Refusal(start, 'there is a second root element');
    if (this.marks.length >= xmlElementsMax) throw new Refusal(start, `more than ${xmlElementsMax} elements`);
    if (this.open.length >= xmlDepthMax) throw new Refusal(start, `nested deeper than ${xmlDepthMax} elements`);
    const attributes = new Map<string, number>();
    let at = start + 1 + name.length;
    for (;;) {
      const next = this.blanks(at);
      const ch = this.text[next];
      if (ch === undefined) throw new Refusal(start, `<${shown(name)} is never closed`, 'add > or />');
      if (ch === '>' || (ch === '/' && this.text[next + 1] === '>')) {
        this.at = next + (ch === '>' ? 1 : 2);
        if (ch === '>') this.open.push(name);
        break;
      }
      if (next === at) throw new Refusal(next, `unexpected ${JSON.stringify(ch)} in <${shown(name)}`);
      at = this.attribute(next, attributes);
    }
    this.marks.push({ name, offset: start, attributes });
  }

  /** Returns the offset behind the closing quote. */
  private attribute(start: number, attributes: Map<string, number>): number {
    const name = this.name(start);
    if (attributes.has(name)) throw new Refusal(start, `the attribute ${shown(name)} stands twice`, 'keep one');
    if (attributes.size >= xmlAttributesPerElementMax) {
      throw new Refusal(start, `more than ${xmlAttributesPerElementMax} attributes on one element`);
    }
    const equals = this.blanks(start + name.length);
    if (this.text[equals] !== '=')
      throw new Refusal(equals, `the attribute ${shown(name)} has no value`, `write ${shown(name)}="..."`);
    const open = this.blanks(equals + 1);
    const quote = this.text[open];
    if (quote !== '"' && quote !== "'") throw new Refusal(open, `the value of ${shown(name)} is not in quotes`);
    const close = this.text.indexOf(quote, open + 1);
    if (close < 0) throw new Refusal(open, `the value of ${shown(name)} is never closed`, `add ${quote}`);
    const value = this.text.slice(open, close);
    if (/[\t\r\n]/.test(value)) this.broken.push([open, close]);
    const less = value.indexOf('<');
    if (less >= 0) throw new Refusal(open + less, '< is not allowed inside an attribute', 'write &lt;');
    this.entities(open + 1, close);
    attributes.set(name, start);
    return close + 1;
  }

  private name(from: number): string {
    let end = from;
    while (end < this.text.length && isNameCode(this.text.charCodeAt(end), end === from)) end++;
    if (end === from) throw new Refusal(from, 'a name is expected here', 'write &lt; for a literal <');
    const name = this.text.slice(from, end);
    if (name === '__proto__' || name === 'constructor' || name === 'prototype') {
      throw new Refusal(from, `${name} is not allowed as a name`);
    }
    return name;
  }

  private blanks(from: number): number {
    let at = from;
    for (let ch = this.text[at]; ch === ' ' || ch === '\t' || ch === '\r' || ch === '\n'; ch = this.text[at]) at++;
    return at;
  }

  /** Only the five names of XML and numbers of allowed characters. */
  private entities(from: number, to: number): void {
    // A slice: searching the whole rest of the text for every piece would be quadratic.
    const piece = this.text.slice(from, to);
    for (let i = piece.indexOf('&'); i >= 0; i = piece.indexOf('&', i + 1)) {
      const at = from + i;
      const name = /^&([^;&]{1,11});/.exec(piece.slice(i, i + 13))?.[1];
      if (name === undefined) throw new Refusal(at, 'a bare & is not allowed', 'write &amp;');
      if (/^(?:lt|gt|amp|quot|apos)$/.test(name)) continue;
      const digits = /^#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,9}))$/.exec(name);
      if (digits === null)
        throw new Refusal(at, `the entity &${shown(name)}; is unknown`, 'write &amp; for a literal &');
      const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
      if (!allowedCode(code)) throw new Refusal(at, `&${name}; is not a character that XML allows`);
    }
  }
}

function allowedCode(code: number): boolean {
  if (code < 0x20) return code === 9 || code === 10 || code === 13;
  return code < 0xd800 || (code >= 0xe000 && code < 0xfffe) || (code >= 0x1_0000 && code <= 0x10_ffff);
}

function isNameCode(code: number, first: boolean): boolean {
  const letter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95 || code === 58;
  const later = (code >= 48 && code <= 57) || code === 45 || code === 46 || code === 0xb7;
  return letter || (later && !first) || (code >= 0xc0 && code !== 0xd7 && code !== 0xf7 && code < 0xd800);
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0');
}

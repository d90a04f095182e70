/** YAML or JSON text to a source document. JSON is read as YAML, which gives it positions. */
import { type Alias, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import type { Diagnostic } from '../base/diagnostics.js';
import { messageOf } from '../base/errors.js';
import { configAliasesMax, configDepthMax, configNodesMax } from '../base/limits.js';
import { diagnosticAt, type MapEntry, type Place, type Problem, type SourceNode } from './source.js';

export interface ReadDocument {
  /** null = nothing usable. */
  readonly root: SourceNode | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Gives a string scalar its final form; null = a problem was reported. */
export type ScalarRule = (text: string, place: Place, plain: boolean) => SourceNode | null;

export function readYaml(text: string, file: string, scalarRule: ScalarRule): ReadDocument {
  const lines = new LineCounter();
  const reader = new Reader(file, lines, scalarRule);
  try {
    // `core` also where a file asks for YAML 1.1, whose 00:20:00 would be the number 1200.
    const document = parseDocument(text, {
      lineCounter: lines,
      schema: 'core',
      version: '1.2',
      uniqueKeys: true,
      prettyErrors: false,
    });
    for (const error of [...document.errors, ...document.warnings]) {
      reader.report(error.pos[0], syntaxProblem(error.code, error.message, lineAt(text, error.pos[0])));
    }
    if (reader.diagnostics.length > 0) return { root: null, diagnostics: reader.diagnostics };
    if (document.contents === null) {
      reader.report(0, { code: 'empty-file', message: 'the file is empty', remedy: 'write at least `sites:`' });
      return { root: null, diagnostics: reader.diagnostics };
    }
    const root = reader.convert(document.contents, 0);
    return { root: reader.diagnostics.length > 0 ? null : root, diagnostics: reader.diagnostics };
  } catch (error) {
    reader.report(0, { code: 'yaml-syntax', message: `the file cannot be read as YAML: ${messageOf(error)}` });
    return { root: null, diagnostics: reader.diagnostics };
  }
}

function lineAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
  const end = text.indexOf('\n', offset);
  return text.slice(start, end < 0 ? text.length : end);
}

function syntaxProblem(code: string, message: string, line: string): Problem {
  if (code === 'DUPLICATE_KEY')
    return { code: 'duplicate-key', message: 'this key stands twice in the same map', remedy: 'keep one' };
  // In a flow map an unquoted ${NAME} would start another map.
  const remedy = line.includes('${') ? 'put values with ${...} in quotes' : '';
  return { code: 'yaml-syntax', message: message.split('\n')[0] ?? message, remedy };
}

class Reader {
  readonly diagnostics: Diagnostic[] = [];
  private readonly file: string;
  private readonly lines: LineCounter;
  private readonly scalarRule: ScalarRule;
  private readonly anchors = new Map<string, Node>();
  private nodes = 0;
  private aliases = 0;

  constructor(file: string, lines: LineCounter, scalarRule: ScalarRule) {
    this.file = file;
    this.lines = lines;
    this.scalarRule = scalarRule;
  }

  report(offset: number, problem: Problem): null {
    this.diagnostics.push(diagnosticAt(this.place(offset), problem));
    return null;
  }

  convert(node: Node, depth: number): SourceNode | null {
    const start = node.range?.[0] ?? 0;
    if (++this.nodes > configNodesMax) return this.once(start, `more than ${configNodesMax} values (with aliases)`);
    if (depth > configDepthMax) return this.once(start, `nested deeper than ${configDepthMax} levels`);
    if (isAlias(node)) return this.follow(node, depth);
    if (node.anchor !== undefined && node.anchor !== '') this.anchors.set(node.anchor, node);
    const place = this.place(start);
    if (isScalar(node)) return this.scalar(node.value, node.source ?? '', node.type === 'PLAIN', place, start);
    if (isSeq(node)) {
      const items: SourceNode[] = [];
      for (const item of node.items) {
        const converted = this.convertUnknown(item, start, depth + 1);
        if (converted !== null) items.push(converted);
      }
      return { kind: 'list', place, items };
    }
    if (isMap(node)) return this.map(node, place, depth);
    return this.report(start, { code: 'yaml-syntax', message: 'this value cannot be read' });
  }

  private map(node: YAMLMap, place: Place, depth: number): SourceNode {
    const entries = new Map<string, MapEntry>();
    for (const pair of node.items) {
      const key: unknown = pair.key;
      if (!isScalar(key) || key.value === null || typeof key.value === 'object') {
        this.report(place.line === 0 ? 0 : (node.range?.[0] ?? 0), { code: 'bad-key', message: 'a key must be text' });
        continue;
      }
      const offset = key.range?.[0] ?? 0;
      // YAML's own text: an environment variable may well be named `1.10`.
      const name = typeof key.value === 'string' ? key.value : (key.source ?? '');
      if (name === '__proto__') {
        this.report(offset, { code: 'bad-key', message: '__proto__ is not allowed as a key' });
        continue;
      }
      const value = this.convertUnknown(pair.value, offset, depth + 1);
      if (entries.has(name)) this.report(offset, syntaxProblem('DUPLICATE_KEY', '', ''));
      else if (value !== null) entries.set(name, { keyPlace: this.place(offset), value });
    }
    return { kind: 'map', place, entries };
  }

  /** `key:` without a value is null, as YAML says; it is placed at its key. */
  private convertUnknown(value: unknown, offset: number, depth: number): SourceNode | null {
    if (isScalar(value) || isSeq(value) || isMap(value) || isAlias(value)) return this.convert(value, depth);
    return { kind: 'scalar', place: this.place(offset), value: null, text: '', secret: false };
  }

  private scalar(value: unknown, source: string, plain: boolean, place: Place, offset: number): SourceNode | null {
    if (typeof value === 'string') return this.scalarRule(value, place, plain);
    if (typeof value === 'number' && !Number.isFinite(value)) {
      return this.report(offset, { code: 'bad-number', message: 'a number must be finite' });
    }
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) {
      return { kind: 'scalar', place, value, text: source === '' ? String(value ?? '') : source, secret: false };
    }
    return this.report(offset, { code: 'yaml-syntax', message: 'only text, numbers, true, false and null are values' });
  }

  private follow(node: Alias, depth: number): SourceNode | null {
    const offset = node.range?.[0] ?? 0;
    if (++this.aliases > configAliasesMax) return this.once(offset, `more than ${configAliasesMax} aliases`);
    const target = this.anchors.get(node.source);
    if (target === undefined) {
      return this.report(offset, { code: 'yaml-syntax', message: `the alias *${node.source} has no anchor before it` });
    }
    return this.convert(target, depth + 1);
  }

  /** A bound was passed: said once, not for every value after it. */
  private once(offset: number, what: string): null {
    const said = this.diagnostics.some((diagnostic) => diagnostic.code === 'too-complex');
    return said ? null : this.report(offset, { code: 'too-complex', message: `the file has ${what}` });
  }

  private place(offset: number): Place {
    const position = this.lines.linePos(offset);
    return { file: this.file, line: position.line, column: position.col };
  }
}

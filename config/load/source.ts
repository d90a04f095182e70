/**
 * A document with its positions: what the YAML reader makes, what expansion and includes change, and
 * what every message about a setting is located with.
 */
import type { Diagnostic, Severity } from '../base/diagnostics.js';

export interface Place {
  readonly file: string;
  /** 1-based; 0 = the whole file. */
  readonly line: number;
  readonly column: number;
}

export type Scalar = string | number | boolean | null;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly value: Scalar;
  /** The text as written (after expansion): `1.10` stays `1.10`. */
  readonly text: string;
  /** Came from a `${file:...}`: never shown. */
  readonly secret: boolean;
}

export interface ListNode {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly SourceNode[];
}

export interface MapNode {
  readonly kind: 'map';
  readonly place: Place;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  readonly keyPlace: Place;
  readonly value: SourceNode;
}

export type SourceNode = ScalarNode | ListNode | MapNode;

export type Path = readonly PropertyKey[];

/** Plain data for the schema: maps without a prototype, so that no key can reach one. */
export function toPlain(node: SourceNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toPlain);
    case 'map': {
      const plain: Record<string, unknown> = Object.create(null);
      for (const [key, entry] of node.entries) plain[key] = toPlain(entry.value);
      return plain;
    }
  }
}

/** The node at `path`; null when there is none. */
export function nodeAt(root: SourceNode, path: Path): SourceNode | null {
  let node: SourceNode | undefined = root;
  for (const step of path) {
    if (node?.kind === 'map') node = node.entries.get(String(step))?.value;
    else if (node?.kind === 'list') node = node.items[Number(step)];
    else return null;
  }
  return node ?? null;
}

/** Where `path` is written; for what is not written, where the nearest thing around it is. */
export function placeAt(root: SourceNode, path: Path): Place {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(root, path.slice(0, length));
    if (node !== null) return node.place;
  }
  return root.place;
}

/** Where the key that ends `path` is written. */
export function keyPlaceAt(root: SourceNode, path: Path): Place {
  const parent = nodeAt(root, path.slice(0, -1));
  const entry = parent?.kind === 'map' ? parent.entries.get(String(path[path.length - 1])) : undefined;
  return entry?.keyPlace ?? placeAt(root, path);
}

/** `applicationPools[0].processModel.idleTimeout`. */
export function showPath(path: Path): string {
  let out = '';
  for (const step of path) {
    if (typeof step === 'number') out += `[${step}]`;
    else out += out === '' ? String(step) : `.${String(step)}`;
  }
  return out;
}

export interface Problem {
  readonly severity?: Severity;
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly path?: Path;
}

export function diagnosticAt(place: Place, problem: Problem): Diagnostic {
  return {
    severity: problem.severity ?? 'error',
    code: problem.code,
    file: place.file,
    line: place.line,
    column: place.column,
    path: showPath(problem.path ?? []),
    message: problem.message,
    remedy: problem.remedy ?? '',
  };
}

/** zod's issues in our words: what is wrong, where, and what to write instead. */
import type { z } from 'zod';
import type { Diagnostic } from '../base/diagnostics.js';
import { shown } from '../base/units.js';
import { diagnosticAt, keyPlaceAt, nodeAt, type Path, type Place, placeAt, type SourceNode } from '../load/source.js';
import { homeOf, knownKeys, nearest } from './nearest.js';

type Issue = z.core.$ZodIssue;

/** One problem of a value, before it has a place. */
export interface ShapeProblem {
  readonly code: string;
  readonly path: Path;
  /** The place is that of the key, not of the value. */
  readonly atKey: boolean;
  readonly message: string;
  readonly remedy: string;
}

/** Locates every issue in the document. */
export function shapeDiagnostics(issues: readonly Issue[], root: SourceNode): Diagnostic[] {
  return shapeProblems(issues, (path) => nodeAt(root, path)).map((problem) => {
    const place: Place = problem.atKey ? keyPlaceAt(root, problem.path) : placeAt(root, problem.path);
    return diagnosticAt(place, problem);
  });
}

/** `read` gives the source node at a path, or null where there is none; it tells "missing" from "wrong". */
export function shapeProblems(issues: readonly Issue[], read: (path: Path) => SourceNode | null): ShapeProblem[] {
  return issues.flatMap((issue) => problemsOf(issue, issue.path, read));
}

function problemsOf(issue: Issue, path: Path, read: (path: Path) => SourceNode | null): ShapeProblem[] {
  const problem = (code: string, message: string, remedy = ''): ShapeProblem[] => [
    { code, path, atKey: false, message, remedy },
  ];
  const node = read(path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path));
    case 'invalid_union': {
      const branch = closestBranch(issue.errors);
      if (branch === null) return problem('wrong-type', issue.message);
      return branch.flatMap((inner) => problemsOf(inner, [...path, ...inner.path], read));
    }
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ code: 'bad-value', path, atKey: true, message, remedy: '' }));
    case 'invalid_type':
      if (node === null) return problem('missing', `${name(path)} is missing`, `add ${name(path)}`);
      // A message of the schema itself says more than the type.
      if (!issue.message.startsWith('Invalid input')) return problem('wrong-type', issue.message);
      return problem('wrong-type', wrongType(issue.expected, node), quoteHint(issue.expected, node));
    case 'invalid_value': {
      const near = node?.kind === 'scalar' ? nearest(node.text, issue.values.map(String)) : null;
      const list = `one of ${issue.values.map(String).join(', ')}`;
      return problem('bad-value', `${value(node)} is not ${list}`, near === null ? '' : `did you mean ${near}?`);
    }
    case 'too_big':
      return problem('out-of-range', `${value(node)} is more than ${String(issue.maximum)}${unitOf(issue.origin)}`);
    case 'too_small':
      return problem('out-of-range', tooSmall(issue.origin, String(issue.minimum), node));
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'not_multiple_of':
      return problem('bad-value', issue.message);
  }
}

function unknownKey(key: string, path: Path): ShapeProblem {
  const near = nearest(key, knownKeys(path));
  const home = homeOf(key, path);
  let remedy = '';
  if (near !== null) remedy = `did you mean ${near}?`;
  else if (home !== null) remedy = home === '' ? `${key} belongs at the top level` : `${key} belongs under ${home}`;
  else if (knownKeys(path).length > 0) remedy = `known here: ${knownKeys(path).slice(0, 12).join(', ')}`;
  return { code: 'unknown-key', path: [...path, key], atKey: true, message: `${shown(key)} is not a setting`, remedy };
}

/** Of a union, the branch that got furthest into the value: what the writer most likely meant. */
function closestBranch(errors: readonly (readonly Issue[])[]): readonly Issue[] | null {
  let best: readonly Issue[] | null = null;
  let bestDepth = 0;
  for (const issues of errors) {
    const depth = Math.min(...issues.map((issue) => issue.path.length));
    if (issues.length > 0 && depth > bestDepth) [best, bestDepth] = [issues, depth];
  }
  return best;
}

function wrongType(expected: string, node: SourceNode): string {
  const found = node.kind === 'scalar' ? kindOfScalar(node.value) : node.kind === 'list' ? 'a list' : 'a map';
  return `expected ${kinds.get(expected) ?? expected}, found ${found}`;
}

const kinds: ReadonlyMap<string, string> = new Map([
  ['object', 'a map'],
  ['record', 'a map'],
  ['array', 'a list'],
  ['string', 'text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
]);

function kindOfScalar(value: unknown): string {
  if (value === null) return 'nothing';
  return typeof value === 'string' ? 'text' : typeof value === 'boolean' ? String(value) : 'a number';
}

function quoteHint(expected: string, node: SourceNode): string {
  if (node.kind !== 'scalar') return '';
  if (expected === 'string' && node.value !== null) return 'put it in quotes';
  if (expected === 'boolean') return 'write true or false, without quotes';
  const numeric = typeof node.value === 'string' && /^-?\d+$/.test(node.value);
  return numeric && (expected === 'number' || expected === 'int') ? 'write it without quotes' : '';
}

function tooSmall(origin: string, minimum: string, node: SourceNode | null): string {
  if (origin === 'string') return 'it must not be empty';
  if (origin === 'array') return `at least ${minimum} is needed`;
  return `${value(node)} is less than ${minimum}`;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

function value(node: SourceNode | null): string {
  if (node?.kind === 'scalar') return node.secret ? 'the secret value' : `"${shown(node.text)}"`;
  return 'the value';
}

function name(path: Path): string {
  const last = path[path.length - 1];
  return typeof last === 'string' ? last : 'an entry';
}

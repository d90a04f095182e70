/** Names that somebody may have meant. */
import { z } from 'zod';
import { asType, childSchema, unwrapped } from '../schema/annotations.js';
import { rootType } from '../schema/root.js';

/** Levenshtein distance of two short names, or `most + 1` when it is larger. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? most + 1;
}

/** The closest of `names` that is close enough to be a slip; null = none. */
export function nearest(name: string, names: Iterable<string>): string | null {
  const wanted = name.slice(0, 64).toLowerCase();
  const most = wanted.length < 4 ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  let best: string | null = null;
  let bestDistance = most + 1;
  for (const candidate of names) {
    const found = distance(wanted, candidate.toLowerCase(), most);
    if (found < bestDistance) [best, bestDistance] = [candidate, found];
  }
  return best;
}

/** The keys that may stand at `path` of the document. */
export function knownKeys(path: readonly PropertyKey[], root: z.ZodType = rootType): readonly string[] {
  let schema: z.ZodType | null = root;
  for (const step of path) schema = schema === null ? null : childSchema(schema, step);
  const inner = schema === null ? null : unwrapped(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

let homes: ReadonlyMap<string, readonly string[]> | null = null;

/**
 * Where a setting of exactly this name lives, such as `applicationPools[].processModel`, preferably below
 * `near`; null = nowhere, '' = at the top.
 */
export function homeOf(name: string, near: readonly PropertyKey[]): string | null {
  homes ??= collectHomes();
  const found = homes.get(name) ?? [];
  const below = near
    .map((step) => (typeof step === 'number' ? '[]' : `.${String(step)}`))
    .join('')
    .slice(1);
  return found.find((home) => home.startsWith(below)) ?? found[0] ?? null;
}

function collectHomes(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const walk = (schema: z.ZodType, path: string): void => {
    const inner = unwrapped(schema);
    if (inner instanceof z.ZodArray) return walk(asType(inner.element), `${path}[]`);
    if (!(inner instanceof z.ZodObject)) return;
    for (const [name, entry] of Object.entries(inner.shape)) {
      found.set(name, [...(found.get(name) ?? []), path]);
      walk(asType(entry), path === '' ? name : `${path}.${name}`);
    }
  };
  walk(rootType, '');
  return found;
}

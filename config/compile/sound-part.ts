/** What is left of a document when what is wrong with its shape is taken away: so that `check` can go on. */
import type { z } from 'zod';
import { isPlain } from './inherit.js';

type Issue = z.core.$ZodIssue;

/**
 * A copy of `raw` without unknown keys and without values of a wrong shape, whose defaults then stand in;
 * null where that is not possible (a wrong item of a list: the places of the others would move).
 */
export function soundPart(raw: unknown, issues: readonly Issue[]): unknown {
  const copy: unknown = structuredClone(raw);
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      const holder = valueAt(copy, issue.path);
      if (!isPlain(holder)) return null;
      for (const key of issue.keys) Reflect.deleteProperty(holder, key);
      continue;
    }
    const holder = valueAt(copy, issue.path.slice(0, -1));
    const key = issue.path.at(-1);
    if (!isPlain(holder) || typeof key !== 'string') return null;
    Reflect.deleteProperty(holder, key);
  }
  return copy;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return null;
    value = Reflect.get(value, step);
  }
  return value;
}

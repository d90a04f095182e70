/** One warning for each setting that is known, set, and has no effect in this version. */
import { z } from 'zod';
import { isDeepStrictEqual } from 'node:util';
import { type Path, showPath, type SourceNode, toPlain } from '../load/source.js';
import { type Acts, asType, childSchema, settings, unwrapped } from '../schema/annotations.js';
import { rootType } from '../schema/root.js';
import type { Entry } from './memory.js';
import type { Report } from './report.js';

interface Occurrence {
  readonly path: Path;
  readonly acts: Acts;
  count: number;
}

/** A value that equals the default acts as written and needs no warning. */
export function warnAboutSettingsThatDoNotAct(
  report: Report,
  entries: ReadonlyMap<string, Entry | readonly Entry[]>,
): void {
  const found = new Map<string, Occurrence>();
  new Walk(found).enterRoot(report.root, entries);
  for (const [name, { path, acts, count }] of found) {
    const places = count > 1 ? ` (set in ${count} places)` : '';
    const why = acts === 'not-here' ? 'has no effect on Linux' : 'does not act yet in this version';
    report.atKey(path, {
      severity: 'warning',
      code: acts === 'not-here' ? 'setting-not-here' : 'setting-not-acting',
      message: `${name} ${why}${places}`,
    });
  }
}

class Walk {
  private readonly found: Map<string, Occurrence>;
  private count = 0;

  constructor(found: Map<string, Occurrence>) {
    this.found = found;
  }

  /** Entries in which nothing was found before are not looked at again. */
  enterRoot(root: SourceNode, entries: ReadonlyMap<string, Entry | readonly Entry[]>): void {
    if (root.kind !== 'map') return;
    for (const [key, { value }] of root.entries) {
      const known = entries.get(key);
      if (value.kind !== 'list' || !Array.isArray(known)) {
        this.setting(rootType, key, value, []);
        continue;
      }
      const element = childSchema(childSchema(rootType, key) ?? rootType, 0);
      if (element === null) continue;
      for (const [index, item] of value.items.entries()) {
        const entry: Entry | undefined = known[index];
        if (entry?.isActing === true) continue;
        const before = this.count;
        this.enter(element, item, [key, index]);
        if (entry !== undefined) entry.isActing = this.count === before;
      }
    }
  }

  enter(schema: z.ZodType, node: SourceNode, path: Path): void {
    const inner = unwrapped(schema);
    if (inner instanceof z.ZodArray && node.kind === 'list') {
      const element = asType(inner.element);
      for (const [index, item] of node.items.entries()) this.enter(element, item, [...path, index]);
      return;
    }
    if (node.kind !== 'map') return;
    for (const [key, entry] of node.entries) this.setting(inner, key, entry.value, path);
  }

  private setting(schema: z.ZodType, key: string, value: SourceNode, path: Path): void {
    const inner = unwrapped(schema);
    if (!(inner instanceof z.ZodObject) || !Object.hasOwn(inner.shape, key)) return;
    const child = asType(inner.shape[key]);
    const at = [...path, key];
    const acts = actsOf(child, value);
    if (acts === 'yes') this.enter(child, value, at);
    else {
      note(this.found, at, acts);
      this.count += 1;
    }
  }
}

function actsOf(schema: z.ZodType, node: SourceNode): Acts {
  const about = settings.get(schema);
  if (about === undefined || about.acts === 'yes') return 'yes';
  const hasEntries = unwrapped(schema) instanceof z.ZodObject && node.kind === 'map';
  if (hasEntries) return 'yes';
  return isDeepStrictEqual(toPlain(node), about.default) ? 'yes' : about.acts;
}

function note(found: Map<string, Occurrence>, path: Path, acts: Acts): void {
  const name = showPath(path.filter((step) => typeof step === 'string'));
  const before = found.get(name);
  if (before === undefined) found.set(name, { path, acts, count: 1 });
  else before.count++;
}

/** One warning for each setting that is known, set, and has no effect in this version. */
import { z } from 'zod';
import { isDeepStrictEqual } from 'node:util';
import { type Path, showPath, type SourceNode, toPlain } from '../load/source.js';
import { type Acts, asType, settings, unwrapped } from '../schema/annotations.js';
import { rootType } from '../schema/root.js';
import type { Report } from './report.js';

interface Occurrence {
  readonly path: Path;
  readonly acts: Acts;
  count: number;
}

/** A value that equals the default acts as written and needs no warning. */
export function warnAboutSettingsThatDoNotAct(report: Report, acting: WeakSet<SourceNode>): void {
  const found = new Map<string, Occurrence>();
  new Walk(found, acting).enter(rootType, report.root, []);
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
  /** Entries of lists in which nothing was found before. */
  private readonly acting: WeakSet<SourceNode>;
  private count = 0;

  constructor(found: Map<string, Occurrence>, acting: WeakSet<SourceNode>) {
    this.found = found;
    this.acting = acting;
  }

  enter(schema: z.ZodType, node: SourceNode, path: Path): void {
    const inner = unwrapped(schema);
    if (inner instanceof z.ZodArray && node.kind === 'list') {
      const element = asType(inner.element);
      for (const [index, item] of node.items.entries()) this.item(element, item, [...path, index]);
      return;
    }
    if (!(inner instanceof z.ZodObject) || node.kind !== 'map') return;
    for (const [key, entry] of node.entries) {
      if (!Object.hasOwn(inner.shape, key)) continue;
      const child = asType(inner.shape[key]);
      const at = [...path, key];
      const acts = actsOf(child, entry.value);
      if (acts === 'yes') this.enter(child, entry.value, at);
      else {
        note(this.found, at, acts);
        this.count += 1;
      }
    }
  }

  private item(schema: z.ZodType, item: SourceNode, path: Path): void {
    if (this.acting.has(item)) return;
    const before = this.count;
    this.enter(schema, item, path);
    if (this.count === before) this.acting.add(item);
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

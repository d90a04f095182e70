/** One setting with everything that is to be known about it: `sluice config explain`. */
import { z } from 'zod';
import { nearest } from '../compile/nearest.js';
import { nodeAt } from '../load/source.js';
import {
  type Acts,
  asType,
  childSchema,
  type Reload,
  type SettingNote,
  settings,
  unwrapped,
} from '../schema/annotations.js';
import { rootType } from '../schema/root.js';
import { typeName } from '../docs/reference.js';
import { isWithin, showSettingPath, type Step } from './setting-path.js';
import { type Study, settingsWithin, stepsOf, unknownSetting } from './study.js';
import { type Inspected, namesOf } from './subjects.js';
import { hiddenValue, layerValue, type Setting, settingValue, type ValueSource } from './values.js';

export interface Explanation {
  readonly path: string;
  /** `section`: it holds settings and is none itself. */
  readonly kind: 'setting' | 'section';
  readonly value: unknown;
  readonly source: ValueSource;
  /** Every place that says it, the one that wins first. */
  readonly written: readonly (ValueSource & { readonly value: unknown })[];
  readonly default: unknown;
  readonly type: string;
  /** `hh:mm:ss`, `bytes` ...; '' = none. */
  readonly unit: string;
  readonly description: string;
  /** What a change of it does: `reload` = acts at once and no worker notices. */
  readonly change: 'reload' | 'recycle' | 'restart';
  readonly acts: Acts;
  readonly secret: boolean;
  /** Of a section: its settings. */
  readonly inside: readonly string[];
}

const changes: Readonly<Record<Reload, Explanation['change']>> = {
  live: 'reload',
  recycle: 'recycle',
  restart: 'restart',
};
const nowhere: ValueSource = { from: 'default', file: '', line: 0, column: 0 };

/** Throws a SluiceError when there is no such setting. `study` is one without errors. */
export function explain({ secrets }: Pick<Study, 'secrets'>, inspected: Inspected, written: string): Explanation {
  const steps = stepsOf(written, namesOf(inspected));
  checkNames(steps, inspected, written);
  const path = showSettingPath(steps);
  const found: Setting[] = [];
  for (const setting of settingsWithin(inspected, path)) found.push(setting);
  const exact = found.find((setting) => showSettingPath(setting.steps) === path);
  if (exact !== undefined) return explained(exact, secrets);
  const schema = schemaOf(steps);
  if (schema === null || steps.length === 0) throw unknownSetting(written, remedyFor(steps));
  // A place that sets values for others, or a section that nobody wrote.
  const node = nodeAt(inspected.root, steps);
  if (found.length === 0 && !hasEntries(schema)) {
    const layer = node === null ? null : { section: String(steps[0]), node };
    const otherwise = { value: null, from: 'default' };
    const layers = layer === null ? [] : [layer];
    return explained({ steps, schema, layer, layers, otherwise, isVariable: false }, secrets);
  }
  const inside = found.map((setting) => showSettingPath(setting.steps));
  const place = node?.place ?? null;
  const source = place === null ? nowhere : { from: String(steps[0]), ...place };
  return {
    ...described(schema),
    path,
    kind: 'section',
    value: null,
    source,
    written: [],
    inside: nextLevel(inside, path, schema),
  };
}

/** Pools, sites and applications that are not there have no settings, although the schema has. */
function checkNames(steps: readonly Step[], inspected: Inspected, written: string): void {
  const namesAt = namesOf(inspected);
  for (const [index, step] of steps.entries()) {
    const names = namesAt(steps.slice(0, index));
    if (names === null || names.includes(String(step))) continue;
    const near = nearest(String(step), names);
    const right = near === null ? '' : showSettingPath([...steps.slice(0, index), near]);
    throw unknownSetting(written, near === null ? '' : `did you mean ${right}?`);
  }
}

function explained(setting: Setting, secrets: ReadonlySet<string>): Explanation {
  const { value, source, path } = settingValue(setting, secrets);
  const written = setting.layers.flatMap(({ section, node }) =>
    node === null ? [] : [{ from: section, ...node.place, value: layerValue(node, setting, secrets) }],
  );
  const about = described(setting.schema);
  const shownValue = about.secret && value !== null ? hiddenValue : value;
  return { ...about, path, kind: 'setting', value: shownValue, source, written, inside: [] };
}

function described(schema: z.ZodType): Omit<Explanation, 'path' | 'kind' | 'value' | 'source' | 'written' | 'inside'> {
  const note: SettingNote | undefined = settings.get(schema);
  return {
    default: note?.default ?? null,
    type: typeName(schema),
    unit: note?.unit ?? '',
    description: note?.description ?? '',
    change: changes[note?.reload ?? 'live'],
    acts: note?.acts ?? 'yes',
    secret: note?.secret ?? false,
  };
}

/** What stands directly in a section, as paths. */
function nextLevel(found: readonly string[], path: string, schema: z.ZodType): readonly string[] {
  const inner = unwrapped(schema);
  if (!(inner instanceof z.ZodObject)) return [...new Set(found.map((one) => firstStepBelow(one, path)))];
  return Object.keys(inner.shape).map((name) => (path === '' ? name : `${path}.${name}`));
}

function firstStepBelow(path: string, outer: string): string {
  if (!isWithin(path, outer)) return path;
  const rest = path.slice(outer.length);
  const step = /^(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\]|\.?[^.[]+)/.exec(rest)?.[0] ?? '';
  return outer + step;
}

function hasEntries(schema: z.ZodType): boolean {
  return unwrapped(schema) instanceof z.ZodObject;
}

/** Names of pools, sites and applications stand where the document has places of a list. */
function schemaOf(steps: readonly Step[]): z.ZodType | null {
  let schema: z.ZodType | null = rootType;
  for (const step of steps) {
    if (schema === null) return null;
    schema = childSchema(schema, unwrapped(schema) instanceof z.ZodArray ? 0 : step);
  }
  return schema;
}

function remedyFor(steps: readonly Step[]): string {
  for (let length = steps.length - 1; length >= 0; length--) {
    const holder = schemaOf(steps.slice(0, length));
    const inner = holder === null ? null : unwrapped(holder instanceof z.ZodArray ? asType(holder.element) : holder);
    if (!(inner instanceof z.ZodObject)) continue;
    const near = nearest(String(steps[length]), Object.keys(inner.shape));
    return near === null ? '' : `did you mean ${showSettingPath([...steps.slice(0, length), near])}?`;
  }
  return '';
}

/** Every setting with the value that takes effect and the place that says so, in the words of the files. */
import { z } from 'zod';
import { hideSecrets } from '../docs/redact.js';
import { nodeAt, type SourceNode } from '../load/source.js';
import { asType, childSchema, settings, unwrapped } from '../schema/annotations.js';
import { showSettingPath, type Step } from './setting-path.js';
import type { Layer, Subject } from './subjects.js';

/** Where a value was said. */
export interface ValueSource {
  /**
   * The section (`applicationPools`, `applicationPoolDefaults`, `web.config`, `hosting`, `server` ...) or what stands
   * in for it: `default`, `detection` (the application's folder), `machine` (chosen for this machine or start).
   */
  readonly from: string;
  /** '' = no file says it. */
  readonly file: string;
  /** 1-based; 0 = none. */
  readonly line: number;
  readonly column: number;
}

export interface SettingValue {
  readonly path: string;
  /** As a file would say it; secrets are `***`. Null = not set. */
  readonly value: unknown;
  readonly source: ValueSource;
}

/** A value before it is made fit to be shown. */
export interface Setting {
  readonly steps: readonly Step[];
  readonly schema: z.ZodType;
  /** The one that wins; null = no file says it. */
  readonly layer: Layer | null;
  /** All that may say it, strongest first, as they stand at this setting. */
  readonly layers: readonly Layer[];
  /** Where `layer` is null. */
  readonly otherwise: { readonly value: unknown; readonly from: string };
  /** Values of variables are nobody's business: passwords live there. */
  readonly isVariable: boolean;
}

export const hiddenValue = '***';

export function* settingsOf(subject: Subject): Generator<Setting> {
  yield* below(subject, subject.schema, subject.layers, []);
}

/** `secrets`: `LoadResult.secrets`. */
export function settingValue(setting: Setting, secrets: ReadonlySet<string>): SettingValue {
  return { path: showSettingPath(setting.steps), value: valueOf(setting, secrets), source: sourceOf(setting) };
}

/** What one layer says about a setting, fit to be shown. */
export function layerValue(node: SourceNode, setting: Setting, secrets: ReadonlySet<string>): unknown {
  return setting.isVariable ? hiddenValue : shown(node, setting.schema, secrets);
}

/** Two of the same path are equal when this is. Holds secrets. */
export function identityOf({ layer, otherwise }: Setting): string {
  return JSON.stringify(layer?.node === null || layer === null ? [otherwise.value ?? null] : rawOf(layer.node));
}

export function sourceOf({ layer, otherwise }: Setting): ValueSource {
  const place = layer?.node?.place;
  if (layer === null || place === undefined) return { from: otherwise.from, file: '', line: 0, column: 0 };
  return { from: layer.section, file: place.file, line: place.line, column: place.column };
}

function* below(
  subject: Subject,
  schema: z.ZodObject,
  layers: readonly Layer[],
  path: readonly Step[],
): Generator<Setting> {
  for (const [name, entry] of Object.entries(schema.shape)) {
    const child = asType(entry);
    const steps = [...path, name];
    const inner = layersAt(layers, name);
    if (name === 'environmentVariables') yield* variables(subject, child, inner, steps);
    else
      yield* at(
        subject,
        child,
        subject.special?.get(showSettingPath(steps)) === undefined ? inner : specialLayers(subject, steps),
        steps,
      );
  }
}

function specialLayers({ special }: Subject, steps: readonly Step[]): readonly Layer[] {
  const layers = special?.get(showSettingPath(steps)) ?? [];
  return layers.map(({ section, node }) => ({ section, node: node === null ? null : nodeAt(node, steps) }));
}

function* at(
  subject: Subject,
  schema: z.ZodType,
  layers: readonly Layer[],
  steps: readonly Step[],
): Generator<Setting> {
  const inner = unwrapped(schema);
  const isSet = layers.some(({ node }) => node !== null);
  // A section that is off unless it is written has no entries then.
  if (inner instanceof z.ZodObject && (isSet || !(schema instanceof z.ZodOptional))) {
    return yield* below(subject, inner, layers, steps);
  }
  const winner = layers.find(({ node }) => node !== null) ?? null;
  if (inner instanceof z.ZodArray && winner?.node?.kind === 'list' && isListOfMaps(inner)) {
    const element = asType(inner.element);
    for (const [index, item] of winner.node.items.entries()) {
      yield* at(subject, element, [{ section: winner.section, node: item }], [...steps, index]);
    }
    return undefined;
  }
  return yield leaf(subject, schema, layers, steps);
}

function leaf(subject: Subject, schema: z.ZodType, layers: readonly Layer[], steps: readonly Step[]): Setting {
  const layer = layers.find(({ node }) => node !== null) ?? null;
  const note = settings.get(schema)?.default;
  const found = layer === null ? (subject.found?.(showSettingPath(steps)) ?? null) : null;
  const otherwise = found ?? { value: note ?? null, from: 'default' };
  return { steps: [...subject.prefix, ...steps], schema, layer, layers, otherwise, isVariable: false };
}

/** They are merged by name; the strongest layer that has a name wins. */
function* variables(
  subject: Subject,
  schema: z.ZodType,
  layers: readonly Layer[],
  steps: readonly Step[],
): Generator<Setting> {
  const byName = new Map<string, Layer[]>();
  for (const { section, node } of layers) {
    for (const [name, value] of namedNodes(node)) {
      byName.set(name, [...(byName.get(name) ?? []), { section, node: value }]);
    }
  }
  for (const [name, written] of byName) {
    const path = [...subject.prefix, ...steps, name];
    const otherwise = { value: null, from: 'default' };
    yield { steps: path, schema, layer: written[0] ?? null, layers: written, otherwise, isVariable: true };
  }
}

/** A map, or IIS's collection of name and value. */
function namedNodes(node: SourceNode | null): readonly (readonly [string, SourceNode])[] {
  if (node?.kind === 'map') return [...node.entries].map(([name, { value }]) => [name, value] as const);
  if (node?.kind !== 'list') return [];
  return node.items.flatMap((item) => {
    const [name, value] = [nodeAt(item, ['name']), nodeAt(item, ['value'])];
    return name?.kind === 'scalar' && value !== null ? [[name.text, value] as const] : [];
  });
}

function layersAt(layers: readonly Layer[], key: string): readonly Layer[] {
  return layers.map(({ section, node }) => ({ section, node: node?.kind === 'map' ? nodeAt(node, [key]) : null }));
}

function isListOfMaps(schema: z.ZodArray): boolean {
  return unwrapped(asType(schema.element)) instanceof z.ZodObject;
}

function valueOf(setting: Setting, secrets: ReadonlySet<string>): unknown {
  const { layer, otherwise, schema } = setting;
  if (layer?.node !== null && layer !== null) return layerValue(layer.node, setting, secrets);
  const isSecret = settings.get(schema)?.secret === true && otherwise.value !== null;
  return isSecret ? hiddenValue : hiddenIn(otherwise.value, secrets);
}

function shown(node: SourceNode, schema: z.ZodType | null, secrets: ReadonlySet<string>): unknown {
  const isSecret = schema !== null && settings.get(schema)?.secret === true;
  if (node.kind === 'scalar') {
    if (node.secret || (isSecret && node.value !== null)) return hiddenValue;
    return typeof node.value === 'string' ? hideSecrets(node.value, secrets) : node.value;
  }
  if (isSecret) return hiddenValue;
  const child = (step: PropertyKey): z.ZodType | null => (schema === null ? null : childSchema(schema, step));
  if (node.kind === 'list') return node.items.map((item) => shown(item, child(0), secrets));
  return Object.fromEntries(
    [...node.entries].map(([key, { value }]) => [key, shown(value, child(key), secrets)] as const),
  );
}

function hiddenIn(value: unknown, secrets: ReadonlySet<string>): unknown {
  return typeof value === 'string' ? hideSecrets(value, secrets) : value;
}

function rawOf(node: SourceNode): unknown {
  if (node.kind === 'scalar') return node.text === '' ? node.value : node.text;
  if (node.kind === 'list') return node.items.map(rawOf);
  return [...node.entries].map(([key, { value }]) => [key, rawOf(value)]);
}

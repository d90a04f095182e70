/**
 * What a schema entry carries beside its type. An entry of the schema is the only place where a setting
 * exists: the reference page, the JSON Schema, the defaults and the warnings about settings that do not
 * act yet all come from these notes.
 */
import { z } from 'zod';

/** When a changed value takes effect: at once, by an overlapped recycle of the pool, or at the next start. */
export type Reload = 'live' | 'recycle' | 'restart';

/**
 * `yes`: has its effect in this version. `not-yet`: known and checked, has no effect yet.
 * `not-here`: an IIS setting that means nothing on Linux. The last two give one warning when set to
 * anything but the default.
 */
export type Acts = 'yes' | 'not-yet' | 'not-here';

export interface SettingNote {
  readonly description: string;
  readonly reload: Reload;
  /** `hh:mm:ss`, `bytes`, `seconds`, `KB` ...; '' = none. */
  readonly unit: string;
  readonly acts: Acts;
  /** Never shown: values of this setting are replaced before anything is printed. */
  readonly secret: boolean;
  /** As written in a file; undefined = none. */
  readonly default?: unknown;
}

export const settings = z.registry<SettingNote>();

type NoteInput = Pick<SettingNote, 'description' | 'reload'> & Partial<SettingNote>;

/** Attaches the note; `schema` is the outermost form (with its `.prefault` or `.optional`). */
export function setting<T extends z.ZodType>(schema: T, note: NoteInput): T {
  const prefault = schema instanceof z.ZodPrefault ? { default: schema.def.defaultValue } : {};
  settings.add(schema, { unit: '', acts: 'yes', secret: false, ...prefault, ...note });
  return schema;
}

/** Inside optional, prefault and default wrappers. */
export function unwrapped(schema: z.ZodType): z.ZodType {
  let inner: unknown = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodPrefault || inner instanceof z.ZodDefault) {
    inner = inner.unwrap();
  }
  return inner instanceof z.ZodType ? inner : schema;
}

/**
 * The form of a section that one layer of inheritance may write: every entry optional, no defaults (a
 * default here would hide the value of an outer layer). Notes are carried over.
 */
export function layer(schema: z.ZodObject): z.ZodObject {
  const shape: Record<string, z.ZodType> = {};
  for (const [name, entry] of Object.entries(schema.shape)) {
    const inner = unwrapped(asType(entry));
    const optional = (inner instanceof z.ZodObject ? layer(inner) : inner).optional();
    const note = settings.get(asType(entry));
    if (note !== undefined) settings.add(optional, note);
    shape[name] = optional;
  }
  return z.strictObject(shape);
}

/** zod types the values of a shape as its core type; every schema here is made with the classic API. */
export function asType(schema: unknown): z.ZodType {
  if (schema instanceof z.ZodType) return schema;
  throw new TypeError('a schema entry is not a zod type');
}

/** The schema below `schema` for one step of a path; null where there is none. */
export function childSchema(schema: z.ZodType, step: PropertyKey): z.ZodType | null {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) {
    const entry: unknown = typeof step === 'string' && Object.hasOwn(inner.shape, step) ? inner.shape[step] : undefined;
    return entry === undefined ? null : asType(entry);
  }
  if (inner instanceof z.ZodArray) return asType(inner.element);
  if (inner instanceof z.ZodUnion) {
    for (const option of inner.options) {
      const found = childSchema(asType(option), step);
      if (found !== null) return found;
    }
  }
  return null;
}

/** The value types of settings: what a file may say, and the number or text that it becomes. */
import { z } from 'zod';
import { environmentVariablesMax } from '../base/limits.js';
import { dayMs, formatTimeSpan, type Parsed, parseSize, parseTimeSpan, shown } from '../base/units.js';

interface Range {
  readonly min?: number;
  readonly max?: number;
}

function take<T>(parsed: Parsed<T>, input: unknown, context: z.core.ParsePayload): T {
  if (parsed.ok) return parsed.value;
  context.issues.push({ code: 'custom', message: parsed.message, input });
  return z.NEVER;
}

function inRange(ms: number, range: Range, input: unknown, context: z.core.ParsePayload): number {
  const { min = 0, max = 30 * dayMs } = range;
  if (ms >= min && ms <= max) return ms;
  const message = `"${shown(String(input))}" is outside ${formatTimeSpan(min)} to ${formatTimeSpan(max)}`;
  context.issues.push({ code: 'custom', message, input });
  return z.NEVER;
}

/** IIS timeSpan `[d.]hh:mm:ss`, becomes milliseconds; at most 30 days unless told otherwise. */
export function timeSpan(range: Range = {}) {
  return z.string({ error: 'a time span is text of the form hh:mm:ss or d.hh:mm:ss' }).transform((text, context) => {
    const ms = take(parseTimeSpan(text), text, context);
    return context.issues.length > 0 ? ms : inRange(ms, range, text, context);
  });
}

/** A number of seconds as aspNetCore writes its limits, or a time span; becomes milliseconds. */
export function seconds(range: Range) {
  return z
    .union([z.int(), z.string()], { error: 'write a number of seconds, or hh:mm:ss' })
    .transform((value, context) => {
      const digits = typeof value === 'number' || /^\d{1,9}$/.test(value);
      const ms = digits ? Number(value) * 1_000 : take(parseTimeSpan(String(value)), value, context);
      return context.issues.length > 0 ? ms : inRange(ms, range, value, context);
    });
}

/** Bytes as a number, or text such as `256MB`. */
export function size() {
  return z
    .union([z.int().min(0), z.string()], { error: 'write a number of bytes, or a size such as 256MB' })
    .transform((value, context) => (typeof value === 'number' ? value : take(parseSize(value), value, context)));
}

export function uint(min = 0, max = 4_294_967_295) {
  return z.int().min(min).max(max);
}

/** IIS flags: names with commas between, '' or None = none; becomes the list of them. */
export function flags<const F extends string>(names: readonly F[]) {
  return z.string().transform((text, context): readonly F[] => {
    const written = text
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '' && word !== 'None');
    const found = written.map((word) => names.find((name) => name.toLowerCase() === word.toLowerCase()));
    const unknown = found.indexOf(undefined);
    if (unknown >= 0) {
      const message = `"${shown(written[unknown] ?? '')}" is none of ${names.join(', ')}`;
      context.issues.push({ code: 'custom', message, input: text });
      return z.NEVER;
    }
    return names.filter((name) => found.includes(name));
  });
}

/** Text without control characters. */
export function text(max = 4_096) {
  return z
    .string()
    .max(max)
    .refine((value) => !hasControls(value), { error: 'control characters are not allowed' });
}

export function hasControls(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

const variableName = z
  .string()
  .min(1, { error: 'a name is needed' })
  .max(256)
  .refine((name) => !name.includes('=') && !hasControls(name), {
    error: 'the name of an environment variable has neither "=" nor control characters',
  });

const variableValue = z
  .union([z.string().max(131_072), z.number(), z.boolean()], { error: 'write text, a number or true/false' })
  .refine((value) => typeof value !== 'string' || !value.includes('\0'), { error: 'NUL is not allowed' });

/** `{ NAME: value }`, or IIS's collection `[{ name, value }]`. */
export function environmentVariables() {
  return z.union([
    z.record(variableName, variableValue),
    z.array(z.strictObject({ name: variableName, value: variableValue })).max(environmentVariablesMax),
  ]);
}

/**
 * `${NAME}`, `${NAME:-default}` and `${file:path}` in values (never in keys); `$${` is a literal `${`.
 * What a variable or file holds is not expanded again.
 */
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import { expandedValueBytesMax } from '../base/limits.js';
import { shown } from '../base/units.js';
import { decodeText, readBoundedNow } from './read-file.js';
import type { ScalarRule } from './read-yaml.js';
import { diagnosticAt, type Place, type Problem, type Scalar, type SourceNode } from './source.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The contents of `${file:...}`, read before the document is walked. */
export type SecretFiles = ReadonlyMap<string, { readonly text: string } | { readonly problem: string }>;

const reference = /\$\$\{|\$\{([^}]*)\}/g;
const variable = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

/** Reads every file that `${file:...}` names in `text`; relative paths are relative to `file`. */
export function readSecretFiles(text: string, file: string): SecretFiles {
  const files = new Map<string, { text: string } | { problem: string }>();
  for (const match of text.matchAll(reference)) {
    const name = match[1];
    if (name === undefined || !name.startsWith('file:')) continue;
    const path = resolve(dirname(file), name.slice(5));
    if (!files.has(path) && files.size < 1_000) files.set(path, readSecret(path));
  }
  return files;
}

function readSecret(path: string): { text: string } | { problem: string } {
  const read = readBoundedNow(path, expandedValueBytesMax, true);
  if (read.kind === 'absent') return { problem: 'it does not exist' };
  if (read.kind === 'refused') return { problem: read.message };
  const text = decodeText(read.bytes);
  if (text === null || text.includes('\0')) return { problem: 'it is not text' };
  return { text: text.replace(/\r?\n$/, '') };
}

/** The rule that expands every text value of one file. */
export function expansion(
  file: string,
  environment: Environment,
  secrets: SecretFiles,
  report: (diagnostic: Diagnostic) => void,
): ScalarRule {
  return (text, place, plain): SourceNode | null => {
    if (!text.includes('${')) return { kind: 'scalar', place, value: text, text, secret: false };
    let secret = false;
    let failed = false;
    const fail = (problem: Problem): string => {
      failed = true;
      report(diagnosticAt(place, problem));
      return '';
    };
    const expanded = text.replace(reference, (whole: string, name: string | undefined): string => {
      if (name === undefined) return '${';
      if (name.startsWith('file:')) {
        secret = true;
        return secretText(name.slice(5), file, secrets, fail);
      }
      return variableText(whole, name, environment, fail);
    });
    if (failed) return null;
    if (Buffer.byteLength(expanded) > expandedValueBytesMax) {
      fail({ code: 'value-too-long', message: `the expanded value has more than ${expandedValueBytesMax} bytes` });
      return null;
    }
    return { kind: 'scalar', place, value: plain && !secret ? retyped(expanded) : expanded, text: expanded, secret };
  };
}

function secretText(path: string, file: string, secrets: SecretFiles, fail: (problem: Problem) => string): string {
  const found = secrets.get(resolve(dirname(file), path));
  if (found === undefined || 'problem' in found) {
    const why = found === undefined ? 'it was not read' : found.problem;
    return fail({
      code: 'secret-file',
      message: `the file of \${file:${shown(path)}} cannot be used: ${why}`,
      remedy: 'create it, or correct the path (relative to this file)',
    });
  }
  return found.text;
}

function variableText(
  whole: string,
  name: string,
  environment: Environment,
  fail: (problem: Problem) => string,
): string {
  const match = variable.exec(name);
  const key = match?.[1];
  if (key === undefined) {
    return fail({
      code: 'bad-expansion',
      message: `"${shown(whole)}" is not an expansion`,
      remedy: 'write ${NAME}, ${NAME:-default} or ${file:path}; $${ for a literal ${',
    });
  }
  const value = Object.hasOwn(environment, key) ? environment[key] : undefined;
  const fallback = match?.[2];
  if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
  if (value !== undefined) return value;
  return fail({
    code: 'undefined-variable',
    message: `the environment variable ${key} is not set`,
    remedy: `set it, or write \${${key}:-default}`,
  });
}

/** `listeners: ${N}` is a number if N is written as one; `007` stays text. */
function retyped(text: string): Scalar {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text !== '' && String(number) === text && Number.isFinite(number) ? number : text;
}

export function placeOfFile(file: string): Place {
  return { file, line: 0, column: 0 };
}

/**
 * Why a program ended, read from its own last words: what Node, Python and PHP print for the mistakes that everybody
 * makes. The words are the tenant's, so they are only quoted, looked at line by line and cut.
 */
import type { StartFailureCode } from '../../config/base/start-failures.js';

export interface OutputCause {
  readonly code: StartFailureCode;
  /** Continues "the app ended before it listened: ". */
  readonly meaning: string;
  readonly remedy: string;
}

type Rule = (lines: readonly string[]) => OutputCause | null;

const charsMax = 300;

/** null: nothing that is known. `output` is bounded by its caller. */
export function causeInOutput(output: string): OutputCause | null {
  const lines = output.split('\n');
  for (const rule of rules) {
    const found = rule(lines);
    if (found !== null) return found;
  }
  return null;
}

const rules: readonly Rule[] = [
  nodeCannotFind,
  (lines) => {
    const line = lineWith(lines, 'ModuleNotFoundError: No module named ');
    return line === null ? null : moduleMissing(quotedIn(line) ?? line, '`pip install` in its environment');
  },
  (lines) => {
    const line = lineWith(lines, "can't open file ") ?? lineWith(lines, 'Could not open input file: ');
    return line === null ? null : entryMissing(line);
  },
  (lines) => {
    const line = lineWith(lines, 'Unknown file extension "');
    if (line === null) return null;
    return {
      code: 'typescript-entry',
      meaning: cut(line),
      remedy: 'Compile the app, or set `nodePath` to a Node that runs TypeScript (22.18 or newer).',
    };
  },
  (lines) => {
    const at = lines.findIndex((line) => /^\s*(?:Uncaught )?SyntaxError: /.test(line.slice(0, charsMax)));
    if (at < 0) return null;
    const place = placeBefore(lines, at);
    return {
      code: 'syntax-error',
      meaning: `${place === '' ? '' : `${place}: `}${cut((lines[at] ?? '').trim())}`,
      remedy: 'Correct the file; if it runs elsewhere, compare the versions of the runtime.',
    };
  },
];

/** `Error: Cannot find module './x'`, `Cannot find package 'express' imported from /srv/app/index.mjs`. */
function nodeCannotFind(lines: readonly string[]): OutputCause | null {
  const line = lineWith(lines, 'Cannot find module ') ?? lineWith(lines, 'Cannot find package ');
  if (line === null) return null;
  const name = quotedIn(line) ?? '';
  // Nobody required it: it is what was to be run.
  if (name.startsWith('/') && lines.some((one) => one.includes('requireStack: []'))) return entryMissing(line);
  const isFile = name.startsWith('/') || name.startsWith('.') || name.startsWith('file:');
  return moduleMissing(name, isFile ? 'Deploy the file' : '`npm ci` in the application folder', isFile);
}

function moduleMissing(name: string, how: string, isFile = false): OutputCause {
  return {
    code: 'module-missing',
    meaning: `it needs ${isFile ? 'the file' : 'the module'} ${cut(name)}, which is not there`,
    remedy: isFile ? `${how}; names are case-sensitive.` : `Install what it needs: ${how}.`,
  };
}

function entryMissing(line: string): OutputCause {
  return {
    code: 'entry-missing',
    meaning: cut(line.trim()),
    remedy: 'Correct `arguments` of the hosting, or deploy the file.',
  };
}

/** Node prints `/srv/app/index.js:3` before the message, Python `File "app.py", line 3`. */
function placeBefore(lines: readonly string[], at: number): string {
  for (let index = at - 1; index >= Math.max(0, at - 12); index--) {
    const line = (lines[index] ?? '').trim().slice(0, charsMax);
    if (/^(?:file:\/\/)?\/.*:\d+$/.test(line) || /^File ".*", line \d+$/.test(line)) return line;
  }
  return '';
}

function lineWith(lines: readonly string[], text: string): string | null {
  return lines.find((line) => line.includes(text)) ?? null;
}

/** What stands between the first two quotes. */
function quotedIn(line: string): string | null {
  const quote = /['"]/.exec(line)?.[0];
  if (quote === undefined) return null;
  return line.split(quote)[1] ?? null;
}

function cut(text: string): string {
  return text.slice(0, charsMax);
}

/** The source tree as text: files, imports and functions, parsed by hand (the compiler has no API to ask). */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { repository } from '../support/paths.js';

export interface SourceFile {
  /** Relative to the checkout, with slashes. */
  readonly path: string;
  readonly text: string;
  /** The same length and lines, with comments and the contents of strings blanked. */
  readonly code: string;
}

const left = new Set(['node_modules', 'dist', '.git', '.cache', 'bin', 'obj', 'publish']);

export function filesBelow(folder: string, wanted: (path: string) => boolean): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(repository, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !left.has(entry.name)) found.push(...filesBelow(path, wanted));
    else if (entry.isFile() && wanted(path)) found.push(path);
  }
  return found.sort();
}

export function readText(path: string): string {
  return readFileSync(join(repository, path), 'utf8');
}

/** Every TypeScript file of the project below these folders. */
export function sources(folders: readonly string[] = ['config', 'pools', 'server', 'test']): SourceFile[] {
  return folders
    .flatMap((folder) => filesBelow(folder, (path) => path.endsWith('.ts')))
    .map((path) => {
      const text = readText(path);
      return { path, text, code: blank(text) };
    });
}

const tokens = new RegExp(
  [
    String.raw`\/\/[^\n]*`,
    String.raw`\/\*[\s\S]*?\*\/`,
    String.raw`'(?:\\.|[^'\\\n])*'`,
    String.raw`"(?:\\.|[^"\\\n])*"`,
    // A template is blanked as a whole; one nested in it ends it early, which only blanks less.
    '`(?:\\\\.|[^`\\\\])*`',
    // A regular expression: a slash where a value may begin.
    String.raw`(?<=[=(,:!&|?{;\[]\s*|return\s+)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/[a-z]*`,
  ].join('|'),
  'g',
);

function blank(text: string): string {
  return text.replace(tokens, (token) => token.replace(/[^\n]/g, ' '));
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
  /** Path in the checkout for relative imports, with `.ts`; otherwise null. */
  readonly target: string | null;
}

const importForms =
  /^[ \t]*(?:import|export)\s+(type\s+)?[^;'"`]*?from\s+['"]([^'"]+)['"]|^[ \t]*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

export function importsOf(file: SourceFile): Import[] {
  return [...file.text.matchAll(importForms)]
    .filter((match) => !/^\s*(\*|\/\/)/.test(match[0]))
    .map((match) => {
      const specifier = match[2] ?? match[3] ?? match[4] ?? '';
      const target = specifier.startsWith('.')
        ? posix.normalize(posix.join(dirname(file.path), specifier)).replace(/\.js$/, '.ts')
        : null;
      return { specifier, line: lineOf(file.text, match.index), typeOnly: match[1] !== undefined, target };
    });
}

export function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

export interface FunctionBody {
  readonly line: number;
  readonly lines: number;
  readonly opening: string;
}

/** Bodies of functions, methods and arrow functions by matching braces. */
export function functionsOf(file: SourceFile): FunctionBody[] {
  const found: FunctionBody[] = [];
  const open: number[] = [];
  for (let index = 0; index < file.code.length; index += 1) {
    if (file.code[index] === '{') open.push(index);
    if (file.code[index] !== '}') continue;
    const start = open.pop();
    if (start === undefined || !opensFunction(file.code, start)) continue;
    const line = lineOf(file.code, start);
    const opening = file.text.split('\n')[line - 1]?.trim() ?? '';
    found.push({ line, opening, lines: lineOf(file.code, index) - line + 1 });
  }
  return found;
}

function opensFunction(code: string, brace: number): boolean {
  const before = code.slice(Math.max(0, brace - 400), brace).trimEnd();
  if (before.endsWith('=>')) return true;
  const close = /\)(?:\s*:\s*[^;{}()=]+(?:<[^;{}=]*>)?)?$/.exec(before);
  if (close === null) return false;
  let depth = 0;
  for (let index = close.index; index >= 0; index -= 1) {
    if (before[index] === ')') depth += 1;
    if (before[index] === '(') depth -= 1;
    if (depth === 0) return !/\b(if|for|while|switch|catch|with|await)\s*$/.test(before.slice(0, index));
  }
  return true;
}

/** `file:line message` for a list of findings, as an editor can open it. */
export function at(file: string, line: number, message: string): string {
  return `${relative(repository, join(repository, file))}:${line} ${message}`;
}

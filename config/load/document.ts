/** A configuration file with everything it includes, as one source document. */
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import { configFileBytesMax, configIncludesMax } from '../base/limits.js';
import { type Environment, expansion, placeOfFile, readSecretFiles } from './expand.js';
import type { FileMemory, FilePart } from './file-memory.js';
import { filesOfPattern, isFileOfPattern, isPattern } from './glob.js';
import { decodeText, type FileText, readBoundedNow } from './read-file.js';
import { readYaml } from './read-yaml.js';
import { diagnosticAt, type MapEntry, type MapNode, type SourceNode } from './source.js';
import { Sources } from './sources.js';

/** Lists that every file of a configuration adds to; everything else may stand in one file only. */
const addingKeys: ReadonlySet<string> = new Set(['sites', 'applicationPools']);

export interface LoadedDocument {
  readonly root: MapNode | null;
  readonly diagnostics: readonly Diagnostic[];
  /** The file and those that it includes. */
  readonly parts: readonly string[];
}

export function loadDocument(
  file: string,
  environment: Environment,
  sources: Sources,
  memory: FileMemory,
): LoadedDocument {
  const diagnostics: Diagnostic[] = [];
  const load = (path: string): MapNode | null => {
    const part = memory.unread(path) ?? loadFile(path, environment, memory);
    sources.include(part.files, part.digest);
    for (const one of part.diagnostics) diagnostics.push(one);
    return part.root;
  };
  const main = load(file);
  if (main === null) return { root: null, diagnostics, parts: [file] };
  const merged: Merged = { entries: new Map(main.entries), items: new Map() };
  const others = includedFiles(main, file, sources, diagnostics, memory);
  for (const included of others) {
    const part = load(included);
    if (part !== null) merge(merged, part, diagnostics);
  }
  const root: MapNode = { kind: 'map', place: main.place, entries: mergedEntries(merged) };
  return { root, diagnostics, parts: [file, ...others] };
}

function loadFile(file: string, environment: Environment, memory: FileMemory): FilePart {
  const own = new Sources();
  const read = readCandidate(file, memory) ?? readBoundedNow(file, configFileBytesMax, true);
  own.add(file, read.kind === 'bytes' ? read.bytes : null);
  const text = read.kind === 'bytes' ? decodeText(read.bytes) : null;
  const secrets = readSecretFiles(text ?? '', file);
  for (const [path, found] of secrets) own.add(path, 'text' in found ? found.text : null);
  const digest = own.digest(read.kind === 'refused' ? read.message : '');
  const known = memory.unparsed(file, digest);
  if (known !== null) return known;
  const part = (root: MapNode | null, diagnostics: readonly Diagnostic[]): FilePart =>
    memory.keep(file, { root, diagnostics, files: [...own.files], digest });
  const refuse = (code: string, message: string, remedy = ''): FilePart =>
    part(null, [diagnosticAt(placeOfFile(file), { code, message, remedy })]);
  if (read.kind === 'absent') return refuse('file-missing', 'the file does not exist');
  if (read.kind === 'refused') return refuse('file-unreadable', read.message);
  if (text === null) return refuse('bad-encoding', 'the file is not valid UTF-8 (or UTF-16 with a byte order mark)');
  if (text.includes('\0')) return refuse('bad-encoding', 'the file holds NUL characters');
  const expanded: Diagnostic[] = [];
  const document = readYaml(
    text,
    file,
    expansion(file, environment, secrets, (problem) => expanded.push(problem)),
  );
  const diagnostics = [...expanded, ...document.diagnostics];
  const { root } = document;
  if (root === null || root.kind === 'map') return part(root, diagnostics);
  const problem = { code: 'not-a-map', message: 'the file must hold a map of settings', remedy: 'start with `sites:`' };
  return part(null, [...diagnostics, diagnosticAt(root.place, problem)]);
}

function readCandidate(file: string, { candidates }: FileMemory): FileText | null {
  const bytes = candidates.get(file);
  if (bytes === undefined) return null;
  return bytes === null ? { kind: 'absent' } : { kind: 'bytes', bytes };
}

function includedFiles(
  main: MapNode,
  file: string,
  sources: Sources,
  diagnostics: Diagnostic[],
  memory: FileMemory,
): string[] {
  const include = main.entries.get('include')?.value;
  if (include === undefined) return [];
  const items = include.kind === 'list' ? include.items : [include];
  const found = new Set<string>();
  for (const item of items) {
    // Anything but text is reported by the schema.
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    const pattern = resolve(dirname(file), item.value);
    // A pattern without wildcards is that file, there or not.
    if (!isPattern(pattern)) found.add(pattern);
    else {
      sources.add(pattern, null);
      for (const match of memory.filesOf(pattern, () => filesOfPattern(pattern))) found.add(match);
      for (const [candidate, bytes] of memory.candidates) {
        if (bytes === null) found.delete(candidate);
        else if (isFileOfPattern(pattern, candidate)) found.add(candidate);
      }
    }
  }
  found.delete(file);
  if (found.size > configIncludesMax) {
    const message = `include finds ${found.size} files; at most ${configIncludesMax} are read`;
    diagnostics.push(diagnosticAt(include.place, { code: 'too-many-includes', message, path: ['include'] }));
    return [];
  }
  return [...found].sort();
}

function merge(into: Merged, part: MapNode, diagnostics: Diagnostic[]): void {
  for (const [key, entry] of part.entries) {
    const before = into.entries.get(key);
    if (key === 'include') {
      const message = 'an included file cannot include others';
      diagnostics.push(diagnosticAt(entry.keyPlace, { code: 'nested-include', message, path: [key] }));
    } else if (before === undefined) {
      into.entries.set(key, entry);
    } else if (addingKeys.has(key) && before.value.kind === 'list' && entry.value.kind === 'list') {
      const items = into.items.get(key) ?? [...before.value.items];
      for (const item of entry.value.items) items.push(item);
      into.items.set(key, items);
    } else {
      diagnostics.push(
        diagnosticAt(entry.keyPlace, {
          code: 'set-twice',
          message: `${key} is also set in ${before.keyPlace.file}:${before.keyPlace.line}`,
          remedy: 'keep it in one file',
          path: [key],
        }),
      );
    }
  }
}

/** Entries, and the items of lists that several files added to. */
interface Merged {
  readonly entries: Map<string, MapEntry>;
  readonly items: Map<string, SourceNode[]>;
}

function mergedEntries({ entries, items }: Merged): ReadonlyMap<string, MapEntry> {
  for (const [key, all] of items) {
    const first = entries.get(key);
    if (first === undefined) continue;
    entries.set(key, { keyPlace: first.keyPlace, value: { kind: 'list', place: first.value.place, items: all } });
  }
  return entries;
}

/** A configuration file with everything it includes, as one source document. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import { configFileBytesMax, configIncludesMax } from '../base/limits.js';
import { type Environment, expansion, placeOfFile, readSecretFiles } from './expand.js';
import { decodeText, readBounded } from './read-file.js';
import { readYaml } from './read-yaml.js';
import { diagnosticAt, type MapEntry, type MapNode, type Place, type SourceNode } from './source.js';

/** Lists that every file of a configuration adds to; everything else may stand in one file only. */
const addingKeys: ReadonlySet<string> = new Set(['sites', 'applicationPools']);

/** What one load reads, for the watcher and the version. */
export class Sources {
  /** Files that were read or looked for; for an include pattern the pattern itself. */
  readonly files = new Set<string>();
  private readonly read: string[] = [];

  add(file: string, contents: Uint8Array | string | null): void {
    this.files.add(file);
    this.read.push(`${file}\0${contents === null ? '' : createHash('sha256').update(contents).digest('base64')}\0`);
  }

  /** Whatever the order of reading: files of different applications are read at the same time. */
  digest(more: string): string {
    const hash = createHash('sha256');
    for (const one of this.read.toSorted()) hash.update(one);
    return hash.update(more).digest('hex').slice(0, 32);
  }
}

export interface LoadedDocument {
  readonly root: MapNode | null;
  readonly diagnostics: readonly Diagnostic[];
}

export async function loadDocument(file: string, environment: Environment, sources: Sources): Promise<LoadedDocument> {
  const diagnostics: Diagnostic[] = [];
  const main = await loadFile(file, environment, sources, diagnostics);
  if (main === null) return { root: null, diagnostics };
  let entries = new Map(main.entries);
  for (const included of await includedFiles(main, file, sources, diagnostics)) {
    const part = await loadFile(included, environment, sources, diagnostics);
    if (part !== null) entries = merge(entries, part, diagnostics);
  }
  return { root: { kind: 'map', place: main.place, entries }, diagnostics };
}

async function loadFile(
  file: string,
  environment: Environment,
  sources: Sources,
  diagnostics: Diagnostic[],
): Promise<MapNode | null> {
  const refuse = (code: string, message: string, remedy = ''): null => {
    diagnostics.push(diagnosticAt(placeOfFile(file), { code, message, remedy }));
    return null;
  };
  const read = await readBounded(file, configFileBytesMax, true);
  sources.add(file, read.kind === 'bytes' ? read.bytes : null);
  if (read.kind === 'absent') return refuse('file-missing', 'the file does not exist');
  if (read.kind === 'refused') return refuse('file-unreadable', read.message);
  const text = decodeText(read.bytes);
  if (text === null) return refuse('bad-encoding', 'the file is not valid UTF-8 (or UTF-16 with a byte order mark)');
  if (text.includes('\0')) return refuse('bad-encoding', 'the file holds NUL characters');
  const secrets = await readSecretFiles(text, file);
  for (const [path, found] of secrets) sources.add(path, 'text' in found ? found.text : null);
  const read2 = readYaml(
    text,
    file,
    expansion(file, environment, secrets, (problem) => diagnostics.push(problem)),
  );
  diagnostics.push(...read2.diagnostics);
  if (read2.root === null) return null;
  if (read2.root.kind !== 'map') {
    diagnostics.push(
      diagnosticAt(read2.root.place, {
        code: 'not-a-map',
        message: 'the file must hold a map of settings',
        remedy: 'start with `sites:`',
      }),
    );
    return null;
  }
  return read2.root;
}

async function includedFiles(
  main: MapNode,
  file: string,
  sources: Sources,
  diagnostics: Diagnostic[],
): Promise<string[]> {
  const include = main.entries.get('include')?.value;
  if (include === undefined) return [];
  const items = include.kind === 'list' ? include.items : [include];
  const found = new Set<string>();
  for (const item of items) {
    // Anything but text is reported by the schema.
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    const pattern = resolve(dirname(file), item.value);
    for (const match of await expandPattern(pattern, sources)) found.add(match);
  }
  found.delete(file);
  if (found.size > configIncludesMax) {
    const message = `include finds ${found.size} files; at most ${configIncludesMax} are read`;
    diagnostics.push(diagnosticAt(include.place, { code: 'too-many-includes', message, path: ['include'] }));
    return [];
  }
  return [...found].sort();
}

/** `*` and `?` stand for parts of one name; a pattern without them is that file, there or not. */
async function expandPattern(pattern: string, sources: Sources): Promise<string[]> {
  if (!/[*?]/.test(pattern)) return [pattern];
  sources.add(pattern, null);
  let folders = ['/'];
  const parts = pattern.split(sep).filter((part) => part !== '');
  for (const [index, part] of parts.entries()) {
    const wild = /[*?]/.test(part) ? globPart(part) : null;
    const next: string[] = [];
    for (const folder of folders) {
      if (wild === null) next.push(resolve(folder, part));
      else next.push(...(await matchingEntries(folder, wild, index < parts.length - 1)));
      if (next.length > configIncludesMax) return next;
    }
    folders = next;
  }
  return folders;
}

async function matchingEntries(folder: string, wild: (name: string) => boolean, folders: boolean): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const usable = entries.filter(
      (entry) => (folders ? !entry.isFile() : !entry.isDirectory()) && !entry.name.startsWith('.'),
    );
    return usable.filter((entry) => wild(entry.name)).map((entry) => resolve(folder, entry.name));
  } catch {
    return [];
  }
}

/** Greedy match with one step back per `*`: linear in the name, no regular expression from a file. */
function globPart(pattern: string): (name: string) => boolean {
  return (name) => {
    let [at, star, mark] = [0, -1, 0];
    for (let i = 0; i < name.length; ) {
      if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[i]) && pattern[at] !== '*') {
        at++;
        i++;
      } else if (pattern[at] === '*') {
        star = at++;
        mark = i;
      } else if (star >= 0) {
        at = star + 1;
        i = ++mark;
      } else return false;
    }
    while (pattern[at] === '*') at++;
    return at === pattern.length;
  };
}

function merge(into: Map<string, MapEntry>, part: MapNode, diagnostics: Diagnostic[]): Map<string, MapEntry> {
  const merged = new Map(into);
  for (const [key, entry] of part.entries) {
    const before = merged.get(key);
    if (key === 'include') {
      const message = 'an included file cannot include others';
      diagnostics.push(diagnosticAt(entry.keyPlace, { code: 'nested-include', message, path: [key] }));
    } else if (before === undefined) {
      merged.set(key, entry);
    } else if (addingKeys.has(key) && before.value.kind === 'list' && entry.value.kind === 'list') {
      merged.set(key, {
        keyPlace: before.keyPlace,
        value: joined(before.value, entry.value.items, before.value.place),
      });
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
  return merged;
}

function joined(
  first: { readonly items: readonly SourceNode[] },
  more: readonly SourceNode[],
  place: Place,
): SourceNode {
  return { kind: 'list', place, items: [...first.items, ...more] };
}

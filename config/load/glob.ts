/** Patterns of `include`: `*` and `?` stand for parts of one name. */
import { type Dirent, readdirSync } from 'node:fs';
import { basename, dirname, resolve, sep } from 'node:path';
import { configIncludesMax } from '../base/limits.js';

export function isPattern(path: string): boolean {
  return /[*?]/.test(path);
}

/** Whether a name in the last folder of the pattern may be one of its files. */
export function patternTakes(pattern: string, name: string): boolean {
  return !name.startsWith('.') && globPart(basename(pattern))(name);
}

/** Whether a file, there or not, is one of the pattern's; both absolute. */
export function isFileOfPattern(pattern: string, file: string): boolean {
  const [parts, names] = [pattern.split(sep), file.split(sep)];
  if (parts.length !== names.length) return false;
  return parts.every((part, index) => {
    const name = names[index] ?? '';
    return isPattern(part) ? !name.startsWith('.') && globPart(part)(name) : part === name;
  });
}

/** The folder of the pattern's files; what is above its first wildcard where folders have one too. */
export function folderOfPattern(pattern: string): string {
  let folder = dirname(pattern);
  while (isPattern(folder)) folder = dirname(folder);
  return folder;
}

/** The files of a pattern; about the limit of them, never many more. */
export function filesOfPattern(pattern: string): string[] {
  let folders = ['/'];
  const parts = pattern.split(sep).filter((part) => part !== '');
  for (const [index, part] of parts.entries()) {
    const wild = isPattern(part) ? globPart(part) : null;
    const next: string[] = [];
    for (const folder of folders) {
      if (wild === null) next.push(resolve(folder, part));
      else next.push(...matchingEntries(folder, wild, index < parts.length - 1));
      if (next.length > configIncludesMax) return next;
    }
    folders = next;
  }
  return folders;
}

function matchingEntries(folder: string, wild: (name: string) => boolean, folders: boolean): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  const usable = entries.filter(
    (entry) => (folders ? !entry.isFile() : !entry.isDirectory()) && !entry.name.startsWith('.'),
  );
  return usable.filter((entry) => wild(entry.name)).map((entry) => resolve(folder, entry.name));
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

/** web.config under whatever case it was written: on the systems that these files come from, all are one name. */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../base/errors.js';
import { detectionFolderEntriesMax } from '../base/limits.js';
import type { Sources } from './document.js';

/** Looked for by name too: the watcher sees them appear, and a folder may be too large or closed to list. */
const usualNames = ['web.config', 'Web.config', 'Web.Config'] as const;

/** Names in the folder that stand for its web.config; more than one only where names have case. */
export async function findWebConfigs(folder: string, sources: Sources): Promise<readonly string[]> {
  for (const name of usualNames) sources.add(join(folder, name), null);
  const found = new Set<string>();
  let entries = 0;
  try {
    for await (const { name } of await opendir(folder)) {
      if (name.toLowerCase() === 'web.config') found.add(name);
      if (++entries > detectionFolderEntriesMax) return usualNames;
    }
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? [] : usualNames;
  }
  for (const name of found) sources.add(join(folder, name), null);
  return [...found].sort();
}

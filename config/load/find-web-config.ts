/** web.config under whatever case it was written: on the systems that these files come from, all are one name. */
import { opendirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../base/errors.js';
import { detectionFolderEntriesMax } from '../base/limits.js';
import type { Sources } from './sources.js';

/** Looked for by name too: the watcher sees them appear, and a folder may be too large or closed to list. */
const usualNames = ['web.config', 'Web.config', 'Web.Config'] as const;
/** Entries that one system call brings along. */
const bufferedEntries = 128;

/** What a search for web.config files sees of one folder. */
export interface Listing {
  /** Names that stand for its web.config, if they are there; more than one only where names have case. */
  readonly webConfigs: readonly string[];
  /** Names of folders in it, sorted, without symbolic links. */
  readonly folders: readonly string[];
  readonly entries: number;
  /** False: it has more than `entriesMax` entries, or cannot be listed; the names are not all. */
  readonly isWhole: boolean;
}

/** The folder of an application; the watcher will see a web.config appear. */
export function listApplication(folder: string, sources: Sources): Listing {
  for (const name of usualNames) sources.add(join(folder, name), null);
  const listing = listFolder(folder, detectionFolderEntriesMax);
  if (listing === null) return { webConfigs: [], folders: [], entries: 0, isWhole: true };
  return listing.isWhole ? listing : { ...listing, webConfigs: withUsual(listing.webConfigs) };
}

/**
 * null = there is no such folder. Not asynchronous: a load has its own thread, may look at 100,000 folders, and
 * waiting for each of them costs three times as much as looking.
 */
export function listFolder(folder: string, entriesMax: number): Listing | null {
  let webConfigs: readonly string[] = [];
  const folders: string[] = [];
  let [entries, isWhole] = [0, true];
  try {
    const opened = opendirSync(folder, { bufferSize: bufferedEntries });
    try {
      for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
        if (++entries > entriesMax) {
          isWhole = false;
          webConfigs = withUsual(webConfigs);
          break;
        }
        if (entry.isDirectory()) folders.push(entry.name);
        if (entry.name.toLowerCase() === 'web.config') webConfigs = [...webConfigs, entry.name];
      }
    } finally {
      opened.closeSync();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    isWhole = false;
  }
  return { webConfigs: webConfigs.toSorted(), folders: folders.sort(), entries, isWhole };
}

function withUsual(names: readonly string[]): readonly string[] {
  return [...new Set([...usualNames, ...names])];
}

/**
 * The web.config files in the folders inside an application. IIS reads one with every request below its folder;
 * here they are only looked for, so that a restriction in one is not passed over.
 */
import { join } from 'node:path';
import { subFolderEntriesMax } from '../base/limits.js';
import { type Listing, listFolder } from './find-web-config.js';
import { readWebConfig, type WebConfigReader, type WebConfigResult } from './web-config.js';

export interface SubFolders {
  /** Upper folders first. */
  readonly files: readonly Exclude<WebConfigResult, { readonly kind: 'absent' }>[];
  /** Where the search ended: every folder before it was looked at; null = nowhere. */
  readonly endedAt: string | null;
}

export interface SubFolderSearch {
  readonly reader: WebConfigReader;
  /** The application's own folder. */
  readonly root: string;
  readonly foldersMax: number;
  /** The folder at this path below the root (`a/b`) is not the application's business. */
  readonly isOthers: (folder: string, path: string) => boolean;
}

/** Breadth first: what lies nearest to the root is seen also in a folder without end. */
export async function searchSubFolders(search: SubFolderSearch): Promise<SubFolders> {
  const { reader, root, foldersMax } = search;
  const files: SubFolders['files'][number][] = [];
  const top = reader.list(root);
  const paths = pathsBelow(search, '', top);
  let [endedAt, entriesLeft] = [top.isWhole ? null : root, subFolderEntriesMax];
  for (const [index, path] of paths.entries()) {
    const folder = join(root, path);
    if (index >= foldersMax || entriesLeft <= 0) return { files, endedAt: endedAt ?? folder };
    const listing = listFolder(folder, entriesLeft);
    if (listing === null) continue;
    entriesLeft -= listing.entries;
    if (!listing.isWhole) endedAt ??= folder;
    const found = await readWebConfig(folder, listing.webConfigs, reader.sources);
    if (found.kind !== 'absent') files.push(found);
    // Iteration goes on over what is added here, never further than the limit.
    paths.push(...pathsBelow(search, path, listing).slice(0, foldersMax));
  }
  return { files, endedAt };
}

/** Packages and hidden folders are no part of what an application serves. */
function pathsBelow({ root, isOthers }: SubFolderSearch, path: string, { folders }: Listing): string[] {
  return folders
    .filter((name) => name !== 'node_modules' && !name.startsWith('.'))
    .map((name) => (path === '' ? name : `${path}/${name}`))
    .filter((below) => !isOthers(join(root, below), below));
}

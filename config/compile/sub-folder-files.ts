/** What the web.config files inside an application's folder mean for it. */
import type { Diagnostic } from '../base/diagnostics.js';
import { placeOfFile } from '../load/expand.js';
import { diagnosticAt } from '../load/source.js';
import { type SubFolders, searchSubFolders } from '../load/sub-folders.js';
import type { WebConfig, WebConfigReader } from '../load/web-config.js';
import { keyOf, type Restriction, restrictionIn } from './web-config-layers.js';

export interface SubFolderInput {
  readonly reader: WebConfigReader;
  readonly physicalPath: string;
  /** Path of the application, and those of all applications of its site (see `keyOf`). */
  readonly target: string;
  readonly applications: ReadonlySet<string>;
  /** Folders of all applications of all sites. */
  readonly applicationFolders: ReadonlySet<string>;
  readonly foldersMax: number;
}

export interface SubFolderFiles {
  readonly restrictions: readonly Restriction[];
  /** A file that cannot be understood may restrict; IIS serves nothing from its folder either. */
  readonly refused: Diagnostic | null;
  /** The files without restrictions; null = there are none. */
  readonly mention: Diagnostic | null;
  /** See SubFolders. */
  readonly endedAt: SubFolders['endedAt'];
}

export async function subFolderFiles(input: SubFolderInput): Promise<SubFolderFiles> {
  const { reader, physicalPath, target, applications, applicationFolders, foldersMax } = input;
  const { files, endedAt } = await searchSubFolders({
    reader,
    root: physicalPath,
    foldersMax,
    isOthers: (folder, path) =>
      applicationFolders.has(folder) || applications.has(keyOf(target === '' ? path : `${target}/${path}`)),
  });
  const restrictions: Restriction[] = [];
  const others: string[] = [];
  let refused: Diagnostic | null = null;
  for (const found of files) {
    if (found.kind === 'refused') {
      refused ??= found.diagnostic;
      continue;
    }
    const inFile = restrictionsOf(found.config);
    restrictions.push(...inFile);
    if (inFile.length === 0) others.push(found.config.file);
  }
  return { restrictions, refused, mention: mention(others), endedAt };
}

/** In every location: which part of the application is meant does not matter, all of it is closed. */
function restrictionsOf({ file, scopes }: WebConfig): Restriction[] {
  const sections = scopes.flatMap((scope) => scope.sections);
  return sections.map((section) => restrictionIn(file, section)).filter((found) => found !== null);
}

function mention([first, ...more]: readonly string[]): Diagnostic | null {
  if (first === undefined) return null;
  const others = more.length === 0 ? '' : ` (and ${more.length} more such files)`;
  return diagnosticAt(placeOfFile(first), {
    severity: 'warning',
    code: 'sub-folder-not-acting',
    message: `a web.config in a folder inside an application has no effect${others}`,
    remedy: 'move what is needed into the web.config of the application',
  });
}

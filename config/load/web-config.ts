/** An application's web.config, read like something a stranger wrote. What it means is decided elsewhere. */
import { join } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import { webConfigBytesMax } from '../base/limits.js';
import { shown } from '../base/units.js';
import type { Sources } from './sources.js';
import { placeOfFile } from './expand.js';
import { type Listing, listApplication } from './find-web-config.js';
import { readBoundedNow } from './read-file.js';
import { readXml } from './read-xml.js';
import { diagnosticAt, type Place, type Problem } from './source.js';
import { misspelling } from './spelling.js';
import { type Scope, scopesOf } from './web-config-scopes.js';
import { xmlText } from './xml-text.js';

export interface WebConfig {
  readonly file: string;
  /** Outer paths before inner ones. */
  readonly scopes: readonly Scope[];
}

export type WebConfigResult =
  | { readonly kind: 'absent' }
  | { readonly kind: 'read'; readonly config: WebConfig }
  | { readonly kind: 'refused'; readonly diagnostic: Diagnostic };

/** Reads each folder once in a load: the file of an application may hold for those below it too. */
export class WebConfigReader {
  readonly sources: Sources;
  private readonly listings = new Map<string, Listing>();
  private readonly byFolder = new Map<string, Promise<WebConfigResult>>();

  constructor(sources: Sources) {
    this.sources = sources;
  }

  read(folder: string): Promise<WebConfigResult> {
    const before = this.byFolder.get(folder);
    if (before !== undefined) return before;
    const reading = readWebConfig(folder, this.list(folder).webConfigs, this.sources);
    this.byFolder.set(folder, reading);
    return reading;
  }

  /** The folder of an application. */
  list(folder: string): Listing {
    const before = this.listings.get(folder);
    if (before !== undefined) return before;
    const listing = listApplication(folder, this.sources);
    this.listings.set(folder, listing);
    return listing;
  }
}

/** The web.config of `folder` under these names, which differ only in case. */
export async function readWebConfig(
  folder: string,
  written: readonly string[],
  sources: Sources,
): Promise<WebConfigResult> {
  const there: Exclude<WebConfigResult, { readonly kind: 'absent' }>[] = [];
  const names: string[] = [];
  for (const name of written) {
    const result = await readOne(join(folder, name), sources);
    if (result.kind === 'absent') continue;
    names.push(name);
    there.push(result);
  }
  if (names.length < 2) return there[0] ?? { kind: 'absent' };
  const diagnostic = diagnosticAt(placeOfFile(join(folder, names[0] ?? '')), {
    severity: 'warning',
    code: 'web-config-refused',
    message: `${names.join(' and ')} are the same name to IIS: which one holds is not decided here`,
    remedy: 'keep one of them',
  });
  return { kind: 'refused', diagnostic };
}

async function readOne(file: string, sources: Sources): Promise<WebConfigResult> {
  const read = readBoundedNow(file, webConfigBytesMax, false);
  sources.add(file, read.kind === 'bytes' ? read.bytes : null);
  if (read.kind === 'absent') return { kind: 'absent' };
  const refuse = (problem: Omit<Problem, 'code'>, place: Place = placeOfFile(file)): WebConfigResult => ({
    kind: 'refused',
    diagnostic: diagnosticAt(place, { ...problem, severity: 'warning', code: 'web-config-refused' }),
  });
  if (read.kind === 'refused') return refuse({ message: `web.config is refused: ${read.message}` });
  const decoded = xmlText(read.bytes);
  if ('message' in decoded) {
    const { line, column, message, remedy } = decoded;
    return refuse({ message, remedy }, { file, line, column });
  }
  const { text } = decoded;
  if (isOnlyComments(text)) return { kind: 'read', config: { file, scopes: [] } };
  const xml = readXml(text);
  if (!xml.ok) {
    const place = { file, line: xml.line, column: xml.column };
    return refuse({ message: `web.config is not well-formed: ${xml.message}`, remedy: xml.remedy }, place);
  }
  const { root } = xml;
  if (root.name !== 'configuration') {
    const place = { file, line: root.line, column: root.column };
    return refuse({ message: `the root element is <${shown(root.name)}>, not <configuration>` }, place);
  }
  const wrong = misspelling(root);
  if (wrong !== null) {
    const { line, column, written, right } = wrong;
    const message = `${written} is refused by IIS: names are compared with case`;
    return refuse({ message, remedy: `write ${right}` }, { file, line, column });
  }
  const found = scopesOf(root);
  if ('scopes' in found) return { kind: 'read', config: { file, scopes: found.scopes } };
  const { line, column, message, remedy } = found.problem;
  return refuse({ message, remedy }, { file, line, column });
}

/** `dotnet new webconfig` writes a file whose whole content is a comment. */
function isOnlyComments(text: string): boolean {
  let rest = text.replace(/^\ufeff/, '').trim();
  if (/^<\?xml[^>]*\?>/.test(rest)) rest = rest.slice(rest.indexOf('?>') + 2).trim();
  let comments = 0;
  while (rest.startsWith('<!--')) {
    const end = rest.indexOf('-->', 4);
    if (end < 0) return false;
    rest = rest.slice(end + 3).trim();
    comments++;
  }
  // An empty file is more likely half written than meant.
  return comments > 0 && rest === '';
}

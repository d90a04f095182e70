/**
 * An application's web.config: read like something a stranger wrote, then sorted into what Sluice
 * does, what it only mentions, and what it must not ignore.
 */
import { join } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import { webConfigBytesMax } from '../base/limits.js';
import { shown } from '../base/units.js';
import type { Sources } from './document.js';
import { placeOfFile } from './expand.js';
import { findWebConfigs } from './find-web-config.js';
import { decodeText, readBounded } from './read-file.js';
import { readXml, type XmlElement } from './read-xml.js';
import { restriction } from './restricting.js';
import { diagnosticAt, type Place, type Problem } from './source.js';
import { misspelling } from './spelling.js';

export interface WebConfig {
  readonly file: string;
  /** The aspNetCore or httpPlatform element of this application; null = none, which is normal. */
  readonly hosting: { readonly module: 'aspNetCore' | 'httpPlatform'; readonly element: XmlElement } | null;
  readonly requestLimits: XmlElement | null;
  readonly webSocket: XmlElement | null;
  /** Sections that restrict access, with the element that does. */
  readonly restrictions: readonly Restriction[];
  /** Sections that are only mentioned: one warning each. */
  readonly mentions: readonly Mention[];
  /** The file restricts access for child applications too, as IIS inherits it. */
  readonly flowsToChildren: boolean;
}

export interface Mention {
  readonly section: string;
  readonly diagnostic: Diagnostic;
}

export interface Restriction {
  /** Such as `security/ipSecurity`. */
  readonly section: string;
  readonly place: Place;
  readonly element: string;
}

export type WebConfigResult =
  | { readonly kind: 'absent' }
  | { readonly kind: 'read'; readonly config: WebConfig }
  | { readonly kind: 'refused'; readonly diagnostic: Diagnostic };

/** The web.config of `folder`, whatever the case of its name. */
export async function readWebConfig(folder: string, sources: Sources): Promise<WebConfigResult> {
  const there: Exclude<WebConfigResult, { readonly kind: 'absent' }>[] = [];
  const names: string[] = [];
  for (const name of await findWebConfigs(folder, sources)) {
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
  const read = await readBounded(file, webConfigBytesMax, false);
  sources.add(file, read.kind === 'bytes' ? read.bytes : null);
  if (read.kind === 'absent') return { kind: 'absent' };
  const refuse = (problem: Omit<Problem, 'code'>, place: Place = placeOfFile(file)): WebConfigResult => ({
    kind: 'refused',
    diagnostic: diagnosticAt(place, { ...problem, severity: 'warning', code: 'web-config-refused' }),
  });
  if (read.kind === 'refused') return refuse({ message: `web.config is refused: ${read.message}` });
  const text = decodeText(read.bytes);
  if (text === null) return refuse({ message: 'web.config is neither UTF-8 nor UTF-16 with a byte order mark' });
  if (isOnlyComments(text)) return { kind: 'read', config: emptyConfig(file) };
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
  return { kind: 'read', config: new Sorter(file).sort(root) };
}

function emptyConfig(file: string): WebConfig {
  return {
    file,
    hosting: null,
    requestLimits: null,
    webSocket: null,
    restrictions: [],
    mentions: [],
    flowsToChildren: false,
  };
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

const ownModules: ReadonlySet<string> = new Set(['aspnetcoremodule', 'aspnetcoremodulev2', 'httpplatformhandler']);

class Sorter {
  private readonly file: string;
  private readonly mentions: Mention[] = [];
  private readonly restrictions: Restriction[] = [];
  private hosting: WebConfig['hosting'] = null;
  private requestLimits: XmlElement | null = null;
  private webSocket: XmlElement | null = null;
  private flowsToChildren = false;

  constructor(file: string) {
    this.file = file;
  }

  sort(root: XmlElement): WebConfig {
    for (const child of root.children) {
      if (child.name === 'system.webServer') this.webServer(child, { here: true, inherited: true });
      else if (child.name === 'location') this.location(child);
      else this.mention(child.name, child, 'is not read by Sluice');
    }
    const { file, hosting, requestLimits, webSocket, restrictions, mentions, flowsToChildren } = this;
    return { file, hosting, requestLimits, webSocket, restrictions, mentions, flowsToChildren };
  }

  /** `path` ".", "" or absent is this folder; another path holds only for a part of the application. */
  private location(location: XmlElement): void {
    const path = location.attributes.get('path')?.value.trim() ?? '';
    const here = path === '' || path === '.';
    const inherited = location.attributes.get('inheritInChildApplications')?.value.trim().toLowerCase() !== 'false';
    for (const child of location.children) {
      if (child.name === 'system.webServer') this.webServer(child, { here, inherited: here && inherited });
      else this.mention(child.name, child, 'is not read by Sluice');
    }
  }

  private webServer(server: XmlElement, where: { readonly here: boolean; readonly inherited: boolean }): void {
    for (const section of server.children) {
      if (section.name === 'security' || section.name === 'rewrite') {
        for (const inner of section.children) this.section(`${section.name}/${inner.name}`, inner, where);
      } else this.section(section.name, section, where);
    }
  }

  private section(
    path: string,
    section: XmlElement,
    where: { readonly here: boolean; readonly inherited: boolean },
  ): void {
    const restricts = restriction(path, section);
    if (restricts !== null) {
      this.restrictions.push({ section: path, place: this.place(restricts), element: restricts.name });
      this.flowsToChildren ||= where.inherited;
    }
    if (path === 'aspNetCore' || path === 'httpPlatform') {
      if (!where.here)
        this.mention(path, section, 'below a location path does not act: the application is hosted as a whole');
      else if (this.hosting === null || path === 'aspNetCore') this.hosting = { module: path, element: section };
    } else if (path === 'security/requestFiltering') {
      const limits = section.children.find((child) => child.name === 'requestLimits');
      if (limits?.attributes.has('maxAllowedContentLength') === true) {
        if (where.here) this.requestLimits = limits;
        else this.mention('requestLimits', limits, 'below a location path does not act yet');
      }
    } else if (path === 'webSocket' && where.here) this.webSocket = section;
    else if (path === 'handlers') this.handlers(section);
    else if (restricts === null) this.mention(path, section, 'does not act yet');
  }

  /** The handler that leads to the module is implied; others would have served files or scripts. */
  private handlers(section: XmlElement): void {
    const other = section.children.find(
      (child) =>
        child.name === 'add' && !ownModules.has(child.attributes.get('modules')?.value.trim().toLowerCase() ?? ''),
    );
    if (other !== undefined)
      this.mention('handlers', other, 'holds a handler that does not act: every request goes to the application');
  }

  private mention(name: string, element: XmlElement, what: string): void {
    if (this.mentions.some(({ section }) => section === name)) return;
    const message = `the section ${name} of web.config ${what}`;
    const problem = { severity: 'warning', code: 'section-not-acting', message } as const;
    this.mentions.push({ section: name, diagnostic: diagnosticAt(this.place(element), problem) });
  }

  private place(element: XmlElement): Place {
    return { file: this.file, line: element.line, column: element.column };
  }
}

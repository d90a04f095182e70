/**
 * IIS compares the names of elements and attributes with case and refuses a file that gets it wrong. A
 * name that is passed over here could be the one that restricts access, so it is refused here too.
 */
import type { XmlElement } from './read-xml.js';

export interface Misspelling {
  readonly line: number;
  readonly column: number;
  /** `<Security>` or the attribute `Enabled`. */
  readonly written: string;
  readonly right: string;
}

const outerNames = named('system.webServer location');
const sectionNames = named('security rewrite handlers aspNetCore httpPlatform iisnode webSocket serverRuntime tracing');
/** What stands below the sections that are looked into. */
const innerNames = named(
  'access authentication authorization dynamicIpSecurity ipSecurity requestFiltering isapiCgiRestriction ' +
    'anonymousAuthentication basicAuthentication clientCertificateMappingAuthentication digestAuthentication ' +
    'iisClientCertificateMappingAuthentication windowsAuthentication denyByConcurrentRequests denyByRequestRate ' +
    'verbs fileExtensions hiddenSegments denyUrlSequences denyQueryStringSequences filteringRules filteringRule ' +
    'requestLimits headerLimits rules globalRules rule action add remove clear ' +
    'traceFailedRequests',
);
const attributeNames = named(
  'accessPolicy accessType allowDoubleEscaping allowHighBitCharacters allowUnlisted allowed configProtectionProvider ' +
    'configSource enabled maxAllowedContentLength maxQueryString maxUrl modules roles sslFlags type users verbs',
);
const locationAttributes = named('path inheritInChildApplications allowOverride overrideMode');
/** Their own reader refuses what it does not know. */
const modules: ReadonlySet<string> = new Set(['aspNetCore', 'httpPlatform', 'iisnode']);

/** The first such name of a web.config, in reading order; null = none. */
export function misspelling(root: XmlElement): Misspelling | null {
  return first(root.children, (child) => {
    const wrong = wrongElement(child, outerNames);
    if (wrong !== null) return wrong;
    if (child.name === 'system.webServer') return inWebServer(child);
    return child.name === 'location' ? inLocation(child) : null;
  });
}

function inLocation(location: XmlElement): Misspelling | null {
  const inside = (child: XmlElement): Misspelling | null =>
    wrongElement(child, outerNames) ?? (child.name === 'system.webServer' ? inWebServer(child) : null);
  return wrongAttribute(location, locationAttributes) ?? first(location.children, inside);
}

function inWebServer(server: XmlElement): Misspelling | null {
  return first(server.children, (section) => {
    const wrong = wrongElement(section, sectionNames);
    if (wrong !== null || !sectionNames.has(section.name.toLowerCase()) || modules.has(section.name)) return wrong;
    return inSection(section);
  });
}

function inSection(section: XmlElement): Misspelling | null {
  return (
    wrongAttribute(section, attributeNames) ??
    first(section.children, (child) => wrongElement(child, innerNames) ?? inSection(child))
  );
}

function first(elements: readonly XmlElement[], look: (element: XmlElement) => Misspelling | null): Misspelling | null {
  for (const element of elements) {
    const found = look(element);
    if (found !== null) return found;
  }
  return null;
}

function wrongElement(element: XmlElement, names: ReadonlyMap<string, string>): Misspelling | null {
  const right = names.get(element.name.toLowerCase());
  if (right === undefined || right === element.name) return null;
  return { line: element.line, column: element.column, written: `<${element.name}>`, right: `<${right}>` };
}

function wrongAttribute(element: XmlElement, names: ReadonlyMap<string, string>): Misspelling | null {
  for (const [name, { line, column }] of element.attributes) {
    const right = names.get(name.toLowerCase());
    if (right === undefined || right === name) continue;
    return { line, column, written: `the attribute ${name} of <${element.name}>`, right };
  }
  return null;
}

/** Lower case -> as IIS writes it. */
function named(names: string): ReadonlyMap<string, string> {
  return new Map(names.split(' ').map((name) => [name.toLowerCase(), name]));
}

/**
 * Sections of system.webServer that restrict access. None of them is implemented yet; an application
 * that relies on one must not be served as if it were not there.
 */
import type { XmlElement } from './read-xml.js';

const filteringDenies: ReadonlySet<string> = new Set([
  'verbs',
  'fileExtensions',
  'hiddenSegments',
  'denyUrlSequences',
  'denyQueryStringSequences',
  'filteringRules',
]);

/** The element inside `section` that restricts access; null = the section allows what it would without it. */
export function restriction(path: string, section: XmlElement): XmlElement | null {
  const known = restrictingSections.has(path.toLowerCase());
  // Its rules stand in another file, or encrypted: they cannot be looked at.
  if (known && (section.attributes.has('configSource') || section.attributes.has('configProtectionProvider'))) {
    return section;
  }
  return known ? restrictionOf(path.toLowerCase(), section) : null;
}

const restrictingSections: ReadonlySet<string> = new Set([
  'security/ipsecurity',
  'security/dynamicipsecurity',
  'security/authorization',
  'security/access',
  'security/authentication',
  'security/requestfiltering',
  'rewrite/rules',
  'rewrite/globalrules',
  'handlers',
  'serverruntime',
]);

function restrictionOf(path: string, section: XmlElement): XmlElement | null {
  switch (path) {
    case 'security/ipsecurity':
      return is(section, 'allowUnlisted', 'false') ? section : entry(section, (add) => !is(add, 'allowed', 'true'));
    case 'security/dynamicipsecurity':
      return section.children.find((child) => is(child, 'enabled', 'true')) ?? null;
    case 'security/authorization':
      return authorization(section);
    case 'security/access':
      return ['', 'none'].includes(valueOf(section, 'sslFlags').toLowerCase()) ? null : section;
    case 'security/authentication':
      return authentication(section);
    case 'security/requestfiltering':
      return requestFiltering(section);
    case 'rewrite/rules':
    case 'rewrite/globalrules':
      return section.children.find(abortsOrAnswers) ?? null;
    case 'handlers':
      return handlers(section);
    case 'serverruntime':
      return is(section, 'enabled', 'false') ? section : null;
    default:
      return null;
  }
}

/** The handler of an application needs Script; `None`, `Read` alone and the NoRemote flags refuse requests. */
function handlers(section: XmlElement): XmlElement | null {
  if (!section.attributes.has('accessPolicy')) return null;
  const flags = valueOf(section, 'accessPolicy')
    .split(',')
    .map((flag) => flag.trim().toLowerCase());
  const open = flags.includes('script') && !flags.some((flag) => flag.startsWith('noremote'));
  return open ? null : section;
}

function valueOf(element: XmlElement, name: string): string {
  return element.attributes.get(name)?.value.trim() ?? '';
}

function is(element: XmlElement, name: string, value: string): boolean {
  return valueOf(element, name).toLowerCase() === value;
}

function entry(section: XmlElement, denies: (add: XmlElement) => boolean): XmlElement | null {
  return section.children.find((child) => child.name === 'add' && denies(child)) ?? null;
}

/** Without rules the inherited "everybody" stays; `<clear/>` or `<remove>` without an open rule closes. */
function authorization(section: XmlElement): XmlElement | null {
  const narrow = entry(section, (add) => {
    const everybody = is(add, 'users', '*') && valueOf(add, 'roles') === '' && valueOf(add, 'verbs') === '';
    return !(is(add, 'accessType', 'allow') && everybody);
  });
  if (narrow !== null) return narrow;
  const takesAway = section.children.some((child) => child.name === 'clear' || child.name === 'remove');
  const gives = section.children.some((child) => child.name === 'add');
  return takesAway && !gives ? section : null;
}

function authentication(section: XmlElement): XmlElement | null {
  const restricts = (child: XmlElement): boolean =>
    child.name === 'anonymousAuthentication' ? is(child, 'enabled', 'false') : is(child, 'enabled', 'true');
  return section.children.find(restricts) ?? null;
}

function requestFiltering(section: XmlElement): XmlElement | null {
  if (is(section, 'allowHighBitCharacters', 'false') || section.attributes.has('allowDoubleEscaping')) {
    const open = is(section, 'allowDoubleEscaping', 'true') && !is(section, 'allowHighBitCharacters', 'false');
    if (!open) return section;
  }
  for (const child of section.children) {
    if (filteringDenies.has(child.name) && filterDenies(child)) return child;
    if (child.name === 'requestLimits') {
      if (child.attributes.has('maxUrl') || child.attributes.has('maxQueryString')) return child;
      const headers = child.children.find((inner) => inner.name === 'headerLimits' && inner.children.length > 0);
      if (headers !== undefined) return headers;
    }
  }
  return null;
}

/** `verbs` and `fileExtensions` may also only allow; the other collections only deny. */
function filterDenies(collection: XmlElement): boolean {
  if (is(collection, 'allowUnlisted', 'false')) return true;
  const named = collection.name === 'verbs' || collection.name === 'fileExtensions';
  return collection.children.some((child) => {
    if (child.name === 'remove' || child.name === 'clear') return false;
    return !(named && is(child, 'allowed', 'true'));
  });
}

function abortsOrAnswers(rule: XmlElement): boolean {
  if (is(rule, 'enabled', 'false')) return false;
  return rule.children.some(
    (child) => child.name === 'action' && (is(child, 'type', 'abortrequest') || is(child, 'type', 'customresponse')),
  );
}

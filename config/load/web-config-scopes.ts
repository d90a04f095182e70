/** The sections of a web.config by the `location` that they stand in, checked as IIS checks the structure. */
import { locationPathCharsMax } from '../base/limits.js';
import { parseBoolean, shown } from '../base/units.js';
import type { XmlAttribute, XmlElement } from './read-xml.js';

export interface Section {
  /** `aspNetCore`, `security/ipSecurity`; outside system.webServer as written: `appSettings`. */
  readonly name: string;
  readonly element: XmlElement;
  /** Below system.webServer. */
  readonly ofServer: boolean;
}

export interface Scope {
  /** Lower case, no slashes at its ends; '' = the folder of the file. */
  readonly path: string;
  /** It also holds for applications below the one that the file belongs to. */
  readonly inherited: boolean;
  /** Files below may not use its sections. */
  readonly locks: boolean;
  readonly sections: readonly Section[];
}

export interface ScopeProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly remedy: string;
}

class Problem extends Error {
  readonly at: { readonly line: number; readonly column: number };
  readonly remedy: string;
  constructor(at: { readonly line: number; readonly column: number }, message: string, remedy = '') {
    super(message);
    this.at = at;
    this.remedy = remedy;
  }
}

/** `root` is the configuration element. Outer paths stand before inner ones. */
export function scopesOf(root: XmlElement): { readonly scopes: readonly Scope[] } | { readonly problem: ScopeProblem } {
  try {
    const scopes = [scope({ path: '', inherited: true, locks: false }, root)];
    for (const child of root.children) if (child.name === 'location') scopes.push(location(child));
    refuseTwice(scopes);
    return { scopes: scopes.sort((a, b) => a.path.length - b.path.length) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { problem: { ...error.at, message: error.message, remedy: error.remedy } };
  }
}

function location(element: XmlElement): Scope {
  let [path, inherited, locks] = ['', true, false];
  for (const [name, attribute] of element.attributes) {
    if (name === 'path') path = pathOf(attribute);
    else if (name === 'inheritInChildApplications') inherited = flag(name, attribute);
    else if (name === 'allowOverride') locks ||= !flag(name, attribute);
    else if (name === 'overrideMode') locks ||= override(attribute) === 'deny';
    else {
      const remedy = 'path, inheritInChildApplications, allowOverride and overrideMode are';
      throw new Problem(attribute, `${shown(name)} is not an attribute of location`, remedy);
    }
  }
  const nested = element.children.find(({ name }) => name === 'location');
  if (nested !== undefined) throw new Problem(nested, '<location> cannot stand inside <location>');
  return scope({ path, inherited, locks }, element);
}

/** `.`, '' and absent are the folder of the file; also `a/b`, `a\b`, `/a/`. */
function pathOf(attribute: XmlAttribute): string {
  if (attribute.value.length > locationPathCharsMax)
    throw new Problem(attribute, 'the path of this location is too long');
  const parts = attribute.value.trim().toLowerCase().split(/[\\/]/);
  const path = parts.filter((part) => part !== '' && part !== '.');
  if (path.includes('..')) throw new Problem(attribute, 'the path of a location cannot leave its folder');
  return path.join('/');
}

function flag(name: string, attribute: XmlAttribute): boolean {
  const parsed = parseBoolean(attribute.value);
  if (!parsed.ok) throw new Problem(attribute, `${name}: ${parsed.message}`, 'write true or false');
  return parsed.value;
}

function override(attribute: XmlAttribute): string {
  const mode = attribute.value.trim().toLowerCase();
  if (mode === 'allow' || mode === 'deny' || mode === 'inherit') return mode;
  throw new Problem(attribute, `overrideMode: "${shown(attribute.value)}" is none of Allow, Deny, Inherit`);
}

function scope(head: Omit<Scope, 'sections'>, holder: XmlElement): Scope {
  const sections: Section[] = [];
  for (const child of holder.children) {
    if (child.name === 'system.webServer') sections.push(...serverSections(child));
    else if (child.name !== 'location') sections.push({ name: child.name, element: child, ofServer: false });
  }
  return { ...head, sections };
}

function serverSections(server: XmlElement): Section[] {
  return server.children.flatMap((section): Section[] => {
    const { name } = section;
    if (name !== 'security' && name !== 'rewrite' && name !== 'tracing')
      return [{ name, element: section, ofServer: true }];
    return section.children.map((inner) => ({ name: `${name}/${inner.name}`, element: inner, ofServer: true }));
  });
}

/** The folder itself may be written with and without a location; each of them holds a section once. */
function refuseTwice(scopes: readonly Scope[]): void {
  const [bare, ...locations] = scopes;
  const byPath = new Map<string, Section[]>();
  for (const { path, sections } of locations) {
    const before = byPath.get(path);
    if (before === undefined) byPath.set(path, [...sections]);
    else before.push(...sections);
  }
  for (const sections of [bare?.sections ?? [], ...byPath.values()]) {
    const first = new Map<string, XmlElement>();
    for (const { name, element, ofServer } of sections) {
      const before = first.get(name);
      if (before !== undefined && ofServer) {
        const message = `the section ${shown(name)} stands twice for the same path (first in line ${before.line})`;
        throw new Problem(element, message, 'make one of the two');
      }
      first.set(name, element);
    }
  }
}

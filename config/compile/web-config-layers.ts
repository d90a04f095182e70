/**
 * The web.config files that hold for one application, outermost first, sorted into what Sluice does, what
 * it only mentions, and what it must not ignore.
 */
import type { Diagnostic } from '../base/diagnostics.js';
import { webConfigMentionsMax } from '../base/limits.js';
import { shown } from '../base/units.js';
import type { XmlElement } from '../load/read-xml.js';
import { restriction } from '../load/restricting.js';
import { diagnosticAt, type Place } from '../load/source.js';
import type { Scope, Section } from '../load/web-config-scopes.js';
import type { WebConfig } from '../load/web-config.js';
import { Handlers } from './handlers.js';
import type { Module } from './module-attributes.js';
import { type ElementOf, refusal } from './module-problem.js';
import { type TracingElement, tracingSection } from './web-config-tracing.js';

/** One file, and the path of the application it belongs to (see `keyOf`). */
export interface Layer {
  readonly config: WebConfig;
  readonly base: string;
}

export interface Effective {
  readonly hosting: EffectiveHosting | null;
  readonly requestLimits: ElementOf | null;
  readonly webSocket: ElementOf | null;
  /** Outermost first. */
  readonly tracing: readonly TracingElement[];
  /** Sections that restrict access, with the element that does. */
  readonly restrictions: readonly Restriction[];
  /** Sections of the application's own file that are only mentioned: one warning each. */
  readonly mentions: readonly Mention[];
}

export type EffectiveHosting =
  | { readonly module: Module; readonly elements: readonly ElementOf[] }
  | {
      readonly module: 'iisnode';
      /** The handler: its path names the script. */
      readonly handler: ElementOf;
      readonly elements: readonly ElementOf[];
      readonly appSettings: readonly ElementOf[];
    };

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

/** What in this section restricts access; null = nothing. */
export function restrictionIn(file: string, { name, element, ofServer }: Section): Restriction | null {
  const found = ofServer ? restriction(name, element) : null;
  return found === null ? null : { section: name, place: placeOf(file, found), element: found.name };
}

/** An application path as locations are compared with it: lower case, without slashes at its ends. */
export function keyOf(path: string): string {
  return path.toLowerCase().replace(/^\/|\/$/g, '');
}

/** Every folder that holds `path`, outermost first, and `path` itself: '', 'a', 'a/b'. */
export function foldersOf(path: string): readonly string[] {
  const parts = path.split('/');
  return path === '' ? [''] : ['', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))];
}

/** `path` is `folder` or lies in it; '' holds everything. */
function within(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

/** `target` is the application, one of `applications` of its site. Throws ModuleRefusal. */
export function effective(layers: readonly Layer[], target: string, applications: ReadonlySet<string>): Effective {
  const sorter = new Sorter(target, applications);
  for (const layer of layers) sorter.add(layer);
  return sorter.result();
}

type Reach = 'whole' | 'part' | 'none';

interface Found extends ElementOf {
  readonly layer: number;
}

class Sorter {
  private readonly target: string;
  private readonly applications: ReadonlySet<string>;
  private readonly mentions: Mention[] = [];
  private readonly mentioned = new Set<string>();
  private readonly restrictions: Restriction[] = [];
  private readonly found = new Map<string, Found[]>();
  private readonly locks = new Map<string, Place>();
  private readonly handlers = new Handlers();
  private layer = 0;
  /** Of the application's own file; 0 = there is none. */
  private ownLayer = 0;

  constructor(target: string, applications: ReadonlySet<string>) {
    this.target = target;
    this.applications = applications;
  }

  add({ config, base }: Layer): void {
    this.layer++;
    const own = base === this.target;
    if (own) this.ownLayer = this.layer;
    const locking: Scope[] = [];
    for (const scope of config.scopes) {
      const reach = own || scope.inherited ? this.reachOf(base, scope.path) : 'none';
      if (reach === 'none') continue;
      for (const section of scope.sections) this.section(config.file, section, reach, own);
      if (scope.locks && reach === 'whole') locking.push(scope);
    }
    for (const { name, element } of locking.flatMap(({ sections }) => sections)) {
      this.locks.set(name, placeOf(config.file, element));
    }
  }

  result(): Effective {
    for (const { file, element, message } of this.handlers.mentions(this.layer)) {
      this.mention('handlers', file, element, message);
    }
    const hosting = this.hosting();
    const appSettings = this.found.get('appSettings') ?? [];
    if (hosting?.module !== 'iisnode') {
      const own = appSettings.find(({ layer }) => layer === this.layer);
      if (own !== undefined) this.mention('appSettings', own.file, own.element, notRead('appSettings'));
    }
    return {
      hosting,
      requestLimits: this.found.get('requestLimits')?.at(-1) ?? null,
      // Under iisnode "off" means that the application speaks WebSocket itself, which every one does here.
      webSocket: this.handlers.has('iisnode') ? null : (this.found.get('webSocket')?.at(-1) ?? null),
      tracing: (this.found.get(tracingSection) ?? []).map(({ file, element, layer }) => {
        return { file, element, own: layer === this.ownLayer };
      }),
      restrictions: this.restrictions,
      mentions: this.mentions,
    };
  }

  /** Does a location concern the application, a part of it, or only others? */
  private reachOf(base: string, path: string): Reach {
    const place = path === '' || base === '' ? `${base}${path}` : `${base}/${path}`;
    if (within(this.target, place)) return 'whole';
    if (!within(place, this.target)) return 'none';
    const inner = foldersOf(place).filter((folder) => folder.length > this.target.length);
    return inner.some((folder) => this.applications.has(folder)) ? 'none' : 'part';
  }

  private section(file: string, section: Section, reach: Reach, own: boolean): void {
    const { name, element, ofServer } = section;
    const lock = ofServer ? this.locks.get(name) : undefined;
    if (lock !== undefined) {
      const message = `the section ${shown(name)} cannot be used here: ${lock.file}:${lock.line} locks it`;
      throw refusal(file, element, message, 'remove it, or the overrideMode of the location there');
    }
    if (!ofServer) {
      if (name === 'appSettings' && reach === 'whole') this.note(name, file, element);
      else if (own) this.mention(name, file, element, notRead(name));
      return;
    }
    const restricts = restrictionIn(file, section);
    if (restricts !== null) this.restrictions.push(restricts);
    if (reach === 'whole' && this.acting(name, file, element)) return;
    if (!own || restricts !== null) return;
    if (name === 'security/requestFiltering' && limitsOf(element) === undefined) return;
    const partly = reach === 'part' && actingSections.has(name);
    const what = partly
      ? 'below a location path does not act: it holds for the application as a whole'
      : 'does not act yet';
    this.mention(name, file, element, `the section ${shown(name)} of web.config ${what}`);
  }

  /** True: the section has its effect, and needs no mention. */
  private acting(name: string, file: string, element: XmlElement): boolean {
    if (!actingSections.has(name)) return false;
    if (name === 'handlers') this.handlers.add(file, element, this.layer);
    else if (name === 'security/requestFiltering') {
      const limits = limitsOf(element);
      if (limits !== undefined) this.note('requestLimits', file, limits);
    } else if (name !== 'webSocket' || element.attributes.has('enabled')) this.note(name, file, element);
    return true;
  }

  private note(name: string, file: string, element: XmlElement): void {
    this.found.set(name, [...(this.found.get(name) ?? []), { file, element, layer: this.layer }]);
  }

  /** The innermost file that says it decides; within it aspNetCore, then httpPlatform, then a handler of iisnode. */
  private hosting(): EffectiveHosting | null {
    let best: { readonly module: Module; readonly layer: number } | null = null;
    for (const module of ['aspNetCore', 'httpPlatform'] as const) {
      const layer = this.found.get(module)?.at(-1)?.layer ?? 0;
      if (layer > (best?.layer ?? 0) && !this.handlers.without(module, layer)) best = { module, layer };
    }
    const script = this.handlers.script();
    if (script !== null && script.layer > (best?.layer ?? 0)) {
      const elements = this.found.get('iisnode') ?? [];
      return { module: 'iisnode', handler: script, elements, appSettings: this.found.get('appSettings') ?? [] };
    }
    return best === null ? null : { module: best.module, elements: this.found.get(best.module) ?? [] };
  }

  private mention(section: string, file: string, element: XmlElement, what: string): void {
    if (this.mentioned.has(section)) return;
    this.mentioned.add(section);
    // The warnings of one file must not crowd out those of others.
    if (this.mentioned.size > webConfigMentionsMax) return;
    const isLast = this.mentioned.size === webConfigMentionsMax;
    const message = isLast ? `${what}; further sections that do not act are not listed` : what;
    const problem = { severity: 'warning', code: 'section-not-acting', message } as const;
    this.mentions.push({ section, diagnostic: diagnosticAt(placeOf(file, element), problem) });
  }
}

const actingSections: ReadonlySet<string> = new Set([
  'aspNetCore',
  'httpPlatform',
  'iisnode',
  'handlers',
  'security/requestFiltering',
  'webSocket',
  tracingSection,
]);

function limitsOf(filtering: XmlElement): XmlElement | undefined {
  return filtering.children.find(
    ({ name, attributes }) => name === 'requestLimits' && attributes.has('maxAllowedContentLength'),
  );
}

function notRead(name: string): string {
  return `the section ${shown(name)} of web.config is not read by Sluice`;
}

function placeOf(file: string, { line, column }: XmlElement): Place {
  return { file, line, column };
}

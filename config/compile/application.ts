/** One application: the web.config files that hold for it, then its hosting. What is wrong with them stays with the application. */
import type { Diagnostic } from '../base/diagnostics.js';
import { parseBoolean, parseUint, shown } from '../base/units.js';
import type { Sources } from '../load/sources.js';
import { diagnosticAt, nodeAt, type Path, type Place, placeAt } from '../load/source.js';
import type { WebConfigReader } from '../load/web-config.js';
import type { ApplicationFailure, HostingConfig, TraceRule } from '../model.js';
import { AppFolder } from './app-folder.js';
import { compileHosting } from './hosting.js';
import { iisnodeSettings } from './iisnode.js';
import { isPlain } from './inherit.js';
import { type ModuleSettings, moduleSettings } from './module-attributes.js';
import { type ElementOf, type ModuleMention, ModuleRefusal, refusal } from './module-problem.js';
import type { CompiledPool } from './pools.js';
import type { Report } from './report.js';
import { Variables } from './variables.js';
import { subFolderFiles } from './sub-folder-files.js';
import { originOf, type WebConfigOrigins } from './web-config-origin.js';
import { type Effective, effective, type Layer, type Restriction } from './web-config-layers.js';
import { traceRulesOf, tracingSection } from './web-config-tracing.js';
import { settingsWithoutEffect } from './without-effect.js';

const maxAllowedContentLengthMax = 4_294_967_295;

export interface BuildInput {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly at: Path;
  readonly id: string;
  readonly physicalPath: string;
  readonly pool: CompiledPool;
  readonly webConfigs: WebConfigsOf;
  /** Takes what the web.config files say, with positions; null = nobody asks. */
  readonly origins: WebConfigOrigins | null;
}

/** The web.config files that hold for an application. */
export interface WebConfigsOf {
  readonly reader: WebConfigReader;
  /** Outermost first, the application's own folder last. */
  readonly folders: readonly { readonly folder: string; readonly base: string }[];
  /** Path of the application, and those of all applications of its site (see `keyOf`). */
  readonly target: string;
  readonly applications: ReadonlySet<string>;
  /** Folders of all applications of all sites. */
  readonly applicationFolders: ReadonlySet<string>;
  /** How many folders inside the application are searched for further files. */
  readonly subFoldersMax: number;
}

export interface Built {
  readonly hosting: HostingConfig | null;
  readonly failure: ApplicationFailure | null;
  /** Where a .NET application asked to run in-process. */
  readonly note: Place | null;
}

export class Build {
  webConfigLimit: number | undefined;
  traceRules: readonly TraceRule[] = [];
  /** Where the search for files inside the application ended early. */
  searchEndedAt: string | null = null;
  private readonly report: Report;
  private readonly sources: Sources;
  private readonly secrets: Set<string>;
  private readonly input: BuildInput;

  constructor(report: Report, sources: Sources, secrets: Set<string>, input: BuildInput) {
    this.report = report;
    this.sources = sources;
    this.secrets = secrets;
    this.input = input;
  }

  async run(): Promise<Built> {
    const { raw, at, id, physicalPath, pool } = this.input;
    const module = await this.webConfig();
    if (module !== null && 'failure' in module) return module;
    const yamlAt = [...at, 'hosting'];
    const variables = new Variables()
      .addNode(nodeAt(this.report.root, [...yamlAt, 'environmentVariables']), this.secrets)
      .list();
    const result = await compileHosting({
      folder: new AppFolder(physicalPath, this.sources),
      pool: pool.config,
      yaml: raw['hosting'],
      yamlVariables: variables,
      webConfig: module?.settings ?? null,
    });
    const blame = (attribute: string): { readonly place: Place; readonly path: Path } => {
      const path = [...yamlAt, attribute];
      if (attribute !== '' && this.report.has(path)) return { place: placeAt(this.report.root, path), path };
      const attributePlace = module?.attributePlace ?? null;
      if (attributePlace !== null) return { place: attributePlace(attribute), path: [] };
      return { place: placeAt(this.report.root, [...at, 'physicalPath']), path: at };
    };
    if (result.kind === 'hosting') {
      for (const { attribute, message, remedy } of settingsWithoutEffect(result.hosting, pool.config)) {
        const { place, path } = blame(attribute);
        this.report.push(diagnosticAt(place, { severity: 'warning', code: 'setting-not-here', message, remedy, path }));
      }
      return {
        hosting: result.hosting,
        failure: null,
        note: result.note === null ? null : blame('hostingModel').place,
      };
    }
    const { place, path } = blame(result.attribute);
    // What the administrator wrote and can never work refuses the file; anything that a tenant's folder or
    // web.config decides stays with its application.
    const severity = result.always && path.length > 0 ? 'error' : 'warning';
    const { status, subStatus } = result;
    const message = `${id} answers ${status}.${subStatus}: ${result.message}`;
    return this.fail(
      status,
      subStatus,
      diagnosticAt(place, { severity, code: 'application-cannot-run', message, remedy: result.remedy, path }),
    );
  }

  private fail(status: number, subStatus: number, diagnostic: Diagnostic): Built {
    this.report.push(diagnostic);
    return { hosting: null, failure: { status, subStatus, diagnostic }, note: null };
  }

  private async webConfig(): Promise<ModuleAt | Built | null> {
    const { id, pool, webConfigs } = this.input;
    if (!pool.readsWebConfig) return null;
    const layers: Layer[] = [];
    for (const { folder, base } of webConfigs.folders) {
      const read = await webConfigs.reader.read(folder);
      if (read.kind === 'refused') {
        const { diagnostic } = read;
        return this.fail(500, 19, { ...diagnostic, message: `${id} answers 500.19: ${diagnostic.message}` });
      }
      if (read.kind === 'read') layers.push({ config: read.config, base });
    }
    try {
      return await this.judge(effective(layers, webConfigs.target, webConfigs.applications));
    } catch (error) {
      if (!(error instanceof ModuleRefusal)) throw error;
      const { file, line, column, message, remedy, subStatus } = error.problem;
      const text = `${id} answers 500.${subStatus}: ${message}`;
      const problem = { severity: 'warning', code: 'web-config-refused', message: text, remedy } as const;
      return this.fail(500, subStatus, diagnosticAt({ file, line, column }, problem));
    }
  }

  private async judge(config: Effective): Promise<ModuleAt | Built | null> {
    const ignored = ignoredSections(this.input.raw);
    for (const { section, diagnostic } of config.mentions) {
      if (!ignored.some((name) => matchesSection(section, name))) this.report.push(diagnostic);
    }
    const closed = this.restriction(openRestrictions(config, ignored)) ?? (await this.subFolders(ignored));
    if (closed !== null) return closed;
    this.webConfigLimit = limitOf(config);
    const isTraced = !ignored.some((name) => matchesSection(tracingSection, name));
    if (isTraced) this.traceRules = traceRulesOf(config.tracing, (mention) => this.mention(mention));
    const module = this.module(config);
    this.input.origins?.set(this.input.id, originOf(config, module));
    return module;
  }

  private async subFolders(ignored: readonly string[]): Promise<Built | null> {
    const { id, physicalPath, webConfigs } = this.input;
    const found = await subFolderFiles({ ...webConfigs, physicalPath, foldersMax: webConfigs.subFoldersMax });
    this.searchEndedAt = found.endedAt;
    if (found.mention !== null) this.report.push(found.mention);
    const { refused } = found;
    if (refused === null) return this.restriction(openRestrictions(found, ignored));
    return this.fail(500, 19, { ...refused, message: `${id} answers 500.19: ${refused.message}` });
  }

  private restriction(open: readonly Restriction[]): Built | null {
    const [first] = open;
    if (first === undefined) return null;
    const more = open.length > 1 ? ` (and ${open.length - 1} more such elements)` : '';
    return this.fail(
      500,
      19,
      diagnosticAt(first.place, {
        severity: 'warning',
        code: 'section-not-implemented',
        message: `${this.input.id} answers 500.19: <${first.element}> in ${first.section} restricts access and is not implemented yet${more}`,
        remedy: `remove it, or do without it knowingly: hosting: { ignoreSections: [${[...new Set(open.map(({ section }) => section))].join(', ')}] }`,
      }),
    );
  }

  private mention({ file, line, column, message, code = 'section-not-acting' }: ModuleMention): void {
    this.report.push(diagnosticAt({ file, line, column }, { severity: 'warning', code, message }));
  }

  private module({ hosting, webSocket }: Effective): ModuleAt | null {
    const mention = (one: ModuleMention): void => this.mention(one);
    const enabled = webSocket === null ? true : flagOf(webSocket, 'enabled');
    const switched = enabled ? {} : { webSocket: false };
    if (hosting === null) {
      if (enabled) return null;
      return { settings: { raw: switched, variables: [] }, attributePlace: null };
    }
    const { raw, variables } =
      hosting.module === 'iisnode'
        ? iisnodeSettings(hosting, mention)
        : moduleSettings(hosting.module, hosting.elements, mention);
    const elements = hosting.module === 'iisnode' ? [hosting.handler] : hosting.elements;
    const place = (attribute: string): Place => {
      const said = elements.findLast(({ element }) => element.attributes.has(attribute)) ?? elements.at(-1);
      const { line, column } = said?.element.attributes.get(attribute) ?? said?.element ?? { line: 0, column: 0 };
      return { file: said?.file ?? '', line, column };
    };
    return { settings: { raw: { ...raw, ...switched }, variables }, attributePlace: place };
  }
}

interface ModuleAt {
  readonly settings: ModuleSettings;
  /** null: no element says how the application runs. */
  readonly attributePlace: ((attribute: string) => Place) | null;
}

/** The restrictions that the administrator did not decide to do without. */
export function openRestrictions(
  { restrictions }: Pick<Effective, 'restrictions'>,
  ignored: readonly string[],
): readonly Restriction[] {
  return restrictions.filter(({ section }) => !ignored.some((name) => matchesSection(section, name)));
}

/** `hosting.ignoreSections` as written. */
export function ignoredSections(raw: Readonly<Record<string, unknown>>): readonly string[] {
  const hosting = raw['hosting'];
  const names = isPlain(hosting) ? hosting['ignoreSections'] : undefined;
  return Array.isArray(names) ? names.map(String) : [];
}

/** Throws ModuleRefusal. */
function limitOf({ requestLimits }: Effective): number | undefined {
  const attribute = requestLimits?.element.attributes.get('maxAllowedContentLength');
  if (requestLimits === null || attribute === undefined) return undefined;
  const parsed = parseUint(attribute.value);
  if (parsed.ok && parsed.value <= maxAllowedContentLengthMax) return parsed.value;
  const message = `maxAllowedContentLength: "${shown(attribute.value)}" is not a number of bytes from 0 to ${maxAllowedContentLengthMax}`;
  throw refusal(requestLimits.file, attribute, message);
}

/** Throws ModuleRefusal. */
function flagOf({ file, element }: ElementOf, name: string): boolean {
  const attribute = element.attributes.get(name);
  const parsed = parseBoolean(attribute?.value ?? '');
  if (parsed.ok) return parsed.value;
  throw refusal(file, attribute ?? element, `${name}: ${parsed.message}`);
}

/** `ipSecurity`, `security/ipSecurity`, `system.webServer/security/ipSecurity` and `rewrite` for all below it. */
function matchesSection(section: string, name: string): boolean {
  const wanted = name.toLowerCase().replace(/^system\.webserver\//, '');
  const full = section.toLowerCase();
  return full === wanted || full.endsWith(`/${wanted}`) || full.startsWith(`${wanted}/`);
}

/** One application: its web.config, then its hosting. What is wrong with them stays with the application. */
import type { Diagnostic } from '../base/diagnostics.js';
import { parseBoolean, parseUint } from '../base/units.js';
import type { Sources } from '../load/document.js';
import { diagnosticAt, nodeAt, type Path, type Place, placeAt } from '../load/source.js';
import { readWebConfig, type WebConfig } from '../load/web-config.js';
import type { ApplicationFailure, HostingConfig } from '../model.js';
import { AppFolder } from './app-folder.js';
import { compileHosting } from './hosting.js';
import { isPlain } from './inherit.js';
import { type ModuleSettings, moduleSettings } from './module-attributes.js';
import type { CompiledPool } from './pools.js';
import type { Report } from './report.js';
import { Variables } from './variables.js';

const maxAllowedContentLengthMax = 4_294_967_295;

export interface BuildInput {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly at: Path;
  readonly id: string;
  readonly physicalPath: string;
  readonly pool: CompiledPool;
}

export interface Built {
  readonly hosting: HostingConfig | null;
  readonly failure: ApplicationFailure | null;
  /** Where a .NET application asked to run in-process. */
  readonly note: Place | null;
}

export class Build {
  webConfigLimit: number | undefined;
  webConfigFile = '';
  restrictsChildren = false;
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
      if (module !== null) return { place: module.attributePlace(attribute), path: [] };
      return { place: placeAt(this.report.root, [...at, 'physicalPath']), path: at };
    };
    if (result.kind === 'hosting') {
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
    const { id, physicalPath, pool } = this.input;
    if (!pool.readsWebConfig) return null;
    const read = await readWebConfig(physicalPath, this.sources);
    if (read.kind === 'absent') return null;
    if (read.kind === 'refused') {
      const { diagnostic } = read;
      return this.fail(500, 19, { ...diagnostic, message: `${id} answers 500.19: ${diagnostic.message}` });
    }
    const { config } = read;
    this.webConfigFile = config.file;
    const ignored = this.ignored();
    for (const { section, diagnostic } of config.mentions) {
      if (!ignored.some((name) => matchesSection(section, name))) this.report.push(diagnostic);
    }
    return this.restriction(config) ?? this.limit(config) ?? this.module(config);
  }

  private restriction(config: WebConfig): Built | null {
    const ignored = this.ignored();
    const open = config.restrictions.filter(({ section }) => !ignored.some((name) => matchesSection(section, name)));
    this.restrictsChildren = config.flowsToChildren && open.length > 0;
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

  private limit(config: WebConfig): Built | null {
    const attribute = config.requestLimits?.attributes.get('maxAllowedContentLength');
    if (attribute === undefined) return null;
    const parsed = parseUint(attribute.value);
    if (parsed.ok && parsed.value <= maxAllowedContentLengthMax) {
      this.webConfigLimit = parsed.value;
      return null;
    }
    const message = `maxAllowedContentLength: ${parsed.ok ? `more than ${maxAllowedContentLengthMax}` : parsed.message}`;
    return this.refused(config.file, { ...attribute, message, remedy: 'write a number of bytes' });
  }

  private module(config: WebConfig): ModuleAt | Built | null {
    if (config.hosting === null) return null;
    const { module, element } = config.hosting;
    const result = moduleSettings(module, element);
    if (!result.ok) return this.refused(config.file, result.problem);
    for (const { line, column, message, remedy } of result.mentions) {
      this.report.push(
        diagnosticAt(
          { file: config.file, line, column },
          { severity: 'warning', code: 'section-not-acting', message, remedy },
        ),
      );
    }
    const place = (attribute: string): Place => {
      const { line, column } = element.attributes.get(attribute) ?? element;
      return { file: config.file, line, column };
    };
    const webSocket = config.webSocket?.attributes.get('enabled');
    const switched = parseBoolean(webSocket?.value ?? 'true');
    if (webSocket !== undefined && !switched.ok) {
      const message = `webSocket enabled: ${switched.message}`;
      return this.refused(config.file, { ...webSocket, message, remedy: 'write true or false' });
    }
    const raw = { ...result.settings.raw, webSocket: switched.ok && switched.value };
    return { settings: { ...result.settings, raw }, attributePlace: place };
  }

  private refused(
    file: string,
    problem: { readonly line: number; readonly column: number; readonly message: string; readonly remedy: string },
  ): Built {
    const { line, column, remedy } = problem;
    const message = `${this.input.id} answers 500.19: ${problem.message}`;
    return this.fail(
      500,
      19,
      diagnosticAt({ file, line, column }, { severity: 'warning', code: 'web-config-refused', message, remedy }),
    );
  }

  private ignored(): readonly string[] {
    const hosting = this.input.raw['hosting'];
    const names = isPlain(hosting) ? hosting['ignoreSections'] : undefined;
    return Array.isArray(names) ? names.map(String) : [];
  }
}

interface ModuleAt {
  readonly settings: ModuleSettings;
  readonly attributePlace: (attribute: string) => Place;
}

/** `ipSecurity`, `security/ipSecurity`, `system.webServer/security/ipSecurity` and `rewrite` for all below it. */
function matchesSection(section: string, name: string): boolean {
  const wanted = name.toLowerCase().replace(/^system\.webserver\//, '');
  const full = section.toLowerCase();
  return full === wanted || full.endsWith(`/${wanted}`) || full.startsWith(`${wanted}/`);
}

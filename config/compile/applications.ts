/** The applications of all sites, in configuration order. */
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import type { Sources } from '../load/document.js';
import { diagnosticAt, nodeAt, type Path, type Place, placeAt } from '../load/source.js';
import { readWebConfig, type WebConfig } from '../load/web-config.js';
import type { ApplicationConfig, ApplicationFailure, HostingConfig } from '../model.js';
import { applicationDefaults } from '../schema/root.js';
import { AppFolder } from './app-folder.js';
import { compileHosting, poolConflict } from './hosting.js';
import { inherit, isPlain, textOf } from './inherit.js';
import { type ModuleSettings, moduleSettings } from './module-attributes.js';
import { type CompiledPool, defaultPoolName, type Pools } from './pools.js';
import type { Report } from './report.js';
import type { CompiledSite } from './sites.js';
import { Variables } from './variables.js';
import { parseUint } from '../base/units.js';

const maxAllowedContentLengthDefault = 30_000_000;
const maxAllowedContentLengthMax = 4_294_967_295;

export class Applications {
  readonly list: ApplicationConfig[] = [];
  private readonly report: Report;
  private readonly pools: Pools;
  private readonly sources: Sources;
  private readonly secrets: Set<string>;
  private readonly defaults: unknown;
  /** The first application of each pool that can run: it decides the pool's hosting model. */
  private readonly firstOfPool = new Map<string, ApplicationConfig>();
  private readonly restricting: { readonly site: string; readonly path: string; readonly file: string }[] = [];
  private dotnetNoted = 0;
  private dotnetPlace: { readonly place: Place; readonly path: Path; readonly id: string } | null = null;

  constructor(defaults: unknown, report: Report, pools: Pools, sources: Sources, secrets: Set<string>) {
    this.defaults = defaults;
    this.report = report;
    this.pools = pools;
    this.sources = sources;
    this.secrets = secrets;
  }

  async addSite(site: CompiledSite): Promise<void> {
    const taken = new Set<string>();
    const raws = site.raw['applications'];
    for (const [index, raw] of (Array.isArray(raws) ? (raws as readonly unknown[]) : []).entries()) {
      if (!isPlain(raw)) continue;
      const at: Path = [...site.path, 'applications', index];
      const path = this.checkPath(textOf(raw['path']), [...at, 'path']);
      if (path === null) continue;
      if (taken.has(path.toLowerCase())) {
        this.report.at([...at, 'path'], {
          code: 'duplicate-path',
          message: `another application of this site has the path ${path}`,
        });
        continue;
      }
      taken.add(path.toLowerCase());
      await this.add(site, raw, path, at);
    }
  }

  /** Notes that are said once for all applications together. */
  finish(): void {
    if (this.dotnetPlace === null) return;
    const others = this.dotnetNoted > 1 ? ` and ${this.dotnetNoted - 1} more` : '';
    this.report.push(
      diagnosticAt(this.dotnetPlace.place, {
        severity: 'warning',
        code: 'dotnet-runs-out-of-process',
        message: `.NET applications run out-of-process here, also where hostingModel says inprocess (${this.dotnetPlace.id}${others})`,
        path: this.dotnetPlace.path,
      }),
    );
    this.warnAboutInheritedRestrictions();
  }

  private checkPath(written: string, at: Path): string | null {
    const path = written.length > 1 ? written.replace(/\/+$/, '') || '/' : written;
    const bad =
      (!path.startsWith('/') && 'must start with /') ||
      (/[%\\?#*]/.test(path) && 'must not hold % \\ ? # or *') ||
      (path !== '/' &&
        path
          .slice(1)
          .split('/')
          .some((part) => part === '' || part === '.' || part === '..') &&
        'must not hold empty or dot segments');
    if (bad === false) return path;
    this.report.at(at, { code: 'bad-path', message: `an application path ${bad}`, remedy: 'such as / or /shop' });
    return null;
  }

  private async add(site: CompiledSite, raw: Readonly<Record<string, unknown>>, path: string, at: Path): Promise<void> {
    const own = Object.fromEntries(
      Object.keys(applicationDefaults.shape)
        .map((key) => [key, raw[key]])
        .filter((pair) => pair[1] !== undefined),
    );
    const settings = applicationDefaults.parse(inherit(inherit(this.defaults, site.raw['applicationDefaults']), own));
    const poolAt = [...at, 'applicationPool'];
    const pool = await this.pools.find(
      settings.applicationPool ?? defaultPoolName,
      this.report.has(poolAt) ? poolAt : at,
    );
    if (pool === null) return;
    const folderFile = nodeAt(this.report.root, [...at, 'physicalPath'])?.place.file ?? '/';
    const physicalPath = resolve(dirname(folderFile), textOf(raw['physicalPath']));
    const id = `${site.config.name}${path}`;
    const ownLimit = applicationDefaults.parse(own).security.requestFiltering.requestLimits.maxAllowedContentLength;
    const inherited = settings.security.requestFiltering.requestLimits.maxAllowedContentLength;
    const build = new Build(this.report, this.sources, this.secrets, { raw, at, id, physicalPath, pool });
    const made = await build.run();
    const limit =
      ownLimit ?? build.webConfigLimit ?? site.maxAllowedContentLength ?? inherited ?? maxAllowedContentLengthDefault;
    if (build.restrictsChildren) this.restricting.push({ site: site.config.name, path, file: build.webConfigFile });
    const application: ApplicationConfig = {
      id,
      site: site.config.name,
      path,
      pool: pool.config.name,
      physicalPath,
      maxAllowedContentLength: limit,
      hosting: made.hosting,
      failure: made.failure,
    };
    if (made.note !== null) {
      this.dotnetNoted++;
      this.dotnetPlace ??= { place: made.note, path: at, id };
    }
    this.list.push(this.settleInPool(application, at));
  }

  /** 500.34 and 500.35: the later application in configuration order does not fit its pool. */
  private settleInPool(application: ApplicationConfig, at: Path): ApplicationConfig {
    if (application.hosting === null) return application;
    const first = this.firstOfPool.get(application.pool);
    if (first === undefined) {
      this.firstOfPool.set(application.pool, application);
      return application;
    }
    const conflict = poolConflict(first, application.hosting);
    if (conflict === null) return application;
    const diagnostic = diagnosticAt(placeAt(this.report.root, [...at, 'applicationPool']), {
      severity: 'warning',
      code: conflict.subStatus === 34 ? 'mixed-hosting-models' : 'several-in-process-applications',
      message: `${application.id} answers 500.${conflict.subStatus}: ${conflict.message}`,
      remedy: 'give it a pool of its own',
      path: [...at, 'applicationPool'],
    });
    this.report.push(diagnostic);
    return { ...application, hosting: null, failure: { status: 500, subStatus: conflict.subStatus, diagnostic } };
  }

  /** IIS lets a restriction flow into child applications; here it stays with the application that wrote it. */
  private warnAboutInheritedRestrictions(): void {
    for (const parent of this.restricting) {
      const below = parent.path === '/' ? '/' : `${parent.path.toLowerCase()}/`;
      const children = this.list.filter(
        (app) =>
          app.site === parent.site &&
          app.path !== parent.path &&
          app.path.toLowerCase().startsWith(below) &&
          app.failure === null,
      );
      const [child] = children;
      if (child === undefined) continue;
      this.report.push(
        diagnosticAt(
          { file: parent.file, line: 0, column: 0 },
          {
            severity: 'warning',
            code: 'restriction-not-inherited',
            message: `in IIS the restrictions of this file also hold for ${children.length} child applications (such as ${child.id}); here they do not`,
            remedy: 'restrict access in the child applications as well',
          },
        ),
      );
    }
  }
}

interface BuildInput {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly at: Path;
  readonly id: string;
  readonly physicalPath: string;
  readonly pool: CompiledPool;
}

interface Built {
  readonly hosting: HostingConfig | null;
  readonly failure: ApplicationFailure | null;
  /** Where a .NET application asked to run in-process. */
  readonly note: Place | null;
}

/** One application: its web.config, then its hosting. */
class Build {
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
    // What the administrator wrote wrong refuses the file; what a folder or web.config says stays with its application.
    const severity = result.attribute !== '' && path.length > 0 ? 'error' : 'warning';
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
    const file = resolve(physicalPath, 'web.config');
    const read = await readWebConfig(file, this.sources);
    if (read.kind === 'absent') return null;
    if (read.kind === 'refused') {
      const { diagnostic } = read;
      return this.fail(500, 19, { ...diagnostic, message: `${id} answers 500.19: ${diagnostic.message}` });
    }
    this.webConfigFile = file;
    const { config } = read;
    for (const warning of config.warnings) if (!this.ignores(warning.message)) this.report.push(warning);
    return this.restriction(config) ?? this.limit(config) ?? this.module(config);
  }

  private restriction(config: WebConfig): Built | null {
    const ignored = this.ignored();
    const open = config.restrictions.filter(({ section }) => !ignored.some((name) => matchesSection(section, name)));
    this.restrictsChildren = config.flowsToChildren && config.restrictions.length > 0;
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
    return { settings: result.settings, attributePlace: place };
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

  private ignores(message: string): boolean {
    return this.ignored().some((name) => message.includes(`section ${name} `));
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

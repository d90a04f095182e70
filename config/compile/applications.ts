/** The applications of all sites, in configuration order. */
import { dirname, resolve } from 'node:path';
import { applicationsReadAtOnce, subFoldersMax, subFoldersPerApplicationMax } from '../base/limits.js';
import type { Sources } from '../load/document.js';
import { placeOfFile } from '../load/expand.js';
import { diagnosticAt, nodeAt, type Path, type Place, placeAt } from '../load/source.js';
import { WebConfigReader } from '../load/web-config.js';
import type { ApplicationConfig } from '../model.js';
import { type ApplicationDefaults, applicationDefaults } from '../schema/root.js';
import { Build, type Built, ignoredSections, openRestrictions, type WebConfigsOf } from './application.js';
import { poolConflict } from './hosting.js';
import { inParallel } from './in-parallel.js';
import { inherit, isPlain, textOf } from './inherit.js';
import { ModuleRefusal } from './module-problem.js';
import { type CompiledPool, defaultPoolName, type Pools } from './pools.js';
import type { Report } from './report.js';
import type { CompiledSite } from './sites.js';
import { effective, foldersOf, keyOf } from './web-config-layers.js';

const maxAllowedContentLengthDefault = 30_000_000;

/** An application before its web.config and folder are looked at. */
interface Declared {
  readonly site: CompiledSite;
  /** Applications around it, outermost first, and the keys of all of its site. */
  parents: readonly Declared[];
  applications: ReadonlySet<string>;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly at: Path;
  readonly path: string;
  readonly key: string;
  readonly id: string;
  readonly pool: CompiledPool;
  readonly physicalPath: string;
  /** Null: not preloadEnabled. */
  readonly preloadPath: string | null;
  /** maxAllowedContentLength of its entry, and with its defaults. */
  readonly limits: { readonly own: number | undefined; readonly inherited: number | undefined };
}

/** What its web.config files and its folder say. */
interface Compiled {
  readonly report: Report;
  readonly made: Built;
  readonly webConfigLimit: number | undefined;
  readonly searchEndedAt: string | null;
}

export class Applications {
  readonly list: ApplicationConfig[] = [];
  private readonly declared: Declared[] = [];
  private readonly report: Report;
  private readonly pools: Pools;
  private readonly sources: Sources;
  private readonly secrets: Set<string>;
  private readonly defaults: unknown;
  /** The first application of each pool that can run: it decides the pool's hosting model. */
  private readonly firstOfPool = new Map<string, ApplicationConfig>();
  /** web.config file -> child applications in other pools. */
  private readonly foreignRestrictions = new Map<string, readonly string[]>();
  private readonly reader: WebConfigReader;
  private readonly searchesEnded: string[] = [];
  private dotnetNoted = 0;
  private dotnetPlace: { readonly place: Place; readonly path: Path; readonly id: string } | null = null;

  constructor(defaults: unknown, report: Report, pools: Pools, sources: Sources, secrets: Set<string>) {
    this.defaults = defaults;
    this.report = report;
    this.pools = pools;
    this.sources = sources;
    this.reader = new WebConfigReader(sources);
    this.secrets = secrets;
  }

  async addSite(site: CompiledSite): Promise<void> {
    const declared = new Map<string, Declared>();
    const raws = site.raw['applications'];
    for (const [index, raw] of (Array.isArray(raws) ? (raws as readonly unknown[]) : []).entries()) {
      if (!isPlain(raw)) continue;
      const at: Path = [...site.path, 'applications', index];
      const path = this.checkPath(textOf(raw['path']), [...at, 'path']);
      if (path === null) continue;
      if (declared.has(keyOf(path))) {
        this.report.at([...at, 'path'], {
          code: 'duplicate-path',
          message: `another application of this site has the path ${path}`,
        });
        continue;
      }
      const one = await this.declare(site, raw, path, at);
      if (one !== null) declared.set(one.key, one);
    }
    const applications = new Set(declared.keys());
    for (const one of declared.values()) {
      one.parents = foldersOf(one.key).flatMap((folder) => (folder === one.key ? [] : (declared.get(folder) ?? [])));
      one.applications = applications;
      this.declared.push(one);
    }
  }

  /** After the last site. Files of several applications are read at once; what comes out is in configuration order. */
  async compile(): Promise<void> {
    const folders = new Set(this.declared.map(({ physicalPath }) => physicalPath));
    const share = Math.floor(subFoldersMax / Math.max(1, this.declared.length));
    const searched = Math.min(subFoldersPerApplicationMax, share);
    const made = await inParallel(this.declared, applicationsReadAtOnce, (one) => this.read(one, folders, searched));
    for (const [index, one] of this.declared.entries()) {
      const compiled = made[index];
      if (compiled !== undefined) await this.add(one, compiled);
    }
  }

  /** Notes that are said once for all applications together. */
  finish(): void {
    this.warnAboutForeignRestrictions();
    this.warnAboutSearchesThatEnded();
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

  private async declare(
    site: CompiledSite,
    raw: Readonly<Record<string, unknown>>,
    path: string,
    at: Path,
  ): Promise<Declared | null> {
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
    if (pool === null) return null;
    const folderFile = nodeAt(this.report.root, [...at, 'physicalPath'])?.place.file ?? '/';
    const physicalPath = resolve(dirname(folderFile), textOf(raw['physicalPath']));
    const limit = (from: ApplicationDefaults): number | undefined =>
      from.security.requestFiltering.requestLimits.maxAllowedContentLength;
    const limits = { own: limit(applicationDefaults.parse(own)), inherited: limit(settings) };
    const id = `${site.config.name}${path}`;
    const around = { parents: [], applications: new Set<string>() };
    const preloadPath = settings.preloadEnabled ? settings.preloadPath : null;
    return { site, raw, at, path, key: keyOf(path), id, pool, physicalPath, limits, preloadPath, ...around };
  }

  private async read(
    one: Declared,
    applicationFolders: ReadonlySet<string>,
    foldersSearched: number,
  ): Promise<Compiled> {
    const { raw, at, key, id, pool, physicalPath, parents, applications } = one;
    // A pool is an identity of its own: what one tenant writes never becomes another tenant's program or variables.
    const shared = parents.filter((other) => other.pool === pool);
    const folders = [...shared, one].map((other) => ({ folder: other.physicalPath, base: other.key }));
    const around = { target: key, applications, applicationFolders, subFoldersMax: foldersSearched };
    const webConfigs: WebConfigsOf = { reader: this.reader, folders, ...around };
    const report = this.report.branch();
    const build = new Build(report, this.sources, this.secrets, { raw, at, id, physicalPath, pool, webConfigs });
    const made = await build.run();
    return { report, made, webConfigLimit: build.webConfigLimit, searchEndedAt: build.searchEndedAt };
  }

  private async add(one: Declared, { report, made, webConfigLimit, searchEndedAt }: Compiled): Promise<void> {
    const { site, at, path, id, pool, physicalPath, parents, applications, limits } = one;
    this.report.join(report);
    if (searchEndedAt !== null) this.searchesEnded.push(searchEndedAt);
    if (made.failure === null && pool.readsWebConfig) {
      const foreign = parents.filter((other) => other.pool !== pool);
      for (const parent of foreign) await this.noteForeignRestrictions(parent, one, applications);
    }
    const application: ApplicationConfig = {
      id,
      site: site.config.name,
      path,
      pool: pool.config.name,
      physicalPath,
      maxAllowedContentLength:
        limits.own ??
        webConfigLimit ??
        site.maxAllowedContentLength ??
        limits.inherited ??
        maxAllowedContentLengthDefault,
      preloadPath: one.preloadPath,
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

  private async noteForeignRestrictions(
    parent: Declared,
    child: Declared,
    applications: ReadonlySet<string>,
  ): Promise<void> {
    const read = await this.reader.read(parent.physicalPath);
    if (read.kind !== 'read') return;
    const { config } = read;
    try {
      const found = effective([{ config, base: parent.key }], child.key, applications);
      if (openRestrictions(found, ignoredSections(parent.raw)).length === 0) return;
    } catch (error) {
      if (error instanceof ModuleRefusal) return;
      throw error;
    }
    this.foreignRestrictions.set(config.file, [...(this.foreignRestrictions.get(config.file) ?? []), child.id]);
  }

  private warnAboutSearchesThatEnded(): void {
    const [first, ...more] = this.searchesEnded;
    if (first === undefined) return;
    const others = more.length === 0 ? '' : ` (and those inside ${more.length} more applications)`;
    this.report.push(
      diagnosticAt(placeOfFile(first), {
        severity: 'warning',
        code: 'sub-folders-not-searched',
        message: `this folder and further ones inside the application were not searched for web.config files${others}: a restriction in one would not be noticed`,
        remedy:
          'keep data outside the folder of the application, and its restrictions in the web.config of the application',
      }),
    );
  }

  /** IIS lets a restriction flow into child applications of any pool; here it stays in the pool of its file. */
  private warnAboutForeignRestrictions(): void {
    for (const [file, [first, ...more]] of this.foreignRestrictions) {
      this.report.push(
        diagnosticAt(placeOfFile(file), {
          severity: 'warning',
          code: 'restriction-not-inherited',
          message: `in IIS the restrictions of this file also hold for ${more.length + 1} child applications in other pools (such as ${first ?? ''}); here they do not`,
          remedy: 'restrict access in the child applications as well',
        }),
      );
    }
  }
}

/** The applications of all sites, in configuration order. */
import { dirname, resolve } from 'node:path';
import type { Sources } from '../load/document.js';
import { diagnosticAt, nodeAt, type Path, type Place, placeAt } from '../load/source.js';
import type { ApplicationConfig } from '../model.js';
import { applicationDefaults } from '../schema/root.js';
import { Build } from './application.js';
import { poolConflict } from './hosting.js';
import { inherit, isPlain, textOf } from './inherit.js';
import { defaultPoolName, type Pools } from './pools.js';
import type { Report } from './report.js';
import type { CompiledSite } from './sites.js';

const maxAllowedContentLengthDefault = 30_000_000;

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
    this.warnAboutInheritedRestrictions();
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

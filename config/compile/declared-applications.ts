/** `applications` of a site: paths, pools and folders, before anything in the folders is looked at. */
import { dirname, resolve } from 'node:path';
import { nodeAt, type Path } from '../load/source.js';
import { type ApplicationDefaults, applicationDefaults } from '../schema/root.js';
import { inherit, isPlain, textOf } from './inherit.js';
import { type CompiledPool, defaultPoolName, type Pools } from './pools.js';
import type { Report } from './report.js';
import type { CompiledSite } from './sites.js';
import { foldersOf, keyOf } from './web-config-layers.js';

/** An application before its web.config and folder are looked at. */
export interface Declared {
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

export interface Declarations {
  readonly list: readonly Declared[];
  /** Nothing was said about them, and none lies within an application of another pool. */
  readonly isPlain: boolean;
}

export class Declaring {
  private readonly defaults: unknown;
  private readonly report: Report;
  private readonly pools: Pools;

  constructor(defaults: unknown, report: Report, pools: Pools) {
    this.defaults = defaults;
    this.report = report;
    this.pools = pools;
  }

  /** In the order of the file. */
  async of(site: CompiledSite): Promise<Declarations> {
    const said = this.report.diagnostics.length;
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
    }
    const list = [...declared.values()];
    const isMixed = list.some(({ parents, pool }) => parents.some((other) => other.pool !== pool));
    return { list, isPlain: !isMixed && this.report.diagnostics.length === said };
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
}

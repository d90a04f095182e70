/** The applications of all sites, in configuration order. */
import { dirname } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import { applicationsReadAtOnce, subFoldersMax, subFoldersPerApplicationMax } from '../base/limits.js';
import { placeOfFile } from '../load/expand.js';
import { diagnosticAt, type Path, type Place, placeAt } from '../load/source.js';
import { digestOf, Sources } from '../load/sources.js';
import { WebConfigReader } from '../load/web-config.js';
import type { ApplicationConfig, TraceRule } from '../model.js';
import { Build, type Built, ignoredSections, openRestrictions, type WebConfigsOf } from './application.js';
import { type Declared, Declaring } from './declared-applications.js';
import { poolConflict } from './hosting.js';
import { inParallel } from './in-parallel.js';
import type { KeptApplication, KeptApplications, LoadMemory } from './memory.js';
import { ModuleRefusal } from './module-problem.js';
import type { Pools } from './pools.js';
import type { Report } from './report.js';
import type { CompiledSite } from './sites.js';
import { effective } from './web-config-layers.js';
import type { WebConfigOrigins } from './web-config-origin.js';

const maxAllowedContentLengthDefault = 30_000_000;

/** What its web.config files and its folder say. */
interface Compiled {
  readonly report: Report;
  readonly made: Built;
  readonly webConfigLimit: number | undefined;
  readonly traceRules: readonly TraceRule[];
  readonly searchEndedAt: string | null;
}

/** The applications of one site: taken over from an earlier load, or compiled now. */
interface Unit {
  readonly site: CompiledSite;
  kept: KeptApplications | null;
  declared: readonly Declared[];
  readonly sources: Sources;
  readonly reader: WebConfigReader;
  /** Something besides what is kept was said or found: it is compiled again next time. */
  isPlain: boolean;
}

interface ApplicationsInput {
  readonly defaults: unknown;
  readonly report: Report;
  readonly pools: Pools;
  readonly sources: Sources;
  readonly secrets: Set<string>;
  readonly memory: LoadMemory;
  readonly origins: WebConfigOrigins | null;
}

export class Applications {
  readonly list: ApplicationConfig[] = [];
  /** What was read or looked for, site by site. */
  readonly files: (readonly string[])[] = [];
  private readonly units: Unit[] = [];
  private readonly report: Report;
  private readonly input: ApplicationsInput;
  private readonly declaring: Declaring;
  /** The first application of each pool that can run: it decides the pool's hosting model. */
  private readonly firstOfPool = new Map<string, ApplicationConfig>();
  /** web.config file -> child applications in other pools. */
  private readonly foreignRestrictions = new Map<string, readonly string[]>();
  private readonly searchesEnded: string[] = [];
  private dotnetNoted = 0;
  private dotnetPlace: { readonly place: Place; readonly path: Path; readonly id: string } | null = null;

  constructor(input: ApplicationsInput) {
    this.input = input;
    this.report = input.report;
    this.declaring = new Declaring(input.defaults, input.report, input.pools);
  }

  async addSite(site: CompiledSite): Promise<void> {
    const sources = new Sources();
    const reader = new WebConfigReader(sources);
    const unit: Unit = { site, kept: null, declared: [], sources, reader, isPlain: true };
    unit.kept = await this.recall(unit);
    if (unit.kept === null) await this.declare(unit);
    this.units.push(unit);
  }

  /** After the last site. Files of several applications are read at once; what comes out is in configuration order. */
  async compile(): Promise<void> {
    const { memory } = this.input;
    const folders = new Set(this.units.flatMap(foldersOfUnit));
    const around = memory.around(folders);
    for (const unit of this.units) {
      if (unit.kept?.compiled.some(({ config }) => around.has(config.physicalPath)) !== true) continue;
      unit.kept = null;
      await this.declare(unit);
    }
    const count = this.units.reduce((sum, { kept, declared }) => sum + (kept?.compiled ?? declared).length, 0);
    const searched = Math.min(subFoldersPerApplicationMax, Math.floor(subFoldersMax / Math.max(1, count)));
    const work = this.units.flatMap((unit) => unit.declared.map((one) => ({ unit, one })));
    const made = await inParallel(work, applicationsReadAtOnce, ({ unit, one }) =>
      this.read(unit, one, folders, searched),
    );
    let at = 0;
    for (const unit of this.units) {
      const kept = unit.kept ?? (await this.keep(unit, made.slice(at, at + unit.declared.length)));
      at += unit.declared.length;
      this.take(unit, kept);
    }
  }

  private take({ site }: Unit, kept: KeptApplications): void {
    this.files.push(kept.files);
    this.input.sources.include([], kept.digest);
    for (const diagnostic of kept.diagnostics) this.report.push(diagnostic);
    for (const { index, config, note } of kept.compiled) {
      const at: Path = [...site.path, 'applications', index];
      if (note !== null) {
        this.dotnetNoted++;
        this.dotnetPlace ??= { place: note, path: at, id: config.id };
      }
      this.list.push(this.settleInPool(config, at));
    }
  }

  /** What was compiled of the same settings and files; null = it has to be looked at. */
  private async recall({ site }: Unit): Promise<KeptApplications | null> {
    const { memory, pools } = this.input;
    const kept = site.entry.applications;
    if (kept === null || !memory.isUntouched(kept)) return null;
    if (!this.inputsOf(site).every((input, index) => input === kept.inputs[index])) return null;
    if (kept.diagnostics.length > 0 && kept.siteIndex !== site.path[1]) return null;
    for (const [index, name] of kept.poolNames.entries()) {
      if ((await pools.known(name)) !== kept.pools[index]) return null;
    }
    return kept;
  }

  private inputsOf(site: CompiledSite): readonly unknown[] {
    return [this.input.defaults, site.defaults];
  }

  /** Puts together what was made of a site; what is as before stays the same object. */
  private async keep(unit: Unit, made: readonly Compiled[]): Promise<KeptApplications> {
    const { site, declared, sources } = unit;
    const before = site.entry.applications ?? site.entry.applicationsBefore;
    site.entry.applicationsBefore = null;
    const compiled: KeptApplication[] = [];
    const diagnostics: Diagnostic[] = [];
    for (const [index, one] of declared.entries()) {
      const what = made[index];
      if (what === undefined) continue;
      diagnostics.push(...what.report.diagnostics);
      const config = await this.configOf(unit, one, what);
      const old = before?.compiled[index]?.config;
      const isSame = old !== undefined && JSON.stringify(old) === JSON.stringify(config);
      compiled.push({ index: Number(one.at[3]), config: isSame ? old : config, note: what.made.note });
    }
    const files = [...sources.files].sort();
    const isSameList =
      before?.files.length === files.length && before.files.every((file, index) => file === files[index]);
    const kept: KeptApplications = {
      inputs: this.inputsOf(site),
      siteIndex: Number(site.path[1]),
      pools: declared.map(({ pool }) => pool),
      poolNames: declared.map(({ pool }) => pool.config.name),
      compiled,
      diagnostics,
      files: isSameList ? before.files : files,
      folders: [...new Set(files.map((file) => dirname(file)))],
      digest: digestOf(sources.digest('') + JSON.stringify([site.config, compiled.map(({ config }) => config)])),
    };
    site.entry.applications = unit.isPlain ? kept : null;
    return kept;
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

  private async declare(unit: Unit): Promise<void> {
    const { list, isPlain } = await this.declaring.of(unit.site);
    unit.declared = list;
    unit.isPlain = isPlain;
  }

  private async read(
    { sources, reader }: Unit,
    one: Declared,
    applicationFolders: ReadonlySet<string>,
    foldersSearched: number,
  ): Promise<Compiled> {
    const { raw, at, key, id, pool, physicalPath, parents, applications } = one;
    // A pool is an identity of its own: what one tenant writes never becomes another tenant's program or variables.
    const shared = parents.filter((other) => other.pool === pool);
    const folders = [...shared, one].map((other) => ({ folder: other.physicalPath, base: other.key }));
    const around = { target: key, applications, applicationFolders, subFoldersMax: foldersSearched };
    const webConfigs: WebConfigsOf = { reader, folders, ...around };
    const report = this.report.branch();
    const { origins, secrets } = this.input;
    const build = new Build(report, sources, secrets, { raw, at, id, physicalPath, pool, webConfigs, origins });
    const made = await build.run();
    const { webConfigLimit, traceRules, searchEndedAt } = build;
    return { report, made, webConfigLimit, traceRules, searchEndedAt };
  }

  private async configOf(unit: Unit, one: Declared, compiled: Compiled): Promise<ApplicationConfig> {
    const { made, webConfigLimit, traceRules, searchEndedAt } = compiled;
    const { site, path, id, pool, physicalPath, parents, limits } = one;
    if (searchEndedAt !== null) {
      this.searchesEnded.push(searchEndedAt);
      unit.isPlain = false;
    }
    if (made.failure === null && pool.readsWebConfig) {
      const foreign = parents.filter((other) => other.pool !== pool);
      for (const parent of foreign) await this.noteForeignRestrictions(unit, parent, one);
    }
    return {
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
      ...(site.config.tracing === null || traceRules.length === 0 ? {} : { traceRules }),
      preloadPath: one.preloadPath,
      hosting: made.hosting,
      failure: made.failure,
    };
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

  private async noteForeignRestrictions({ reader }: Unit, parent: Declared, child: Declared): Promise<void> {
    const { applications } = child;
    const read = await reader.read(parent.physicalPath);
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

function foldersOfUnit({ kept, declared }: Unit): readonly string[] {
  if (kept === null) return declared.map(({ physicalPath }) => physicalPath);
  return kept.compiled.map(({ config }) => config.physicalPath);
}

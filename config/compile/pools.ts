/** `applicationPools` over `applicationPoolDefaults`, and the pools that nobody declared. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import { nodeAt, type Path } from '../load/source.js';
import { digestOf } from '../load/sources.js';
import type { Isolation, PoolConfig } from '../model.js';
import { type PoolSettings, poolSettings } from '../schema/root.js';
import { inherit, isPlain } from './inherit.js';
import { Entry, type LoadMemory } from './memory.js';
import { nearest } from './nearest.js';
import { failure, processModel, recycling } from './pool-settings.js';
import type { Report } from './report.js';
import { checkResources, poolResources } from './pool-resources.js';
import { Variables } from './variables.js';

export const defaultPoolName = 'DefaultAppPool';
const noDefaults = {};
/** Names in one warning. */
const namesShown = 10;

export interface CompiledPool {
  readonly config: PoolConfig;
  /** False: web.config files of its applications are not read. */
  readonly readsWebConfig: boolean;
  readonly digest: string;
}

interface PoolContext {
  readonly report: Report;
  readonly secrets: Set<string>;
  readonly isRoot: boolean;
  /** `--isolation` of the command line: holds for every pool of this run. */
  readonly isolation: Isolation | undefined;
  readonly memory: LoadMemory;
}

/** Pools by name; names are compared without case, as IIS does. */
export class Pools {
  private readonly byName = new Map<string, CompiledPool>();
  /** Pools that the file itself runs as root, with where it says so. */
  private readonly asRoot: { readonly name: string; readonly at: Path }[] = [];
  private readonly context: PoolContext;
  private readonly defaults: unknown;

  constructor(defaults: unknown, context: PoolContext) {
    this.defaults = defaults;
    this.context = context;
  }

  async declare(name: string, entry: Entry, path: Path): Promise<void> {
    if (this.byName.has(name.toLowerCase())) {
      this.context.report.at([...path, 'name'], {
        code: 'duplicate-name',
        message: `there is another pool named ${name}`,
        remedy: 'names of pools are compared without case',
      });
      return;
    }
    this.byName.set(name.toLowerCase(), await this.compileOnce(name, entry, path));
  }

  /** The same without a word about one that is not there. */
  async known(name: string): Promise<CompiledPool | null> {
    const found = this.byName.get(name.toLowerCase());
    if (found !== undefined) return found;
    return name === defaultPoolName ? this.implicit(name) : null;
  }

  /** The pool an application names; undeclared only DefaultAppPool and `extra` exist. */
  async find(name: string, at: Path): Promise<CompiledPool | null> {
    const found = this.byName.get(name.toLowerCase());
    if (found !== undefined) return found;
    if (name.toLowerCase() === defaultPoolName.toLowerCase()) return this.implicit(defaultPoolName);
    const near = nearest(name, this.names());
    this.context.report.at(at, {
      code: 'unknown-pool',
      message: `there is no pool named ${name}`,
      remedy: near === null ? `add it to applicationPools` : `did you mean ${near}?`,
    });
    return null;
  }

  async implicit(name: string): Promise<CompiledPool> {
    const made = await this.compileOnce(name, this.implicitEntry(), ['applicationPoolDefaults']);
    this.byName.set(name.toLowerCase(), made);
    return made;
  }

  /** The same as in the load before as long as the defaults are. */
  private implicitEntry(): Entry {
    const key = isPlain(this.defaults) ? this.defaults : noDefaults;
    const { implicit } = this.context.memory;
    const known = implicit.get(key) ?? new Entry({});
    implicit.set(key, known);
    return known;
  }

  /** Notes that are said once for all pools together. */
  finish(): void {
    const [first] = this.asRoot;
    if (first === undefined) return;
    const names = this.asRoot.slice(0, namesShown).map(({ name }) => name);
    const more = this.asRoot.length > names.length ? ` and ${this.asRoot.length - names.length} more` : '';
    const runs = this.asRoot.length === 1 ? `pool ${names.join('')} runs` : `pools ${names.join(', ')}${more} run`;
    this.context.report.at(first.at, {
      severity: 'warning',
      code: 'pool-runs-as-root',
      message: `${runs} as root, not protected from other pools, and can do everything on this machine`,
      remedy: 'leave isolation out, or write isolation: user',
    });
  }

  digest(): string {
    return [...this.byName.values()].map((pool) => pool.digest).join('');
  }

  list(): readonly PoolConfig[] {
    return [...this.byName.values()].map((pool) => pool.config);
  }

  private names(): string[] {
    return [...this.byName.values()].map((pool) => pool.config.name);
  }

  /** What was compiled from the same settings without a word, and without a look at the disk, is the same. */
  private async compileOnce(name: string, entry: Entry, path: Path): Promise<CompiledPool> {
    const known = entry.pool;
    if (known !== null && known.defaults === this.defaults) return known.pool;
    const { report } = this.context;
    const [said, asRoot] = [report.diagnostics.length, this.asRoot.length];
    const before = this.context.memory.named('applicationPools', name, entry)?.pool?.pool;
    const made = await this.compile(name, entry.plain, path);
    const isSame = before?.digest === made.digest && before.readsWebConfig === made.readsWebConfig;
    const pool = isSame ? before : made;
    const { nodePath, failure: programs } = pool.config;
    const looked = nodePath !== null || programs.orphanAction !== null || programs.autoShutdown !== null;
    const isQuiet = report.diagnostics.length === said && this.asRoot.length === asRoot;
    entry.pool = isQuiet && !looked ? { defaults: this.defaults, pool } : null;
    return pool;
  }

  private async compile(name: string, raw: unknown, path: Path): Promise<CompiledPool> {
    const { name: _, ...own } = { name, ...inherit(this.defaults, raw) };
    const settings = poolSettings.parse(own);
    const { report, secrets } = this.context;
    const variables = new Variables()
      .addNode(nodeAt(report.root, ['applicationPoolDefaults', 'environmentVariables']), secrets)
      .addNode(nodeAt(report.root, [...path, 'environmentVariables']), secrets);
    const config: PoolConfig = {
      name,
      autoStart: settings.autoStart,
      startMode: settings.startMode,
      queueLength: settings.queueLength,
      isolation: this.isolation(settings),
      nodePath: await this.nodePath(settings, path),
      environmentVariables: variables.list(),
      affinity: settings.affinity,
      processModel: processModel(settings),
      recycling: recycling(settings),
      failure: failure(settings, {
        orphanAction: await this.program(settings.failure.orphanActionExe, [...path, 'failure', 'orphanActionExe']),
        autoShutdown: await this.program(settings.failure.autoShutdownExe, [...path, 'failure', 'autoShutdownExe']),
      }),
      ...poolResources(settings),
    };
    this.checkIdentity(settings, path);
    checkResources(config, this.context.report, path);
    this.noteRoot(name, settings, path);
    return {
      config,
      readsWebConfig: settings.enableConfigurationOverride,
      digest: digestOf(JSON.stringify(config)),
    };
  }

  private isolation(settings: PoolSettings): Isolation {
    return this.context.isolation ?? settings.isolation ?? (this.context.isRoot ? 'user' : 'process');
  }

  /** `--isolation` on the command line was typed for this run; the server says its line about it. */
  private noteRoot(name: string, settings: PoolSettings, path: Path): void {
    const { report, isRoot, isolation } = this.context;
    if (!isRoot || isolation !== undefined || settings.isolation !== 'process') return;
    const own = [...path, 'isolation'];
    this.asRoot.push({ name, at: report.has(own) ? own : ['applicationPoolDefaults', 'isolation'] });
  }

  private checkIdentity(settings: PoolSettings, path: Path): void {
    const { identityType, userName } = settings.processModel;
    if (identityType !== 'SpecificUser' || userName !== undefined) return;
    const own = [...path, 'processModel', 'identityType'];
    this.context.report.at(
      this.context.report.has(own) ? own : ['applicationPoolDefaults', 'processModel', 'identityType'],
      {
        code: 'missing',
        message: 'identityType SpecificUser needs processModel.userName',
        remedy: 'name a user of this machine, or use ApplicationPoolIdentity',
      },
    );
  }

  private async nodePath(settings: PoolSettings, path: Path): Promise<string | null> {
    if (settings.nodePath === undefined) return null;
    return this.executable(settings.nodePath, [...path, 'nodePath'], {
      code: 'node-missing',
      severity: 'error',
      remedy: 'give the path of a Node.js binary, or leave nodePath out',
    });
  }

  /** A program that Sluice runs for an event of the pool; '' = none. */
  private async program(written: string, at: Path): Promise<string> {
    if (written === '') return '';
    return this.executable(written, at, {
      code: 'program-missing',
      severity: 'warning',
      remedy: 'give the path of a program, or leave the setting out',
    });
  }

  /** Relative to the file that names it, be it the pool's or the defaults'. */
  private async executable(
    written: string,
    own: Path,
    problem: Pick<Diagnostic, 'code' | 'severity' | 'remedy'>,
  ): Promise<string> {
    const { report } = this.context;
    const at = report.has(own) ? own : ['applicationPoolDefaults', ...own.slice(own.indexOf('applicationPools') + 2)];
    const absolute = resolve(dirname(nodeAt(report.root, at)?.place.file ?? '/'), written);
    try {
      await access(absolute, constants.X_OK);
    } catch {
      report.at(at, { ...problem, message: `${absolute} is not an executable file` });
    }
    return absolute;
  }
}

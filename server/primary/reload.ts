/**
 * Loads the configuration again (SIGHUP, a changed file) and applies it. A bad file changes nothing: the one
 * before it serves on, its problems are logged and a metric shows it. The applications' own files act all
 * the same: a restriction in a web.config must not wait for somebody else's file.
 */
import { restartSettings } from '../../config/change/diff.js';
import { type Diagnostic, formatDiagnostic } from '../../config/base/diagnostics.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import { eventFields, refusedEventId } from '../../config/base/iis-events.js';
import type { Logger } from '../../config/base/logger.js';
import type { CompiledConfig } from '../../config/model.js';
import { crashPoint } from '../../pools/runtimes/crash-points.js';
import { prepareChange } from './apply.js';
import type { LoadedConfig, ServedDocument } from './config-loader.js';
import { noSites } from './no-sites.js';
import type { PrimaryParts } from './parts.js';

export type ReloadOutcome = 'applied' | 'unchanged' | 'refused';

/** What is read again: all of it, or only web.config files and folders, under the document that serves. */
export type ReloadScope = 'everything' | 'applications';

/** The only files that may have changed since the load before; null = any. */
export type ChangedFiles = ReadonlySet<string> | null;

export interface ReloadOptions {
  readonly parts: PrimaryParts;
  /** The document that serves; null when it cannot be told (the stored copy of the last good one). */
  readonly document: ServedDocument | null;
  /** With a document, only what belongs to the applications is read. `changed`: see `reload`. */
  load(document: ServedDocument | null, changed: ChangedFiles): Promise<LoadedConfig>;
  /** After a configuration was applied or found unchanged; `change` is null then. */
  applied(config: CompiledConfig, change: AppliedChange | null): void;
}

export interface AppliedChange {
  readonly reason: string;
  readonly before: CompiledConfig | null;
}

export class Reloader {
  readonly #options: ReloadOptions;
  #document: ServedDocument | null;
  /** What was refused last, and why: to say and count it once, however many ask. */
  #refused = '';
  #problems: readonly string[] = [];
  #running: Promise<ReloadOutcome> | null = null;
  #next: Promise<ReloadOutcome> | null = null;
  #nextScope: ReloadScope = 'applications';
  #nextChanged: ChangedFiles = new Set();

  constructor(options: ReloadOptions) {
    this.#options = options;
    this.#document = options.document;
  }

  /** What serves; null when it cannot be told. */
  get document(): ServedDocument | null {
    return this.#document;
  }

  /** Why the last load was refused, one line each. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /**
   * Loads are one after another; requests that come during one share the next, which then reads what any wants.
   * Without `changed` every file may have.
   */
  reload(reason: string, scope: ReloadScope = 'everything', changed: ChangedFiles = null): Promise<ReloadOutcome> {
    if (this.#running === null) return this.#start(reason, scope, changed);
    if (scope === 'everything') this.#nextScope = scope;
    this.#nextChanged =
      changed === null || this.#nextChanged === null ? null : new Set([...this.#nextChanged, ...changed]);
    // Also after one that failed: whoever waits for the next has to get it.
    const over = this.#running.catch(() => undefined);
    this.#next ??= over.then(() => {
      const [wanted, files] = [this.#nextScope, this.#nextChanged];
      this.#next = null;
      this.#nextScope = 'applications';
      this.#nextChanged = new Set();
      return this.#start(reason, wanted, files);
    });
    return this.#next;
  }

  #start(reason: string, scope: ReloadScope, changed: ChangedFiles): Promise<ReloadOutcome> {
    const running = this.#run(reason, scope, changed).finally(() => {
      this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #run(reason: string, scope: ReloadScope, changed: ChangedFiles): Promise<ReloadOutcome> {
    const document = this.#document;
    if (scope === 'applications' && document !== null) return this.#runApplications(reason, document, changed);
    // A folder that is served without a file has nothing else to read; what is wrong with it stays with it.
    const loaded = await this.#options.load(document?.alone === true ? document : null, changed);
    const outcome = this.#judge(reason, loaded);
    if (outcome === 'refused') {
      const { isDraining } = this.#options.parts.state;
      if (document !== null && !isDraining) await this.#runApplications(reason, document, changed);
      return outcome;
    }
    this.#document = loaded.document ?? null;
    this.#refused = '';
    const { parts } = this.#options;
    parts.processMetrics.reloaded('success');
    if (outcome === 'unchanged') {
      parts.processMetrics.configurationServes(loaded.config?.version ?? '', parts.clock.wallMs());
      parts.log.info('configuration-unchanged', { reason });
    }
    return outcome;
  }

  /** Says nothing new about the file, good or bad: it was not looked at. */
  async #runApplications(reason: string, document: ServedDocument, changed: ChangedFiles): Promise<ReloadOutcome> {
    const outcome = this.#judge(reason, await this.#options.load(document, changed));
    if (this.#refused !== '') this.#options.parts.processMetrics.fileStaysRefused();
    return outcome;
  }

  #judge(reason: string, { config, diagnostics, contents = '' }: LoadedConfig): ReloadOutcome {
    const { parts } = this.#options;
    if (parts.state.isDraining) {
      this.#problems = ['the server is stopping'];
      return 'refused';
    }
    if (config === null) return this.#refuse(reason, contents, diagnostics.filter(isError).map(formatDiagnostic));
    const before = parts.state.config;
    if (config.sites.length === 0 && (before?.sites.length ?? 0) > 0) return this.#refuse(reason, contents, [noSites]);
    const isSame = before !== null && config.version === before.version;
    if (!isSame) {
      crashPoint('apply.read');
      try {
        prepareChange(parts, config).commit();
      } catch (error) {
        return this.#refuse(reason, contents, [describe(error)]);
      }
      this.#tell(reason, before, config);
    }
    this.#options.applied(config, isSame ? null : { reason, before });
    return isSame ? 'unchanged' : 'applied';
  }

  #tell(reason: string, before: CompiledConfig | null, config: CompiledConfig): void {
    const { parts } = this.#options;
    parts.fleet.resize(config.server.listeners);
    // The number of listeners is followed at once; the rest is read at the start only.
    const fixed = before === null ? [] : restartSettings(before, config).filter((name) => name !== 'listeners');
    if (fixed.length > 0) parts.log.warn('configuration-needs-restart', { settings: fixed.join(', ') });
    logWarnings(parts.log, config);
    parts.log.info('configuration-applied', { reason, version: config.version.slice(0, 16) });
  }

  #refuse(reason: string, contents: string, problems: readonly string[]): ReloadOutcome {
    const { log, processMetrics } = this.#options.parts;
    const refused = [contents, ...problems].join('\n');
    this.#problems = problems;
    if (refused === this.#refused) {
      log.info('configuration-unchanged', { reason, refused: true });
      return 'refused';
    }
    this.#refused = refused;
    processMetrics.reloaded('failure');
    for (const problem of problems) log.error('configuration-problem', { problem });
    log.error('configuration-refused', { reason, serves: 'the one before it' });
    return 'refused';
  }
}

function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error';
}

function describe(error: unknown): string {
  return error instanceof SluiceError && error.remedy !== '' ? `${error.message} - ${error.remedy}` : messageOf(error);
}

/** Those that take an application out of service carry the event id that the ASP.NET Core Module has for it. */
export function logWarnings(
  log: Logger,
  { warnings, applications }: Pick<CompiledConfig, 'warnings' | 'applications'>,
): void {
  if (warnings.length === 0) return;
  const ids = new Map<string, number>();
  for (const { failure } of applications) {
    if (failure !== null) ids.set(placeOf(failure.diagnostic), refusedEventId(failure.status, failure.subStatus));
  }
  for (const warning of warnings) {
    const fields = eventFields(ids.get(placeOf(warning)) ?? 0);
    log.warn('configuration-warning', { warning: formatDiagnostic(warning), ...fields });
  }
}

function placeOf({ code, file, line, column, path }: Diagnostic): string {
  return JSON.stringify([code, file, line, column, path]);
}

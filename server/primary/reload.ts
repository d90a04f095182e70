/**
 * Loads the configuration again (SIGHUP, a changed file) and applies it. A bad one changes nothing: the
 * configuration before it serves on, its problems are logged and a metric shows it.
 */
import { diffConfig } from '../../config/change/diff.js';
import type { LoadResult } from '../../config/compile/compile.js';
import { type Diagnostic, formatDiagnostic } from '../../config/base/diagnostics.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';
import type { CompiledConfig } from '../../config/model.js';
import { prepareChange } from './apply.js';
import type { PrimaryParts } from './parts.js';

export type ReloadOutcome = 'applied' | 'unchanged' | 'refused';

export interface ReloadOptions {
  readonly parts: PrimaryParts;
  load(): Promise<LoadResult>;
  /** After a configuration was applied or found unchanged. */
  applied(config: CompiledConfig): void;
}

export class Reloader {
  readonly #options: ReloadOptions;
  #running: Promise<ReloadOutcome> | null = null;
  #next: Promise<ReloadOutcome> | null = null;

  constructor(options: ReloadOptions) {
    this.#options = options;
  }

  /** Loads are one after another; requests that come during one share the next. */
  reload(reason: string): Promise<ReloadOutcome> {
    if (this.#running === null) return this.#start(reason);
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.#start(reason);
    });
    return this.#next;
  }

  #start(reason: string): Promise<ReloadOutcome> {
    const running = this.#run(reason).finally(() => {
      this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #run(reason: string): Promise<ReloadOutcome> {
    const { parts } = this.#options;
    const { config, diagnostics } = await this.#options.load();
    if (parts.state.isDraining) return 'refused';
    if (config === null) return this.#refuse(reason, diagnostics.filter(isError).map(formatDiagnostic));
    const before = parts.state.config;
    if (before !== null && config.version === before.version) {
      parts.log.info('configuration-unchanged', { reason });
      return this.#accept(config, 'unchanged');
    }
    try {
      prepareChange(parts, config).commit();
    } catch (error) {
      return this.#refuse(reason, [describe(error)]);
    }
    parts.fleet.resize(config.server.listeners);
    // The number of listeners is followed at once; the rest is read at the start only.
    const fixed = before === null ? [] : diffConfig(before, config).restart.filter((name) => name !== 'listeners');
    if (fixed.length > 0) parts.log.warn('configuration-needs-restart', { settings: fixed.join(', ') });
    logWarnings(parts.log, config.warnings);
    parts.log.info('configuration-applied', { reason, version: config.version.slice(0, 16) });
    return this.#accept(config, 'applied');
  }

  #accept(config: CompiledConfig, outcome: ReloadOutcome): ReloadOutcome {
    const { parts } = this.#options;
    parts.processMetrics.reloaded('success');
    parts.processMetrics.configurationServes(config.version, parts.clock.wallMs());
    this.#options.applied(config);
    return outcome;
  }

  #refuse(reason: string, problems: readonly string[]): ReloadOutcome {
    const { log, processMetrics } = this.#options.parts;
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

export function logWarnings(log: Logger, warnings: readonly Diagnostic[]): void {
  for (const warning of warnings) log.warn('configuration-warning', { warning: formatDiagnostic(warning) });
}

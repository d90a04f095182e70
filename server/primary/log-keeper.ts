/**
 * Keeps the logs of this instance in bounds and within reach of log rotation: renames an access log that has grown
 * too large, removes the oldest files when all together occupy too much, and has every writer open its files anew.
 */
import { readdir, rename, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { codeOf, messageOf } from '../../config/base/errors.js';
import { accessLogCheckIntervalMs } from '../../config/base/limits.js';
import { logBudgetIntervalMs, logPeriodGraceMs } from '../../config/base/log-limits.js';
import type { ServerLog } from '../log/server-log.js';
import { logFileAt } from '../log/log-names.js';
import { LogBudget } from './log-budget.js';
import type { KeptLog } from './log-targets.js';

export interface LogKeeperParts {
  readonly clock: Clock;
  readonly log: ServerLog;
  readonly logDir: string;
  /** What is written now. */
  accessLogs(): readonly KeptLog[];
  /** Bytes; 0 = no limit. */
  budget(): number;
  /** Resolves when no listener writes to the old file any more. '' = any file. */
  reopenAccessLog(file: string): Promise<void>;
  reopenOutput(): void;
  /** Makes the folders of the logs anew where somebody removed them; true = one was missing. */
  makeFolders(): boolean;
}

export class LogKeeper {
  readonly #parts: LogKeeperParts;
  readonly #budget: LogBudget;
  #budgetAtMs: number;
  #cancel: CancelTimer = () => undefined;
  #isClosed = false;

  constructor(parts: LogKeeperParts) {
    this.#parts = parts;
    this.#budget = new LogBudget(parts.log);
    this.#budgetAtMs = parts.clock.monotonicMs();
    this.#checkLater();
  }

  /** After logrotate renamed files: server log, worker output, access log. Then the old ones may be compressed. */
  async reopen(): Promise<void> {
    const { log } = this.#parts;
    log.reopen();
    this.#parts.reopenOutput();
    await this.#parts.reopenAccessLog('');
    log.info('logs-reopened');
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  /**
   * Renames access logs that are too large, so that a disk is not filled by requests. After somebody removed the
   * folder of the logs they go on in a new one.
   */
  async check(): Promise<void> {
    if (this.#bringsFoldersBack()) await this.reopen();
    const nowMs = this.#parts.clock.wallMs();
    for (const { target, truncateBytes } of this.#parts.accessLogs()) {
      if (truncateBytes > 0) await this.#truncate(logFileAt(target, nowMs), truncateBytes);
    }
    if (this.#parts.clock.monotonicMs() < this.#budgetAtMs) return;
    this.#budgetAtMs = this.#parts.clock.monotonicMs() + logBudgetIntervalMs;
    await this.keepBudget();
  }

  async keepBudget(): Promise<void> {
    const nowMs = this.#parts.clock.wallMs();
    const targets = this.#parts.accessLogs().map(({ target }) => target);
    const open = new Set<string>();
    for (const target of targets) {
      open.add(logFileAt(target, nowMs));
      open.add(logFileAt(target, nowMs - logPeriodGraceMs));
    }
    const folders = [...new Set(targets.map(({ folder }) => folder))];
    await this.#budget.keep({ logDir: this.#parts.logDir, folders, open }, this.#parts.budget());
  }

  async #truncate(file: string, bytesMax: number): Promise<void> {
    try {
      const { size } = await stat(file);
      if (size <= bytesMax) return;
      await rename(file, `${file}.${(await highestNumber(file)) + 1}`);
      await this.#parts.reopenAccessLog(file);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        this.#parts.log.warn('access-log-not-renamed', { file, error: messageOf(error) });
      }
    }
  }

  #bringsFoldersBack(): boolean {
    const { log } = this.#parts;
    try {
      if (!this.#parts.makeFolders()) return false;
      log.warn('log-folder-was-removed', { remedy: 'rename or remove files in it, and `sluice logs reopen`' });
      return true;
    } catch (error) {
      log.warn('log-folder-missing', { error: messageOf(error) });
      return false;
    }
  }

  #checkLater(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#parts.clock.setTimer(accessLogCheckIntervalMs, () => {
      void this.check().then(() => this.#checkLater());
    });
  }
}

/** Of the files that were renamed before, `access.log.7.gz` too; the newest has the highest. */
async function highestNumber(file: string): Promise<number> {
  const start = `${basename(file)}.`;
  let highest = 0;
  for (const name of await readdir(dirname(file))) {
    if (!name.startsWith(start)) continue;
    const number = Number.parseInt(name.slice(start.length), 10);
    if (number > highest) highest = number;
  }
  return highest;
}

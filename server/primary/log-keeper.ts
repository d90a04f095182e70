/**
 * Keeps the logs of this instance in bounds and within reach of log rotation: renames an access log that has grown
 * too large, and has every writer open its files anew.
 */
import { stat } from 'node:fs/promises';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { codeOf, messageOf } from '../../config/base/errors.js';
import { accessLogCheckIntervalMs, accessLogFileBytesMax, accessLogFilesKept } from '../../config/base/limits.js';
import { shiftFiles } from '../../pools/runtimes/output-sinks.js';
import type { ServerLog } from '../log/server-log.js';

export interface LogKeeperParts {
  readonly clock: Clock;
  readonly log: ServerLog;
  /** '' = there is none. */
  accessLogFile(): string;
  /** Resolves when no listener writes to the old file any more. */
  reopenAccessLog(): Promise<void>;
  reopenOutput(): void;
  /** Makes the folders of the logs anew where somebody removed them; true = one was missing. */
  makeFolders(): boolean;
  /** Default: the limit. */
  readonly accessLogBytesMax?: number;
}

export class LogKeeper {
  readonly #parts: LogKeeperParts;
  #cancel: CancelTimer = () => undefined;
  #isClosed = false;

  constructor(parts: LogKeeperParts) {
    this.#parts = parts;
    this.#checkLater();
  }

  /** After logrotate renamed files: server log, worker output, access log. Then the old ones may be compressed. */
  async reopen(): Promise<void> {
    const { log } = this.#parts;
    log.reopen();
    this.#parts.reopenOutput();
    await this.#parts.reopenAccessLog();
    log.info('logs-reopened');
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  /**
   * Renames the access log when it is too large, so that a disk is not filled by requests. After somebody removed the
   * folder of the logs they go on in a new one.
   */
  async check(): Promise<void> {
    if (this.#bringsFoldersBack()) await this.reopen();
    const file = this.#parts.accessLogFile();
    if (file === '') return;
    try {
      const { size } = await stat(file);
      if (size <= (this.#parts.accessLogBytesMax ?? accessLogFileBytesMax)) return;
      shiftFiles(file, accessLogFilesKept);
      await this.#parts.reopenAccessLog();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.#parts.log.warn('access-log-not-renamed', { error: messageOf(error) });
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

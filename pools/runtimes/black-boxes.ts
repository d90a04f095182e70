/** The files of black boxes: one JSON record per line, beside the output of the application's workers. */
import { dirname, join } from 'node:path';
import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { blackBoxFileBytesMax } from '../../config/base/limits.js';
import { messageOf } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';
import { safeName } from './files.js';
import { rotate } from './output-sinks.js';

export class BlackBoxes {
  readonly #logDir: string;
  readonly #logger: Logger;

  constructor(logDir: string, logger: Logger) {
    this.#logDir = logDir;
    this.#logger = logger;
  }

  fileOf(pool: string, applicationId: string): string {
    return join(this.#logDir, 'workers', safeName(pool), `${safeName(applicationId)}.stalls.log`);
  }

  /**
   * Appends to `<logDir>/workers/<pool>/<application>.stalls.log`, which starts anew (`.1`, `.2`) when it is
   * full. A file that cannot be written is logged.
   */
  keep(pool: string, applicationId: string, record: object): void {
    const file = this.fileOf(pool, applicationId);
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
      this.#append(file, Buffer.from(`${JSON.stringify(record)}\n`));
    } catch (error) {
      this.#logger.warn('output-file-failed', { file, error: messageOf(error) });
    }
  }

  #append(file: string, line: Buffer): void {
    let fd: number | null = openSync(file, 'a', 0o640);
    try {
      if (fstatSync(fd).size + line.length > blackBoxFileBytesMax) {
        closeSync(fd);
        fd = rotate(file, this.#logger);
      }
      if (fd !== null) writeSync(fd, line);
    } finally {
      if (fd !== null) closeSync(fd);
    }
  }
}

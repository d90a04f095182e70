/**
 * The file of the server log. Lines are written in the background, in order and within bounded memory; the
 * file is size-capped like the files of worker output. Only the end of the process waits for the disk.
 */
import { openSync } from 'node:fs';
import { logBacklogBytesMax, logExitWaitMs, outputFileBytesMax } from '../../config/base/limits.js';
import { codeOf } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';
import { FileSink, rotate } from '../../pools/runtimes/output-sinks.js';

const fileMode = 0o640;

export class LogFile {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #sink: FileSink;
  #isFull = false;
  #dropped = 0;
  readonly #atExit = (): void => this.close();

  /** `logger` is told of trouble with this very file. Throws when the file cannot be opened. */
  constructor(path: string, logger: Logger, bytesMax = outputFileBytesMax) {
    this.#path = path;
    this.#logger = logger;
    this.#sink = new FileSink({
      fd: openSync(path, 'a', fileMode),
      logger,
      name: path,
      backlogBytesMax: logBacklogBytesMax,
      bytesMax,
      atBytesMax: () => rotate(path, logger),
    });
    process.once('exit', this.#atExit);
  }

  /** One line with its line feed. While the disk does not follow, lines are dropped and counted. */
  write(line: string): void {
    if (this.#isFull) {
      this.#dropped += 1;
      return;
    }
    if (this.#sink.write(Buffer.from(line))) return;
    this.#isFull = true;
    this.#sink.whenDrained(() => {
      const count = this.#dropped;
      this.#isFull = false;
      this.#dropped = 0;
      if (count > 0) this.#logger.warn('log-lines-dropped', { count });
    });
  }

  /** The next line goes to a file opened by the name, after somebody renamed this one. */
  reopen(): void {
    this.#sink.reopenWith(() => {
      try {
        return openSync(this.#path, 'a', fileMode);
      } catch (error) {
        this.#logger.warn('log-not-reopened', { file: this.#path, error: codeOf(error) });
        return null;
      }
    });
  }

  /** Everything written so far is in the file when this returns, unless the disk is stuck. */
  close(): void {
    process.removeListener('exit', this.#atExit);
    this.#sink.closeNow(logExitWaitMs);
  }
}

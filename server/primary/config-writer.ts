/** Writes several files of the administrator: all of them or none. */
import { messageOf } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';
import { refusalToWrite, removeOwnFile, type Writer, writeOwnFile } from '../../config/change/own-file.js';

/** By absolute path; null = the file is not there. */
export type Contents = Map<string, Buffer | null>;

export class ConfigWriter {
  readonly #as: Writer;
  readonly #log: Logger;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(as: Writer, log: Logger) {
    this.#as = as;
    this.#log = log;
  }

  /** Of several files the first may be written and the last not yet. */
  whenWritten(): Promise<unknown> {
    return this.#writing;
  }

  /** `before`: what the files hold. Rejects with a SluiceError; then they hold it again. */
  write(contents: Contents, before: Contents): Promise<void> {
    return this.#whole(async () => {
      for (const file of contents.keys()) {
        const refused = await refusalToWrite(file, this.#as);
        if (refused !== null) throw refused;
      }
      const done: Contents = new Map();
      try {
        for (const [file, bytes] of contents) {
          done.set(file, before.get(file) ?? null);
          await this.#put(file, bytes);
        }
      } catch (error) {
        await this.#putAll(done);
        throw error;
      }
    });
  }

  /** Never rejects: what cannot be restored is told in the log. */
  restore(before: Contents): Promise<void> {
    return this.#whole(() => this.#putAll(before));
  }

  #whole(write: () => Promise<void>): Promise<void> {
    const writing = write();
    this.#writing = writing.catch(() => undefined);
    return writing;
  }

  async #putAll(contents: Contents): Promise<void> {
    for (const [file, bytes] of contents) {
      await this.#put(file, bytes).catch((error: unknown) => {
        this.#log.error('configuration-file-not-restored', { file, error: messageOf(error) });
      });
    }
  }

  async #put(file: string, bytes: Buffer | null): Promise<void> {
    if (bytes === null) await removeOwnFile(file, this.#as);
    else await writeOwnFile(file, bytes, this.#as);
  }
}

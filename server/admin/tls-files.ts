/**
 * Certificate and key of the admin listener (`admin.tls`). The files are looked at every few seconds: a good new pair
 * is used for the next connection, a bad one is named in the log while the one before it serves on.
 */
import type { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { adminTlsLookMs } from '../../config/base/admin-limits.js';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';
import { type CertificateRead, readCertificate } from '../../config/load/certificate-files.js';
import type { AdminConfig } from '../../config/model.js';

/** PEM. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

export interface ServedCertificate {
  readonly file: string;
  readonly leaf: X509Certificate | null;
  /** What is wrong with the files now; '' = nothing. */
  readonly problem: string;
}

type Files = NonNullable<AdminConfig['tls']>;
type GoodRead = Extract<CertificateRead, { ok: true }>;

export class TlsFiles {
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #log: Logger;
  #served: GoodRead;
  #signature: string;
  #problem = '';
  #renewed: (material: TlsMaterial) => void = () => undefined;
  #cancel: CancelTimer = () => undefined;
  #isClosed = false;

  private constructor(files: Files, read: GoodRead, signature: string, clock: Clock, log: Logger) {
    this.#files = files;
    this.#served = read;
    this.#signature = signature;
    this.#clock = clock;
    this.#log = log;
    this.#lookLater();
  }

  /** Throws a SluiceError naming the file. */
  static async open(files: Files, clock: Clock, log: Logger): Promise<TlsFiles> {
    const signature = await signatureOf(files);
    const read = await readCertificate({ kind: 'pem', ...files, password: '' });
    if (read.ok) return new TlsFiles(files, read, signature, clock, log);
    throw new SluiceError('admin-tls', `${read.file}: ${read.message}`, 'correct admin.tls, or leave it away');
  }

  get material(): TlsMaterial {
    const { certificate, privateKey } = this.#served.material;
    return { cert: certificate, key: privateKey };
  }

  get certificate(): ServedCertificate {
    return { file: this.#files.certFile, leaf: this.#served.leaf, problem: this.#problem };
  }

  /** Called with every new pair. */
  whenRenewed(run: (material: TlsMaterial) => void): void {
    this.#renewed = run;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#renewed = () => undefined;
  }

  #lookLater(): void {
    this.#cancel = this.#clock.setTimer(adminTlsLookMs, () => {
      this.#look()
        .catch((error: unknown) => this.#refuse(this.#files.certFile, messageOf(error)))
        .finally(() => {
          if (!this.#isClosed) this.#lookLater();
        });
    });
  }

  async #look(): Promise<void> {
    const signature = await signatureOf(this.#files);
    if (signature === this.#signature) return;
    this.#signature = signature;
    const read = await readCertificate({ kind: 'pem', ...this.#files, password: '' });
    if (!read.ok) return this.#refuse(read.file, read.message);
    if (this.#hasEnded(read) && !this.#hasEnded(this.#served)) {
      return this.#refuse(this.#files.certFile, 'the certificate in it has ended');
    }
    this.#served = read;
    this.#problem = '';
    this.#renewed(this.material);
    const validTo = read.leaf?.validTo ?? '';
    this.#log.info('certificate-loaded', { file: this.#files.certFile, kind: 'admin', validTo });
  }

  #hasEnded({ leaf }: GoodRead): boolean {
    return leaf !== null && Date.parse(leaf.validTo) < this.#clock.wallMs();
  }

  #refuse(file: string, message: string): void {
    this.#problem = `${file}: ${message}`;
    this.#log.error('certificate-refused', { file, problem: message, serves: 'the one before it' });
  }
}

async function signatureOf({ certFile, keyFile }: Files): Promise<string> {
  const looks = [certFile, keyFile].map((file) =>
    stat(file).then(
      ({ ino, size, mtimeMs, ctimeMs }) => `${ino}:${size}:${mtimeMs}:${ctimeMs}`,
      () => '-',
    ),
  );
  return (await Promise.all(looks)).join(' ');
}

/** Where the certificate of a name lies: in the files that the binding names, in a folder, with an authority's, or made here. */
import { sep } from 'node:path';
import type { Clock } from '../../config/base/clock.js';
import type { CertificateFiles } from '../../config/load/certificate-files.js';
import type { TlsConfig } from '../../config/model.js';
import { CertificateStore } from './certificate-store.js';
import { developmentCertificate } from './development-certificate.js';

export interface SourcePorts {
  readonly clock: Clock;
  /** The file of a name with `certificate: acme`; null: there is none (yet). */
  issuedFile(name: string): Promise<string | null>;
  /** `watched` holds other paths than before. */
  readonly watchedChanged: () => void;
}

export class CertificateSources {
  readonly #ports: SourcePorts;
  /** By folder and password. */
  readonly #stores = new Map<string, CertificateStore>();
  #stateDir = '';

  constructor(ports: SourcePorts) {
    this.#ports = ports;
  }

  configure(stateDir: string, configured: readonly TlsConfig[]): void {
    this.#stateDir = stateDir;
    const ids = new Set(configured.map(({ certificate }) => storeId(certificate)));
    for (const id of this.#stores.keys()) if (!ids.has(id)) this.#stores.delete(id);
  }

  /** null: there is none now. */
  async filesOf({ certificate }: TlsConfig, name: string): Promise<CertificateFiles | null> {
    switch (certificate.kind) {
      case 'pem':
      case 'pfx':
        return certificate;
      case 'store':
        return this.#storeOf(certificate).find(name);
      case 'acme': {
        const file = await this.#ports.issuedFile(name);
        return file === null ? null : { kind: 'pem', certFile: file, keyFile: file, password: '' };
      }
      case 'development':
        return developmentCertificate(this.#stateDir, this.#ports.clock.wallMs());
    }
  }

  /** Groups of paths whose changes may lead names to other files. */
  get watched(): (readonly string[])[] {
    return [...this.#stores.values()].map(({ watched }) => watched);
  }

  /** The watch says that these may have changed. @returns whether one of them lies in a folder of certificates. */
  touched(files: ReadonlySet<string>): boolean {
    const isIn = ({ folder }: CertificateStore): boolean => [...files].some((file) => file.startsWith(folder + sep));
    const found = [...this.#stores.values()].filter(isIn);
    for (const store of found) store.touched();
    return found.length > 0;
  }

  #storeOf(certificate: Extract<TlsConfig['certificate'], { kind: 'store' }>): CertificateStore {
    const id = storeId(certificate);
    const known = this.#stores.get(id);
    if (known !== undefined) return known;
    const { folder, password } = certificate;
    const store = new CertificateStore(folder, password, this.#ports.clock, this.#ports.watchedChanged);
    this.#stores.set(id, store);
    this.#ports.watchedChanged();
    return store;
  }
}

function storeId(certificate: TlsConfig['certificate']): string {
  return certificate.kind === 'store' ? JSON.stringify([certificate.folder, certificate.password]) : '';
}

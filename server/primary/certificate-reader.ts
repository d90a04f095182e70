/** Reads certificates with their keys. Names that are served from the same files share what was read of them. */
import {
  type CertificateFiles,
  type CertificateRead,
  readAuthorities,
  readCertificate,
} from '../../config/load/certificate-files.js';

type Good = Extract<CertificateRead, { ok: true }>;

interface Authorities {
  /** PEM; '' = clients are not asked. */
  readonly authorities: string;
}

export type Contents = (Good & Authorities) | Exclude<CertificateRead, Good>;

interface Reading {
  readonly look: string;
  readonly contents: Promise<Contents>;
}

export class CertificateReader {
  readonly #readings = new Map<string, Reading>();

  /** `id`: of the files and of what opens them; `look`: how they look, and as long as it is the same they are not read again. */
  read(id: string, look: string, files: CertificateFiles, authoritiesFile: string): Promise<Contents> {
    const known = this.#readings.get(id);
    if (known?.look === look) return known.contents;
    const reading = { look, contents: readAll(files, authoritiesFile) };
    this.#readings.set(id, reading);
    // What could not be read is tried again whenever somebody asks.
    const drop = (): void => {
      if (this.#readings.get(id) === reading) this.#readings.delete(id);
    };
    reading.contents.then(({ ok }) => ok || drop(), drop);
    return reading.contents;
  }

  /** The others are not held any more: they are keys. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#readings.keys()) if (!ids.has(id)) this.#readings.delete(id);
  }
}

async function readAll(files: CertificateFiles, authoritiesFile: string): Promise<Contents> {
  const read = await readCertificate(files);
  if (!read.ok) return read;
  const authorities = authoritiesFile === '' ? null : await readAuthorities(authoritiesFile);
  if (authorities?.ok === false) return authorities;
  return { ...read, authorities: authorities?.pem ?? '' };
}

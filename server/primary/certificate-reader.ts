/** Reads certificates with their keys. Names that are served from the same files share what was read of them. */
import type { X509Certificate } from 'node:crypto';
import {
  type CertificateFiles,
  type CertificateRead,
  readAuthorities,
  readCertificate,
} from '../../config/load/certificate-files.js';
import type { CertificateMaterial } from '../../pools/protocol/snapshot.js';
import { type CertificateFacts, factsOf } from './certificate-views.js';
import { mustStaple } from './ocsp/messages.js';

/** An open certificate is large: it is not held but for those that a responder is asked about. */
export interface GoodContents {
  readonly ok: true;
  /** Without an answer of a responder. */
  readonly material: CertificateMaterial;
  /** null where it does not show (PKCS #12), and `validTo` is '' then. */
  readonly facts: CertificateFacts | null;
  readonly validTo: string;
  readonly stapled: { readonly certificate: X509Certificate; readonly issuer: X509Certificate | null } | null;
}

export type Contents = GoodContents | Extract<CertificateRead, { ok: false }>;

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
  const { leaf, issuer } = read;
  return {
    ok: true,
    material: { ...read.material, authorities: authorities?.pem ?? '', ocsp: '' },
    facts: leaf === null ? null : factsOf(leaf),
    validTo: leaf?.validTo ?? '',
    stapled: leaf !== null && mustStaple(leaf) ? { certificate: leaf, issuer } : null,
  };
}

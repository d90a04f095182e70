/** Certificates for tests, made by `openssl` as an administrator would make them. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CertificateSketch {
  readonly names?: readonly string[];
  readonly kind?: 'rsa' | 'ec';
  readonly usage?: 'serverAuth' | 'clientAuth';
  readonly days?: number;
  /** Further lines of the extensions file of openssl. */
  readonly extensions?: readonly string[];
}

export interface MadeCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** An authority of its own with a folder of its own. */
export class TestAuthority {
  readonly folder: string;
  readonly file: string;
  #made = 0;

  constructor(folder: string, name = 'Test authority') {
    mkdirSync(folder, { recursive: true });
    this.folder = folder;
    this.file = join(folder, 'ca.pem');
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', join(folder, 'ca.key')];
    openssl('req', '-x509', '-nodes', ...key, '-out', this.file, '-days', '30', '-subj', `/CN=${name}`);
  }

  get pem(): string {
    return readFileSync(this.file, 'utf8');
  }

  /** Certificate and key in files named after the first name. */
  issue({
    names = ['client'],
    kind = 'ec',
    usage = 'serverAuth',
    days = 30,
    extensions: more = [],
  }: CertificateSketch): MadeCertificate {
    this.#made += 1;
    const stem = join(this.folder, `made-${this.#made}`);
    const [certFile, keyFile, request, extensions] = ['.pem', '.key', '.csr', '.ext'].map((end) => `${stem}${end}`) as [
      string,
      string,
      string,
      string,
    ];
    const algorithm = kind === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const subject = `/CN=${names[0] ?? 'none'}`;
    openssl('req', '-new', '-nodes', '-newkey', ...algorithm, '-keyout', keyFile, '-out', request, '-subj', subject);
    const alternatives = names.map((name) => `DNS:${name}`).join(',');
    writeFileSync(
      extensions,
      `subjectAltName=${alternatives}\nextendedKeyUsage=${usage}\nbasicConstraints=CA:FALSE\n${more.map((line) => `${line}\n`).join('')}`,
    );
    const authority = ['-CA', this.file, '-CAkey', join(this.folder, 'ca.key'), '-CAcreateserial'];
    openssl(
      'x509',
      '-req',
      '-in',
      request,
      ...authority,
      '-out',
      certFile,
      '-days',
      String(days),
      '-extfile',
      extensions,
    );
    chmodSync(keyFile, 0o600);
    return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  }
}

/** Both in one PKCS #12 file. */
export function writePfx({ certFile, keyFile }: MadeCertificate, file: string, password: string): void {
  openssl('pkcs12', '-export', '-in', certFile, '-inkey', keyFile, '-out', file, '-passout', `pass:${password}`);
}

export function openssl(...args: readonly string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

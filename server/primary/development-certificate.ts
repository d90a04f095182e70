/** The certificate for development: made once, for this machine's own names, and kept with the state. */
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateFiles } from '../../config/load/certificate-files.js';
import { selfSigned } from './self-signed.js';

const dayMs = 86_400_000;
const validDays = 365;
const names = ['localhost', '*.localhost', '127.0.0.1', '::1'];

/** Certificate and key in one file that only we can read. */
export async function developmentCertificate(stateDir: string, wallMs: number): Promise<CertificateFiles> {
  const file = join(stateDir, 'development-certificate.pem');
  if (!(await isGood(file, wallMs))) {
    const { certificate, privateKey } = selfSigned({
      commonName: 'Sluice development certificate',
      names,
      notBeforeMs: wallMs - dayMs,
      notAfterMs: wallMs + validDays * dayMs,
    });
    await mkdir(stateDir, { recursive: true });
    const fresh = `${file}.${process.pid}`;
    await writeFile(fresh, certificate + privateKey, { mode: 0o600 });
    await rename(fresh, file);
  }
  return { kind: 'pem', certFile: file, keyFile: file, password: '' };
}

async function isGood(file: string, wallMs: number): Promise<boolean> {
  try {
    return Date.parse(new X509Certificate(await readFile(file)).validTo) > wallMs + dayMs;
  } catch {
    return false;
  }
}

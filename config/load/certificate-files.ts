/**
 * Certificates and keys from files: read whole, bounded, and proven to belong together, so that nobody finds out
 * in a handshake. Used when a configuration is checked and by the primary, the only process that reads keys.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { messageOf } from '../base/errors.js';
import { certificateFileBytesMax } from '../base/limits.js';
import { readBounded } from './read-file.js';

/** What a TLS context is made of. Holds a private key: never logged, never shown. */
export interface CertificateMaterial {
  /** PEM, the leaf first; '' with `pfx`. */
  readonly certificate: string;
  /** PEM without a password. */
  readonly privateKey: string;
  /** PKCS #12 as base64 with its password; '' = PEM. */
  readonly pfx: string;
  readonly password: string;
}

export type CertificateRead =
  | {
      readonly ok: true;
      readonly material: CertificateMaterial;
      readonly leaf: X509Certificate | null;
      /** Of the leaf; null = it is not in the file. */
      readonly issuer: X509Certificate | null;
    }
  /** `file` is the one to look at; the message holds nothing of its contents. */
  | { readonly ok: false; readonly file: string; readonly message: string };

export type CertificateFiles =
  | { readonly kind: 'pem'; readonly certFile: string; readonly keyFile: string; readonly password: string }
  | { readonly kind: 'pfx'; readonly file: string; readonly password: string };

export function readCertificate(files: CertificateFiles): Promise<CertificateRead> {
  return files.kind === 'pem'
    ? readPem(files.certFile, files.keyFile, files.password)
    : readPfx(files.file, files.password);
}

async function readPem(certFile: string, keyFile: string, password: string): Promise<CertificateRead> {
  const certificate = await readText(certFile);
  if (typeof certificate !== 'string') return certificate;
  const key = keyFile === certFile ? certificate : await readText(keyFile);
  if (typeof key !== 'string') return key;
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(certificate);
  } catch {
    return { ok: false, file: certFile, message: 'there is no certificate in PEM form in it' };
  }
  const privateKey = openKey(key, password);
  if (typeof privateKey === 'string') return { ok: false, file: keyFile, message: privateKey };
  if (!leaf.checkPrivateKey(privateKey)) {
    return { ok: false, file: keyFile, message: 'the private key belongs to another certificate' };
  }
  const blocks = certificate.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  let issuer: X509Certificate | null;
  try {
    issuer = blocks[1] === undefined ? null : new X509Certificate(blocks[1]);
  } catch {
    return { ok: false, file: certFile, message: 'the second certificate in it cannot be read' };
  }
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    ok: true,
    leaf,
    issuer,
    material: { certificate: `${blocks.join('\n')}\n`, privateKey: pem, pfx: '', password: '' },
  };
}

function openKey(pem: string, password: string): KeyObject | string {
  try {
    return createPrivateKey({ key: pem, passphrase: password });
  } catch (error) {
    const isLocked = pem.includes('ENCRYPTED');
    if (isLocked) return password === '' ? 'the private key needs a password' : 'the password does not open it';
    return pem.includes('PRIVATE KEY')
      ? `the private key cannot be read (${messageOf(error)})`
      : 'it holds no private key';
  }
}

async function readPfx(file: string, password: string): Promise<CertificateRead> {
  const read = await readBounded(file, certificateFileBytesMax, true);
  if (read.kind !== 'bytes') return unreadable(file, read);
  // Only processes with PKCS #12 files need it, and it is large.
  const { createSecureContext } = await import('node:tls');
  let opened: Opened;
  try {
    opened = openedBy(createSecureContext({ pfx: read.bytes, passphrase: password }).context);
  } catch (error) {
    const reason = messageOf(error);
    const why = reason.includes('mac verify')
      ? 'the password does not open it'
      : reason.includes('unsupported')
        ? 'its encryption is too old for OpenSSL 3: export it with AES-256'
        : `it is not a PKCS #12 file with certificate and key (${reason})`;
    return { ok: false, file, message: why };
  }
  const material = { certificate: '', privateKey: '', pfx: read.bytes.toString('base64'), password };
  return { ok: true, ...opened, material };
}

type Opened = Pick<Extract<CertificateRead, { ok: true }>, 'leaf' | 'issuer'>;

/** Node opens PKCS #12 and shows what was in it nowhere but here, undocumented: null where it does not. */
function openedBy(context: object): Opened {
  const certificateOf = (method: unknown): X509Certificate | null => {
    const der: unknown = typeof method === 'function' ? method.call(context) : null;
    return Buffer.isBuffer(der) ? new X509Certificate(der) : null;
  };
  const { getCertificate, getIssuer }: { getCertificate?: unknown; getIssuer?: unknown } = context;
  return { leaf: certificateOf(getCertificate), issuer: certificateOf(getIssuer) };
}

/** Certificates of authorities, PEM. */
export async function readAuthorities(
  file: string,
): Promise<{ readonly ok: true; readonly pem: string } | Extract<CertificateRead, { ok: false }>> {
  const pem = await readText(file);
  if (typeof pem !== 'string') return pem;
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    return { ok: false, file, message: 'a certificate in it cannot be read' };
  }
  if (blocks.length === 0) return { ok: false, file, message: 'there is no certificate in PEM form in it' };
  return { ok: true, pem: `${blocks.join('\n')}\n` };
}

async function readText(file: string): Promise<string | Extract<CertificateRead, { ok: false }>> {
  const read = await readBounded(file, certificateFileBytesMax, true);
  return read.kind === 'bytes' ? read.bytes.toString('latin1') : unreadable(file, read);
}

function unreadable(
  file: string,
  read: { readonly kind: 'absent' } | { readonly kind: 'refused'; readonly message: string },
): Extract<CertificateRead, { ok: false }> {
  return { ok: false, file, message: read.kind === 'absent' ? 'there is no such file' : read.message };
}

/** A folder of certificates: which file serves a host (IIS: centralized certificates). */
import { X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { certificateFileBytesMax, certificateStoreFilesMax } from '../../config/base/limits.js';
import type { CertificateFiles } from '../../config/load/certificate-files.js';
import { readBounded } from '../../config/load/read-file.js';

/** Names inside the certificates of one folder, as it was at some time. */
interface Index {
  readonly folderMs: number;
  readonly byName: ReadonlyMap<string, string>;
}

const indexes = new Map<string, Promise<Index>>();

/** null: nothing in the folder is for this host. '' as host finds nothing: there is no certificate for everybody. */
export async function findInStore(folder: string, host: string, password: string): Promise<CertificateFiles | null> {
  // The name comes from a client; its letters were checked, and it must not leave the folder.
  if (host === '' || !/^[a-z0-9._-]+$/.test(host) || host.includes('..')) return null;
  const dot = host.indexOf('.');
  const stems = dot > 0 ? [host, `_${host.slice(dot)}`] : [host];
  for (const stem of stems) {
    const found = await byFileName(folder, stem, password);
    if (found !== null) return found;
  }
  const { byName } = await indexOf(folder);
  const file = byName.get(host) ?? (dot > 0 ? byName.get(`*${host.slice(dot)}`) : undefined);
  if (file === undefined) return null;
  const key = file.replace(/\.(pem|crt)$/, '.key');
  return { kind: 'pem', certFile: file, keyFile: (await exists(key)) ? key : file, password };
}

async function byFileName(folder: string, stem: string, password: string): Promise<CertificateFiles | null> {
  const at = (name: string): string => join(folder, name);
  const pfx = at(`${stem}.pfx`);
  if (await exists(pfx)) return { kind: 'pfx', file: pfx, password };
  for (const ending of ['pem', 'crt']) {
    const certFile = at(`${stem}.${ending}`);
    if (!(await exists(certFile))) continue;
    const key = at(`${stem}.key`);
    return { kind: 'pem', certFile, keyFile: (await exists(key)) ? key : certFile, password };
  }
  const chain = join(folder, stem, 'fullchain.pem');
  if (!(await exists(chain))) return null;
  return { kind: 'pem', certFile: chain, keyFile: join(folder, stem, 'privkey.pem'), password };
}

/** Made when a name is asked for that no file is named after, and again when the folder has changed since. */
async function indexOf(folder: string): Promise<Index> {
  const info = await stat(folder).catch(() => null);
  const folderMs = info?.mtimeMs ?? 0;
  const known = indexes.get(folder);
  if (known !== undefined) {
    const index = await known;
    if (index.folderMs === folderMs) return index;
  }
  const made = makeIndex(folder, folderMs);
  indexes.set(folder, made);
  return made;
}

async function makeIndex(folder: string, folderMs: number): Promise<Index> {
  const byName = new Map<string, string>();
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => /\.(pem|crt)$/.test(name)).sort();
  for (const name of files.slice(0, certificateStoreFilesMax)) {
    const file = join(folder, name);
    const read = await readBounded(file, certificateFileBytesMax, true);
    if (read.kind === 'bytes') for (const host of namesIn(read.bytes)) if (!byName.has(host)) byName.set(host, file);
    await nextTurn();
  }
  return { folderMs, byName };
}

function namesIn(pem: Buffer): string[] {
  try {
    const { subjectAltName = '' } = new X509Certificate(pem);
    return subjectAltName
      .split(', ')
      .filter((entry) => entry.startsWith('DNS:'))
      .map((entry) => entry.slice(4).toLowerCase());
  } catch {
    return [];
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file, constants.F_OK).then(
    () => true,
    () => false,
  );
}

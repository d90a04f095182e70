/**
 * What outlives a restart: keys of accounts and certificates with their keys, below stateDir, for our own user
 * alone. A certificate and its key are one file, replaced as a whole: never one of today with one of yesterday.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { certificateFileBytesMax } from '../../../config/base/limits.js';
import { readBounded } from '../../../config/load/read-file.js';
import { AccountKey } from './account-key.js';
import type { Issued } from './order.js';

export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export class AcmeStore {
  readonly #folder: string;

  /** Authorities know nothing of each other: each has a folder of its own. */
  constructor(stateDir: string, directory: string) {
    const id = createHash('sha256').update(directory).digest('hex').slice(0, 12);
    this.#folder = join(stateDir, 'acme', id);
  }

  /** Letters, digits, dots and dashes: it cannot leave the folder. */
  fileOf(name: string): string {
    return join(this.#folder, 'certificates', `${name}.pem`);
  }

  /** Made when there is none. Throws when it cannot be read or written. */
  async accountKey(): Promise<AccountKey> {
    const file = join(this.#folder, 'account.key');
    const read = await readBounded(file, certificateFileBytesMax, true);
    if (read.kind === 'bytes') return new AccountKey(read.bytes.toString('latin1'));
    if (read.kind !== 'absent') throw new Error(`${file}: ${read.message}`);
    const pem = AccountKey.generate();
    await write(file, pem);
    return new AccountKey(pem);
  }

  async store(name: string, { certificate, privateKey }: Issued): Promise<Validity> {
    const validity = validityOf(certificate);
    await write(this.fileOf(name), certificate + privateKey);
    return validity;
  }

  /** null: there is none, or none that can be read. */
  async find(name: string): Promise<Validity | null> {
    const read = await readBounded(this.fileOf(name), certificateFileBytesMax, true);
    if (read.kind !== 'bytes') return null;
    try {
      return validityOf(read.bytes.toString('latin1'));
    } catch {
      return null;
    }
  }
}

function validityOf(pem: string): Validity {
  const { validFrom, validTo } = new X509Certificate(pem);
  return { notBeforeMs: Date.parse(validFrom), notAfterMs: Date.parse(validTo) };
}

/** On the disk before it has its name: after a power cut there is the old one or the new one. */
async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  const handle = await open(fresh, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}

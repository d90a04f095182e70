/** A folder of certificates: which file serves a host (IIS: centralized certificates). */
import { X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { certificateFoldersAwaitedMax, certificateStoreLookMs } from '../../config/base/certificate-limits.js';
import type { Clock } from '../../config/base/clock.js';
import { certificateFileBytesMax, certificateStoreFilesMax, fileTimeLagMs } from '../../config/base/limits.js';
import { type CertificateFiles, readCertificate } from '../../config/load/certificate-files.js';
import { readBounded } from '../../config/load/read-file.js';
import { fileLooks } from './file-looks.js';

const looksAtOnce = 64;
const chain = 'fullchain.pem';

/** Names in the folder, as they were at some time. */
interface Listing {
  readonly look: string;
  /** Whatever changes later shows. */
  readonly isSettled: boolean;
  /** In order, and whether each may be a folder. */
  readonly names: ReadonlyMap<string, boolean>;
}

/** What is inside one file. */
interface Indexed {
  readonly look: string;
  readonly hosts: readonly string[];
}

interface Index {
  readonly listing: Listing;
  readonly atMs: number;
  readonly files: ReadonlyMap<string, Indexed>;
  readonly byHost: ReadonlyMap<string, string>;
}

export class CertificateStore {
  readonly folder: string;
  /** A group for the watch: another object when it is to look at other things. */
  watched: readonly string[];
  readonly #password: string;
  readonly #clock: Clock;
  readonly #watchedChanged: () => void;
  #listing: Listing | null = null;
  #reading: Promise<Listing> | null = null;
  #index: Index | null = null;
  #indexing: Promise<Index> | null = null;
  /** Folders that were there at the last look; null = nobody has looked. */
  #folders: ReadonlySet<string> | null = null;
  /** New folders that nothing is in yet. */
  #awaited: readonly string[] = [];

  constructor(folder: string, password: string, clock: Clock, watchedChanged: () => void) {
    this.folder = folder;
    this.watched = [join(folder, '*')];
    this.#password = password;
    this.#clock = clock;
    this.#watchedChanged = watchedChanged;
  }

  /** Something in it may have changed: all is looked at again, and what looks different is read. */
  touched(): void {
    this.#listing = null;
    this.#reading = null;
  }

  /** null: nothing in the folder is for this host. '' as host finds nothing: there is no certificate for everybody. */
  async find(host: string): Promise<CertificateFiles | null> {
    // The name comes from a client; its letters were checked, and it must not leave the folder.
    if (host === '' || !/^[a-z0-9._-]+$/.test(host) || host.includes('..')) return null;
    const listing = await this.#list();
    const dot = host.indexOf('.');
    for (const stem of dot > 0 ? [host, `_${host.slice(dot)}`] : [host]) {
      const found = await this.#byFileName(stem, listing);
      if (found !== null) return found;
    }
    const { byHost } = await this.#indexOf(listing);
    const name = byHost.get(host) ?? (dot > 0 ? byHost.get(`*${host.slice(dot)}`) : undefined);
    return name === undefined ? null : this.#filesOf(name, listing);
  }

  async #byFileName(stem: string, listing: Listing): Promise<CertificateFiles | null> {
    const own = [`${stem}.pfx`, `${stem}.pem`, `${stem}.crt`].find((name) => listing.names.has(name));
    if (own !== undefined) return this.#filesOf(own, listing);
    const isThere = listing.names.get(stem) === true && (await exists(join(this.folder, stem, chain)));
    return isThere ? this.#filesOf(join(stem, chain), listing) : null;
  }

  /** `name`: of the certificate, relative to the folder. */
  #filesOf(name: string, listing: Listing): CertificateFiles {
    const at = (one: string): string => join(this.folder, one);
    const password = this.#password;
    if (name.endsWith('.pfx')) return { kind: 'pfx', file: at(name), password };
    const certFile = at(name);
    if (name.endsWith(`/${chain}`))
      return { kind: 'pem', certFile, keyFile: join(certFile, '../privkey.pem'), password };
    const key = name.replace(/\.(?:pem|crt)$/, '.key');
    return { kind: 'pem', certFile, keyFile: listing.names.has(key) ? at(key) : certFile, password };
  }

  #list(): Promise<Listing> {
    if (this.#reading !== null) return this.#reading;
    const reading = this.#look().then((listing) => {
      // Unless it was touched meanwhile.
      if (this.#reading === reading) [this.#listing, this.#reading] = [listing, null];
      return listing;
    });
    this.#reading = reading;
    return reading;
  }

  async #look(): Promise<Listing> {
    const before = this.#listing;
    const atMs = this.#clock.wallMs();
    const info = await stat(this.folder).catch(() => null);
    const look = info === null ? '' : `${info.ino}:${info.mtimeMs}:${info.ctimeMs}`;
    if (before?.isSettled === true && before.look === look) return before;
    const entries = await readdir(this.folder, { withFileTypes: true }).catch(() => []);
    const names = new Map(entries.map((one) => [one.name, one.isDirectory() || one.isSymbolicLink()]));
    await this.#awaitFolders(entries.filter((one) => one.isDirectory()).map(({ name }) => name));
    return { look, isSettled: (info?.mtimeMs ?? 0) < atMs - fileTimeLagMs, names };
  }

  /** A folder is made before the files in it are: the watch tells when they come. */
  async #awaitFolders(folders: readonly string[]): Promise<void> {
    const before = this.#folders ?? new Set(folders);
    this.#folders = new Set(folders);
    const fresh = folders.filter((name) => !before.has(name) || this.#awaited.includes(name));
    const found = await Promise.all(fresh.map((name) => exists(join(this.folder, name, chain))));
    const awaited = fresh.filter((_, index) => found[index] === false).slice(-certificateFoldersAwaitedMax);
    if (awaited.join('/') === this.#awaited.join('/')) return;
    this.#awaited = awaited;
    this.watched = [join(this.folder, '*'), ...awaited.map((name) => join(this.folder, name, chain))];
    this.#watchedChanged();
  }

  /** Made when a name is asked for that no file is named after. */
  async #indexOf(listing: Listing): Promise<Index> {
    if (this.#indexing !== null) await this.#indexing;
    const known = this.#index;
    // Where the kernel tells nothing of files that are written in place, time does.
    const isFresh = known !== null && this.#clock.monotonicMs() - known.atMs < certificateStoreLookMs;
    if (isFresh && known.listing === listing) return known;
    this.#indexing ??= this.#makeIndex(listing, known).finally(() => {
      this.#indexing = null;
    });
    return this.#indexing;
  }

  async #makeIndex(listing: Listing, before: Index | null): Promise<Index> {
    const atMs = this.#clock.monotonicMs();
    const names = [...listing.names].flatMap(([name, isFolder]) => {
      if (/\.(?:pem|crt|pfx)$/.test(name)) return [name];
      return isFolder ? [join(name, chain)] : [];
    });
    const files = new Map<string, Indexed>();
    const byHost = new Map<string, string>();
    const wanted = names.sort().slice(0, certificateStoreFilesMax);
    for (let start = 0; start < wanted.length; start += looksAtOnce) {
      const part = wanted.slice(start, start + looksAtOnce);
      const looks = await Promise.all(part.map((name) => fileLooks([join(this.folder, name)])));
      for (const [index, name] of part.entries()) {
        const look = looks[index] ?? '';
        const known = before?.files.get(name);
        const file = known?.look === look ? known : { look, hosts: await this.#hostsIn(name, listing) };
        files.set(name, file);
        for (const host of file.hosts) if (!byHost.has(host)) byHost.set(host, name);
      }
    }
    this.#index = { listing, atMs, files, byHost };
    return this.#index;
  }

  async #hostsIn(name: string, listing: Listing): Promise<readonly string[]> {
    const files = this.#filesOf(name, listing);
    await nextTurn();
    if (files.kind === 'pfx') {
      const read = await readCertificate(files);
      return read.ok && read.leaf !== null ? dnsNamesOf(read.leaf) : [];
    }
    const read = await readBounded(files.certFile, certificateFileBytesMax, true);
    try {
      return read.kind === 'bytes' ? dnsNamesOf(new X509Certificate(read.bytes)) : [];
    } catch {
      return [];
    }
  }
}

function dnsNamesOf({ subjectAltName = '' }: X509Certificate): string[] {
  const entries = subjectAltName.split(', ').filter((entry) => entry.startsWith('DNS:'));
  return entries.map((entry) => entry.slice(4).toLowerCase());
}

async function exists(file: string): Promise<boolean> {
  return access(file, constants.F_OK).then(
    () => true,
    () => false,
  );
}

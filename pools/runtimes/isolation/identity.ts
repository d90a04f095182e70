/**
 * Who a process runs as. As root every pool gets a user id of its own from `identityRange`, and the
 * listeners get another; the choice is kept in the state folder, so that a pool's files stay its own.
 * Without root, or at isolation `process`, processes keep the primary's user.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, SluiceError } from '../../../config/base/errors.js';
import type { Logger } from '../../../config/base/logger.js';
import type { PoolConfig, ServerConfig } from '../../../config/model.js';
import { crashPoint } from '../crash-points.js';
import { safeName, writeAtomic } from '../files.js';
import { readProcessesByUser } from '../proc.js';
import { type Account, readAccounts } from './accounts.js';
import { createLeases, leaseFolder } from './leases.js';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** USER and LOGNAME of the processes. */
  readonly userName: string;
  /** From `identityRange`, so nothing but this pool ever runs under it. False for a named user. */
  readonly exclusive: boolean;
}

/** Of the processes that accept connections and write the access logs. */
export interface ListenerIdentity extends Identity {
  /** What it was before its id was somebody else's: files of it may be left in our own folders. Null = never another. */
  readonly formerUid: number | null;
}

export type PoolToIdentify = Pick<PoolConfig, 'name' | 'isolation'> & {
  readonly processModel: Pick<PoolConfig['processModel'], 'userName'>;
};

export interface Identities {
  /**
   * The pool's identity, chosen at the first call and stable afterwards; null = the primary's own.
   * Throws SluiceError `identity-unknown-user`, `identity-none-left` or `identity-needs-root`.
   */
  forPool(pool: PoolToIdentify): Identity | null;
  /** The listeners' identity; null = the primary's own. */
  forListeners(): ListenerIdentity | null;
  /** The leases of the primary before us are ours from now on. */
  adopt(): void;
  /** Gives the leases back; call it when no process of these identities is left. */
  close(): void;
}

export interface IdentityOptions {
  readonly config: Pick<ServerConfig, 'identityRange' | 'stateDir'>;
  readonly logger: Logger;
  /** False for a run with `--isolation process`: everybody keeps the primary's user. */
  readonly isolate: boolean;
  /** Pid of the primary that we follow and whose ids are ours too, until `adopt`. */
  readonly lender?: number;
  /** Only tests move it. */
  readonly leaseFolder?: string;
}

const listenersKey = 'listeners';
const formerListenersKey = 'former listeners';
const mapFile = 'identities.json';

/** Pool folders (HOME) live here, named after pool and id; see `pool-folders.ts`. */
export function poolFoldersIn(stateDir: string): string {
  return join(stateDir, 'pools');
}

export function createIdentities(options: IdentityOptions): Identities {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !options.isolate) return ownUserOnly(isRoot);
  const assigned = new AssignedIds(options);
  return {
    forPool(pool) {
      if (pool.isolation === 'process') return null;
      if (pool.processModel.userName !== null) return namedUser(pool.processModel.userName, pool.name);
      const id = assigned.idOf(`pool:${pool.name}`);
      return { uid: id, gid: id, userName: `sluice-${id}`, exclusive: true };
    },
    forListeners() {
      const id = assigned.idOf(listenersKey);
      const formerUid = assigned.formerListeners;
      return { uid: id, gid: id, userName: `sluice-${id}`, exclusive: true, formerUid };
    },
    adopt: () => assigned.adopt(),
    close: () => assigned.close(),
  };
}

function ownUserOnly(isRoot: boolean): Identities {
  return {
    forPool(pool) {
      if (pool.processModel.userName !== null && !isRoot) {
        throw new SluiceError(
          'identity-needs-root',
          `pool ${pool.name} asks for the user ${pool.processModel.userName}, but Sluice does not run as root`,
          'Start Sluice as root or remove processModel.userName.',
        );
      }
      return null;
    },
    forListeners: () => null,
    adopt: () => undefined,
    close: () => undefined,
  };
}

function namedUser(userName: string, pool: string): Identity {
  const user: Account | undefined = readAccounts().users.find((account) => account.name === userName);
  if (user === undefined) {
    throw new SluiceError(
      'identity-unknown-user',
      `pool ${pool}: there is no user ${userName} in /etc/passwd`,
      'Create the user or correct processModel.userName.',
    );
  }
  return { uid: user.uid, gid: user.gid, userName, exclusive: false };
}

/** The map name -> id: decided once, leased machine-wide, written before first use. */
class AssignedIds {
  readonly #options: IdentityOptions;
  readonly #leases;
  readonly #file: string;
  #map: ReadonlyMap<string, number>;
  /** Names asked for in this run; only entries outside may lose their id. */
  readonly #inUse = new Map<string, number>();

  constructor(options: IdentityOptions) {
    this.#options = options;
    this.#leases = createLeases(options.leaseFolder ?? leaseFolder, options.lender);
    this.#file = join(options.config.stateDir, mapFile);
    this.#map = readMap(this.#file);
  }

  idOf(key: string): number {
    const known = this.#inUse.get(key);
    if (known !== undefined) return known;
    const remembered = this.#map.get(key);
    const keeps = remembered !== undefined && this.#inRange(remembered) && this.#leases.take(remembered);
    const id = keeps ? remembered : this.#choose(key);
    crashPoint('start.user-leased');
    if (!keeps) {
      if (remembered !== undefined) this.#options.logger.warn('identity-changed', { key, from: remembered, to: id });
      const map = new Map(this.#map).set(key, id);
      if (remembered !== undefined && key === listenersKey) map.set(formerListenersKey, remembered);
      mkdirSync(this.#options.config.stateDir, { recursive: true, mode: 0o711 });
      // Not remembered before it is written: the next start must find the same id.
      writeAtomic(this.#file, `${JSON.stringify(Object.fromEntries(map), null, 2)}\n`);
      this.#map = map;
    }
    this.#inUse.set(key, id);
    return id;
  }

  /** Kept, for a start may end before all that belonged to it was handed over. */
  get formerListeners(): number | null {
    return this.#map.get(formerListenersKey) ?? null;
  }

  adopt(): void {
    this.#leases.adopt();
  }

  close(): void {
    // Primaries before this one that were killed: pools that have not run since still have theirs.
    this.#leases.releaseAll(this.#map.values());
  }

  #inRange(id: number): boolean {
    const { first, last } = this.#options.config.identityRange;
    return id >= first && id <= last;
  }

  #choose(key: string): number {
    const { first, last } = this.#options.config.identityRange;
    const { takenIds } = readAccounts();
    const reserved = new Set([...this.#inUse.values(), ...idsWithFolders(this.#options.config.stateDir)]);
    for (const [name, id] of this.#map) {
      if (name !== key) reserved.add(id);
    }
    // Somebody's processes may outlive the lease for a moment, and whoever ends them ends all of that user.
    const running = readProcessesByUser();
    for (let id = first; id <= last; id++) {
      if (!takenIds.has(id) && !reserved.has(id) && !running.has(id) && this.#leases.take(id)) return id;
    }
    throw new SluiceError(
      'identity-none-left',
      `no free user id is left in identityRange ${first}-${last}`,
      'Widen identityRange, or remove state folders of pools that are gone.',
    );
  }
}

/** An id whose folder still exists is never given to another pool: its files would change hands. */
function idsWithFolders(stateDir: string): number[] {
  try {
    return readdirSync(poolFoldersIn(stateDir))
      .map((name) => Number(/-([0-9]+)$/.exec(name)?.[1]))
      .filter((id) => Number.isInteger(id));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function readMap(file: string): Map<string, number> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return new Map();
    throw error;
  }
  const refused = new SluiceError(
    'identity-map-damaged',
    `${file} does not hold the map of user ids that Sluice wrote`,
    'Restore it from a backup, or remove it together with the pool folders beside it.',
  );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused;
  const map = new Map<string, number>();
  for (const [key, id] of Object.entries(value)) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id <= 0) throw refused;
    map.set(key, id);
  }
  return map;
}

/** Folder name of a pool under `poolFoldersIn`. */
export function poolFolderName(pool: string, identity: Identity | null): string {
  return identity === null ? safeName(pool) : `${safeName(pool)}-${identity.uid}`;
}

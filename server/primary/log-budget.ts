/** What all logs of this server occupy, and which of them go when it is too much: closed files, the oldest first. */
import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';

export interface LogPlaces {
  /** Its `sluice.log` files, and everything in the folders of logs below it. */
  readonly logDir: string;
  /** Further folders of access logs, in which only files with names of ours count. */
  readonly folders: readonly string[];
  /** Files that are written to now, beside those whose name says it. */
  readonly open: ReadonlySet<string>;
}

interface Found {
  readonly path: string;
  readonly bytes: number;
  readonly changedMs: number;
}

const foldersOfLogs = ['access', 'sites', 'workers', 'traces'] as const;
const serverLogName = /^sluice\.log(?:\.|$)/;
const siteLogName = /^u_[a-z]{2}[a-z0-9]*\.log(?:\.|$)/;
/** workers/<pool>/<application>.log */
const depthMax = 2;

export class LogBudget {
  readonly #logger: Logger;
  #isExceeded = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `bytesMax` 0 = no limit. @returns what is left. */
  async keep(places: LogPlaces, bytesMax: number): Promise<number> {
    const found = bytesMax === 0 ? [] : await findLogs(places);
    let total = found.reduce((sum, one) => sum + one.bytes, 0);
    if (total <= bytesMax || bytesMax === 0) {
      this.#isExceeded = false;
      return total;
    }
    const closed = found.filter(({ path }) => !isOpen(path, places.open)).sort((a, b) => a.changedMs - b.changedMs);
    let files = 0;
    let bytes = 0;
    for (const one of closed) {
      if (total - bytes <= bytesMax) break;
      if (!(await removed(one.path))) continue;
      files += 1;
      bytes += one.bytes;
    }
    total -= bytes;
    if (files > 0) this.#logger.info('logs-removed', { files, bytes, left: total, logBudget: bytesMax });
    if (total > bytesMax && !this.#isExceeded) {
      const remedy = 'let files be renamed earlier (truncateSize, period), or raise logBudget';
      this.#logger.warn('log-budget-exceeded', { bytes: total, logBudget: bytesMax, by: 'files in use', remedy });
    }
    this.#isExceeded = total > bytesMax;
    return total;
  }
}

function isOpen(path: string, open: ReadonlySet<string>): boolean {
  if (open.has(path)) return true;
  // Server log and output of workers: the one without a number.
  return path.endsWith('.log') && (path.endsWith('/sluice.log') || path.includes('/workers/'));
}

async function findLogs({ logDir, folders }: LogPlaces): Promise<Found[]> {
  const found: Found[] = [];
  await collect(logDir, 0, (name) => serverLogName.test(name), found);
  for (const name of foldersOfLogs) await collect(join(logDir, name), depthMax, () => true, found);
  for (const folder of folders) {
    if (!folder.startsWith(`${logDir}/`)) await collect(folder, 0, (name) => siteLogName.test(name), found);
  }
  return found;
}

/** Links are neither followed nor counted. */
async function collect(folder: string, depth: number, isLog: (name: string) => boolean, found: Found[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth > 0) await collect(path, depth - 1, isLog, found);
    if (!entry.isFile() || !isLog(entry.name)) continue;
    const stats = await lstat(path).catch(() => null);
    if (stats?.isFile() === true) found.push({ path, bytes: stats.size, changedMs: stats.mtimeMs });
  }
}

async function removed(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
}

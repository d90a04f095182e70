/**
 * What the kernel knows of a process, written to a file of ours: for programs that have no report of their
 * own, and for hosts that do not answer. Names in it are the tenant's: escaped, and of bounded number.
 */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { escapeControls } from '../../config/base/diagnostics.js';
import { processReportEntriesMax, processReportFileBytesMax } from '../../config/base/limits.js';
import { safeName } from './files.js';
import { makeRoom } from './in-process/host/dump-room.js';

const files = ['status', 'stat', 'limits', 'io', 'smaps_rollup', 'cgroup', 'oom_score', 'net/sockstat'] as const;
const threadFiles = ['comm', 'stat', 'wchan', 'stack'] as const;

export interface ProcessReport {
  readonly stateDir: string;
  readonly pool: string;
  readonly pid: number;
  /** In the name of the file: milliseconds since 1970. */
  readonly nowMs: number;
  readonly output: string;
}

/** Returns the path. Throws when the file cannot be written; what cannot be read is left out. */
export function writeProcessReport({ stateDir, pool, pid, nowMs, output }: ProcessReport): string {
  const folder = join(stateDir, 'dumps');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const prefix = `${safeName(pool)}-`;
  makeRoom(folder, (name) => name.startsWith(prefix) && /^\d+-\d+\.txt$/.test(name.slice(prefix.length)));
  const target = join(folder, `${prefix}${pid}-${nowMs}.txt`);
  const root = `/proc/${pid}`;
  const parts = files.map((name) => section(name, read(join(root, name))));
  for (const thread of entries(join(root, 'task'))) {
    const text = threadFiles.map((name) => `${name}: ${read(join(root, 'task', thread, name))}`).join('\n');
    parts.push(section(`thread ${thread}`, text));
  }
  const descriptors = entries(join(root, 'fd')).map((fd) => `${fd} -> ${link(join(root, 'fd', fd))}`);
  parts.push(section('descriptors', descriptors.join('\n')), section('last output', output));
  writeFileSync(target, parts.join('\n'), { mode: 0o600, flag: 'wx' });
  return target;
}

function section(title: string, text: string): string {
  const lines = text.trimEnd().split('\n').map(escapeControls);
  return `== ${title}\n${lines.join('\n')}\n`;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1').slice(0, processReportFileBytesMax);
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder).slice(0, processReportEntriesMax);
  } catch {
    return [];
  }
}

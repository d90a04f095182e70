/**
 * Gives the memory of suspended workers back to the machine. Node cannot ask for single processes
 * (process_madvise), so it is asked for their control group: `memory.reclaim` of version 2 (Linux 5.19),
 * `memory.force_empty` of version 1. Only a group of the worker's own is touched, never one that we share.
 */
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';

/** Where the memory of suspended workers goes, in words for the start log. */
export function describePushOut(): string {
  const group = memoryGroup('self');
  if (group === null) return 'stays resident: no memory control group';
  if (!isWritable(group.order)) return `stays resident: ${group.order} cannot be written`;
  const swap = hasSwap() ? 'swap and page cache' : 'page cache only, there is no swap';
  return `is given back through ${group.version === 2 ? 'memory.reclaim' : 'memory.force_empty'} (${swap}), for pools with a control group`;
}

/** Returns the bytes given back; 0 where the kernel gives no way or the worker shares our group. */
export function pushOut(pid: number): number {
  const group = memoryGroup(pid);
  if (group === null || group.path === memoryGroup('self')?.path) return 0;
  const before = readNumber(group.usage);
  try {
    writeFileSync(group.order, group.version === 2 ? String(before) : '0');
  } catch {
    // EAGAIN: less than all could be taken, which is normal without swap.
  }
  return Math.max(0, before - readNumber(group.usage));
}

interface MemoryGroup {
  readonly version: 1 | 2;
  readonly path: string;
  readonly order: string;
  readonly usage: string;
}

/** Version 1 wins where its memory controller is mounted: then version 2 has none. */
function memoryGroup(pid: number | 'self'): MemoryGroup | null {
  const lines = read(`/proc/${pid}/cgroup`).split('\n');
  const old = lines.map((line) => /^[0-9]+:([^:]*):(.*)$/.exec(line)).find((match) => hasMemory(match?.[1]));
  if (old?.[2] !== undefined) {
    const path = join(root, 'memory', old[2]);
    return {
      version: 1,
      path,
      order: join(path, 'memory.force_empty'),
      usage: join(path, 'memory.usage_in_bytes'),
    };
  }
  const own = lines.map((line) => /^0::(.*)$/.exec(line)?.[1]).find((path) => path !== undefined);
  if (own === undefined) return null;
  const path = join(root, own);
  return { version: 2, path, order: join(path, 'memory.reclaim'), usage: join(path, 'memory.current') };
}

function hasMemory(controllers: string | undefined): boolean {
  return controllers?.split(',').includes('memory') === true;
}

function hasSwap(): boolean {
  return read('/proc/swaps').trim().split('\n').length > 1;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readNumber(path: string): number {
  const value = Number(read(path).trim());
  return Number.isFinite(value) ? value : 0;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

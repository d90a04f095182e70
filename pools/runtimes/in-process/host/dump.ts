/** Writes a report, a profile, a heap snapshot or its numbers of this process, when the primary asks for it. */
import fs from 'node:fs';
import path from 'node:path';
import type { HostToPrimary } from '../../../protocol/host-to-primary.js';
import type { PrimaryToHost } from '../../../protocol/primary-to-host.js';
import { cpuProfile } from './cpu-profile.js';
import { makeRoom } from './dump-room.js';

type DumpOrder = Extract<PrimaryToHost, { readonly type: 'dump' }>;

const ourName = /^(?:report|heap|heap-statistics|cpu)-\d+-\d+\.(?:json|heapsnapshot|cpuprofile)$/;
const endings = { report: 'json', heap: 'heapsnapshot', 'heap-statistics': 'json', cpu: 'cpuprofile' } as const;

export async function dump({
  id,
  kind,
  folder,
  seconds,
}: DumpOrder): Promise<Extract<HostToPrimary, { type: 'dumped' }>> {
  const file = `${kind}-${process.pid}-${id}.${endings[kind]}`;
  try {
    // In the pool's home, which is there; `recursive` would report a read-only disk as a missing folder.
    if (!fs.existsSync(folder)) fs.mkdirSync(folder, { mode: 0o700 });
    // With the tenant's rights: the folder is the tenant's.
    makeRoom(folder, (name) => ourName.test(name));
    const target = path.join(folder, file);
    // Loaded only now: nothing else here needs them. The snapshot goes to the disk piece by piece, mode 0600.
    if (kind === 'heap') (await import('node:v8')).writeHeapSnapshot(target);
    else fs.writeFileSync(target, await textOf(kind, seconds), { mode: 0o600, flag: 'wx' });
    return { type: 'dumped', id, file, error: '' };
  } catch (error) {
    return { type: 'dumped', id, file: '', error: error instanceof Error ? error.message : String(error) };
  }
}

async function textOf(kind: 'report' | 'heap-statistics' | 'cpu', seconds: number): Promise<string> {
  if (kind === 'report') return reportText();
  return kind === 'cpu' ? cpuProfile(seconds * 1_000) : heapStatistics();
}

async function heapStatistics(): Promise<string> {
  const v8 = await import('node:v8');
  const memory = process.memoryUsage();
  const heap = v8.getHeapStatistics();
  return JSON.stringify({ pid: process.pid, memory, heap, spaces: v8.getHeapSpaceStatistics() }, null, 2);
}

/** Variables may hold secrets, and the report is there to be passed on. */
function reportText(): string {
  const settings = process.report as typeof process.report & { excludeNetwork?: boolean };
  const { excludeNetwork } = settings;
  // With it Node looks up the name of every peer, and waits for the answers.
  settings.excludeNetwork = true;
  const report: unknown = process.report.getReport();
  if (excludeNetwork === undefined) delete settings.excludeNetwork;
  else settings.excludeNetwork = excludeNetwork;
  const hide = (key: string, value: unknown): unknown => (key === 'environmentVariables' ? undefined : value);
  return JSON.stringify(report, hide, 2);
}

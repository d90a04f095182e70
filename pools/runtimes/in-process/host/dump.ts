/** Writes a diagnostic report or a heap snapshot of this process, when the primary asks for it. */
import fs from 'node:fs';
import path from 'node:path';
import type { HostToPrimary } from '../../../protocol/host-to-primary.js';
import type { PrimaryToHost } from '../../../protocol/primary-to-host.js';

type DumpOrder = Extract<PrimaryToHost, { readonly type: 'dump' }>;

export async function dump({ id, kind, folder }: DumpOrder): Promise<Extract<HostToPrimary, { type: 'dumped' }>> {
  const file = `${kind}-${process.pid}-${id}.${kind === 'heap' ? 'heapsnapshot' : 'json'}`;
  try {
    // In the pool's home, which is there; `recursive` would report a read-only disk as a missing folder.
    if (!fs.existsSync(folder)) fs.mkdirSync(folder, { mode: 0o700 });
    const target = path.join(folder, file);
    if (kind === 'report') fs.writeFileSync(target, reportText(), { mode: 0o600, flag: 'wx' });
    // Loaded only now: nothing else here needs it.
    else (await import('node:v8')).writeHeapSnapshot(target);
    return { type: 'dumped', id, file, error: '' };
  } catch (error) {
    return { type: 'dumped', id, file: '', error: error instanceof Error ? error.message : String(error) };
  }
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

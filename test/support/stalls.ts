/** Blocks the event loop of an in-process app in every way it can be blocked, and reads what was found out. */
import type { Attachment, ObituaryView } from '../../pools/supervisor/ports.js';
import { recordsOf } from './log-records.js';
import { app } from './paths.js';
import type { Sluice, SluiceOptions } from './sluice.js';
import { until } from './time.js';

export interface Block {
  /** Route of `apps/stalls`. */
  readonly path: string;
  /** What the black box must say about the place. */
  readonly says: RegExp;
}

const here = String.raw`\(\S+/test/apps/stalls/app\.js:[1-9][0-9]*\)`;

export const blocks: readonly Block[] = [
  { path: '/spin', says: new RegExp(`^blocked in spinForEver ${here}`) },
  { path: '/regex', says: new RegExp(`^blocked in matchBadly ${here}`) },
  { path: '/json', says: new RegExp(`^blocked in writeHugeJson ${here}`) },
  { path: '/ticks', says: new RegExp(`^blocked in tickForEver ${here}`) },
  { path: '/pbkdf2', says: /^blocked in native code \(computing\)/ },
  { path: '/exec', says: /^blocked in native code \(.*child process: \S*sh -c sleep 600/ },
];

export function stallsOptions(hangDetection: string, nodePath: string): SluiceOptions {
  return {
    listeners: 1,
    applicationPools: [{ name: 'a', nodePath, failure: { hangDetection, rapidFailProtection: false } }],
    applications: [{ path: '/', applicationPool: 'a', physicalPath: app('stalls') }],
  };
}

export interface Stall {
  readonly obituary: ObituaryView;
  readonly attachment: Attachment | undefined;
  /** Since the request that blocks was sent: the log says that it hangs, and its process is gone. */
  readonly foundMs: number;
  readonly goneMs: number;
  /** From the find to the start of the process that replaces it. */
  readonly startMs: number;
}

/** One request to `path`, until its worker is dead. */
export async function stallAt(sluice: Sluice, path: string, act?: (pid: number) => Promise<void>): Promise<Stall> {
  const pid = Number((await sluice.call('/')).text);
  const sentMs = wallMs();
  const blocked = sluice.call(path, { method: 'POST', body: 'x', limitMs: 60_000 }).catch(() => null);
  await act?.(pid);
  let startedAtMs = 0;
  const obituary = await until(
    `the worker blocked at ${path} is dead`,
    async () => {
      const { workers, obituaries } = await sluice.pool('a');
      startedAtMs ||= workers.find((one) => one.pid !== pid && one.pid > 0)?.startedAtMs ?? 0;
      return obituaries.find((one) => one.pid === pid);
    },
    { everyMs: 25, withinMs: 60_000, state: () => sluice.output().slice(-2_000) },
  );
  const goneMs = wallMs() - sentMs;
  await blocked;
  const attachment = obituary.attachments.find(({ kind }) => kind === 'stall');
  const hung = recordsOf(sluice, 'worker-hung', 'a').find((record) => record['pid'] === pid);
  const foundAtMs = Date.parse(String(hung?.['time']));
  return { obituary, attachment, foundMs: foundAtMs - sentMs, goneMs, startMs: startedAtMs - foundAtMs };
}

/** The clock of the log's records. */
function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

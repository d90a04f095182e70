/**
 * Starts the watchdog thread from the main thread. The app must not notice: no `worker` event, no
 * preloads of its own in there, nothing that keeps the process alive.
 */
import { join } from 'node:path';

/** The bundle is CommonJS; the thread's own bundle lies beside it. */
declare const __dirname: string;

/** The heap of the thread: enough for the longest stack the inspector tells. */
const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

export const inspectorForbidden =
  'the permission model forbids the inspector (Node 25 and newer: --allow-inspector) or threads (--allow-worker)';

/** @param failed is told why there is no watchdog (Node's permission model refuses it). */
export function startWatchdog(failed: (reason: string) => void): void {
  // Node ends the whole process when the thread asks for an inspector that is forbidden.
  if (isInspectorForbidden()) return failed(inspectorForbidden);
  try {
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    quietly(() => {
      const options = { execArgv: [], env: {}, trackUnmanagedFds: false, resourceLimits };
      const thread = new Worker(join(__dirname, 'watchdog.cjs'), options);
      thread.unref();
      thread.on('error', (error: Error) => failed(error.message));
    });
  } catch (error) {
    failed(error instanceof Error ? error.message : String(error));
  }
}

export function isInspectorForbidden(): boolean {
  const { permission } = process as unknown as { readonly permission?: { has(scope: string): boolean } };
  return permission !== undefined && !permission.has('inspector');
}

interface EventNames {
  _events: Record<string, unknown>;
}

/**
 * Node emits `worker` on the process in the next tick after a thread was made. The listeners of the app are
 * aside for that tick: all three callbacks run one after the other, nothing of the app's comes between.
 */
function quietly(makeThread: () => void): void {
  const emitter = process as unknown as EventNames;
  let listeners: unknown;
  process.nextTick(() => {
    listeners = emitter._events['worker'];
    Reflect.deleteProperty(emitter._events, 'worker');
  });
  try {
    makeThread();
  } finally {
    process.nextTick(() => {
      if (listeners !== undefined) emitter._events['worker'] = listeners;
    });
  }
}

/**
 * Where app code is called from. Whatever an app binds to its asynchronous context (AsyncLocalStorage)
 * would travel with a callback that is scheduled while the app runs; so every delivery is scheduled
 * inside this resource, which is made before the app's first line and in which no app code ever runs.
 */
import async_hooks from 'node:async_hooks';

const root = new async_hooks.AsyncResource('SLUICE', { requireManualDestroy: true });
// Taken before the app can replace them (fake timers of test tools).
const immediate = setImmediate;
const timeout = setTimeout;
const clear = clearTimeout;

export type Task<T> = (argument: T) => void;

/** Runs `task` in a macrotask of its own, in a clean asynchronous context. */
export function runSoon<T>(task: Task<T>, argument: T): void {
  root.runInAsyncScope<undefined, void>(schedule, undefined, task, argument);
}

function schedule<T>(task: Task<T>, argument: T): void {
  immediate(task, argument);
}

/** As `runSoon`, for callers that are certain to be in the clean context: callbacks of links. */
export function runSoonFromClean<T>(task: Task<T>, argument: T): void {
  immediate(task, argument);
}

/** One timer, unref'd, started in the clean context. */
export function startTimer(delayMs: number, fire: () => void): () => void {
  const timer = root.runInAsyncScope(timeout, undefined, fire, delayMs) as unknown as NodeJS.Timeout;
  timer.unref();
  return () => clear(timer);
}

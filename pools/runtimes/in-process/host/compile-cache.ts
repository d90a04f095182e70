/**
 * Node's own cache of compiled code (22.8), in a folder of the pool. Node writes it when a process exits by
 * itself; a worker is mostly ended by a signal, so it is written in a quiet moment after the start, and when
 * the worker begins to drain.
 */
import module from 'node:module';

/** What older Nodes, and their types, do not have. */
interface CompileCache {
  readonly enableCompileCache?: (folder: string) => unknown;
  readonly flushCompileCache?: () => void;
}

const cache = module as unknown as CompileCache;

/** '' = none. An app that was told otherwise (NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE) keeps its way. */
export function useCompileCache(folder: string): void {
  if (folder !== '') cache.enableCompileCache?.(folder);
}

export function writeCompileCache(): void {
  cache.flushCompileCache?.();
}

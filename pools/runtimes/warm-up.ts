/**
 * The request that a new worker answers before it is published (`preloadEnabled`), in both hosting models. It has what
 * is left of startupTimeLimit; a worker that does not answer in that time is published all the same.
 */
import { warmUpUserAgent } from '../../config/base/limits.js';
import type { WarmUpRequest } from '../protocol/primary-to-host.js';
import type { WorkerStart } from './runtime.js';

/** Null = this application has none. */
export function warmUpOf({ application, site }: WorkerStart): WarmUpRequest | null {
  if (application.preloadPath === null) return null;
  const base = application.path === '/' ? '' : application.path;
  const binding = site.bindings.find(({ host }) => host !== '' && !host.startsWith('*'));
  return {
    target: encodeURI(base) + application.preloadPath,
    host: binding?.host ?? 'localhost',
    userAgent: warmUpUserAgent,
  };
}

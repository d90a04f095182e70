/** The view of a pool for whoever can open a TCP connection on this machine: every user of it, other tenants too. */
import type { PoolView } from '../../pools/supervisor/ports.js';

type OpenObituary = Omit<PoolView['obituaries'][number], 'outputTail' | 'requestsInFlight'>;

type OpenApplication = Omit<PoolView['applications'][number], 'failure'>;

export type OpenPoolView = Omit<PoolView, 'obituaries' | 'applications'> & {
  readonly obituaries: readonly OpenObituary[];
  readonly applications: readonly OpenApplication[];
};

/** Without what the application printed and was asked. Fields are named, so that a new one stays closed. */
export function openView(pool: PoolView): OpenPoolView {
  const { name, state, stoppedReason, workers, restarts } = pool;
  // After the colon stands the cause, which may quote what the application threw.
  const applications = pool.applications.map(({ id, site, path, hostingModel, state: life, problem }) => {
    return { id, site, path, hostingModel, state: life, problem: problem.split(': ', 1)[0] ?? '' };
  });
  const obituaries = pool.obituaries.map(({ atMs, applicationId, slot, pid, code, signal, reason }) => {
    return { atMs, applicationId, slot, pid, code, signal, reason };
  });
  return { name, state, stoppedReason, applications, workers, restarts, obituaries };
}

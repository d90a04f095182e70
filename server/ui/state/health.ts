/** How a pool does, in one word: what its tile shows. */
import type { ApplicationView, PoolView } from '../../../pools/supervisor/ports.js';

export type Health = 'failing' | 'changing' | 'running' | 'idle' | 'stopped';

/** What most needs eyes comes first. */
export const healths: readonly Health[] = ['failing', 'changing', 'running', 'idle', 'stopped'];

export const healthNames: Readonly<Record<Health, string>> = {
  failing: 'Failing',
  changing: 'Changing',
  running: 'Running',
  idle: 'Idle',
  stopped: 'Stopped',
};

/** The parts of a pool that the overview needs; events bring them without the history of its workers. */
export interface PoolHead {
  readonly name: string;
  readonly state: PoolView['state'];
  readonly stoppedReason: string;
  readonly applications: readonly Pick<ApplicationView, 'id' | 'hostingModel' | 'state' | 'problem'>[];
  readonly workers: readonly { readonly state: string }[];
  readonly restarts: number;
}

const failingStates: ReadonlySet<string> = new Set(['failed', 'backing-off', 'rapid-failed', 'misconfigured']);

/** `crash`: what became of a worker a moment ago; '' = nothing. */
export function healthOf(pool: PoolHead, crash = ''): Health {
  const failing = crash !== '' || pool.applications.some(({ state }) => failingStates.has(state));
  if (pool.state === 'Stopped') return failing || pool.stoppedReason === 'AppShutdown' ? 'failing' : 'stopped';
  if (failing) return 'failing';
  if (pool.state !== 'Started' || pool.applications.some(({ state }) => state === 'starting')) return 'changing';
  return pool.workers.length === 0 ? 'idle' : 'running';
}

/** One line about what is wrong; '' = nothing. */
export function problemOf(pool: PoolHead, crash = ''): string {
  const application = pool.applications.find(({ state }) => failingStates.has(state));
  if (application !== undefined) {
    return application.problem === '' ? `application ${application.state}` : application.problem;
  }
  if (pool.state === 'Stopped' && pool.stoppedReason === 'AppShutdown') return 'stopped by rapid-fail protection';
  return crash;
}

export function hostingOf(pool: PoolHead): string {
  const models = new Set(pool.applications.map(({ hostingModel }) => hostingModel));
  if (models.size === 0) return 'no application';
  return [...models].map((one) => (one === 'InProcess' ? 'in-process' : 'out-of-process')).join(', ');
}

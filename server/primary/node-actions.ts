/** Orders about the whole node and about single applications. */
import { drainLookMs, drainQuietLooks } from '../../config/base/admin-limits.js';
import { type Clock, pause } from '../../config/base/clock.js';
import { SluiceError } from '../../config/base/errors.js';
import { unreachable } from '../../config/base/invariant.js';
import type { Logger } from '../../config/base/logger.js';
import type { ApplicationConfig } from '../../config/model.js';
import type { SupervisorPort } from '../../pools/supervisor/ports.js';
import type { Actions, NodeAction } from '../admin/control-plane.js';
import type { Operations } from './operations.js';
import type { PrimaryState } from './parts.js';
import type { ReloadOutcome } from './reload.js';

export interface NodeActionParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly supervisor: SupervisorPort;
  readonly operations: Operations;
  readonly state: PrimaryState;
  readonly reload: (reason: string) => Promise<ReloadOutcome>;
}

const noPool = '';

export function createNodeActions(parts: NodeActionParts): Pick<Actions, 'orderNode' | 'orderApplication'> {
  const { operations } = parts;
  return {
    orderNode(caller, action, target) {
      const run = () => runNode(parts, action);
      // A reload reads the files that are there when it is ordered.
      const basis = action === 'reload' ? null : '';
      const wish = { action: `node ${action}`, target, pool: noPool, workerIds: [], basis, run };
      const operation = operations.begin(caller, wish);
      if (action === 'resume') operations.supersede('node drain', target);
      return operation;
    },
    orderApplication(caller, action, id) {
      const { config } = parts.state;
      const application = config?.applications.find((one) => one.id === id);
      if (config === null || application === undefined) {
        throw new SluiceError('no-such-application', `there is no application ${id}`, '`sluice app list` names them.');
      }
      const workerIds = action === 'online' ? [] : workersOf(parts.supervisor, application);
      const run = () => runApplication(parts, action === 'offline', id, workerIds);
      const { pool } = application;
      const about = { action: `application ${action}`, target: id, pool, workerIds };
      const operation = operations.begin(caller, { ...about, basis: '', run });
      if (action === 'online') operations.supersede('application offline', id);
      return operation;
    },
  };
}

async function runNode(parts: NodeActionParts, action: NodeAction): Promise<string> {
  const { state, log } = parts;
  switch (action) {
    case 'drain':
      state.isDrained = true;
      log.info('node-drains');
      await whenQuiet(parts);
      return '';
    case 'resume':
      state.isDrained = false;
      log.info('node-resumes');
      return '';
    case 'reload':
      if ((await parts.reload('admin API')) !== 'refused') return '';
      throw new SluiceError(
        'configuration-refused',
        'the one before it serves on',
        '`sluice check` names every problem',
      );
    default:
      return unreachable(action);
  }
}

/** Until no worker has a request; what listeners tell of them is a second old at most. */
async function whenQuiet({ clock, state, supervisor }: NodeActionParts): Promise<void> {
  const limitMs = state.config?.server.shutdownTimeLimitMs ?? 0;
  const startedMs = clock.monotonicMs();
  for (let quiet = 0; quiet < drainQuietLooks; ) {
    await pause(clock, drainLookMs, false);
    // Resumed meanwhile: this operation has ended.
    if (!state.isDrained) return;
    const busy = supervisor.view().flatMap(({ workers }) => workers.filter(({ inFlight }) => inFlight > 0));
    quiet = busy.length === 0 ? quiet + 1 : 0;
    if (busy.length > 0 && clock.monotonicMs() - startedMs > limitMs) {
      const requests = busy.reduce((sum, { inFlight }) => sum + inFlight, 0);
      const remedy = 'it stays out of the balance; `sluice requests` names them';
      throw new SluiceError('still-busy', `${requests} requests are still under way`, remedy);
    }
  }
}

/** Nothing new reaches it and its workers end, so that its files are free. */
async function runApplication(
  { supervisor, log }: NodeActionParts,
  isOffline: boolean,
  id: string,
  workerIds: readonly number[],
): Promise<string> {
  const { offline, orders } = supervisor;
  if (offline.ids.has(id) !== isOffline) {
    log.info(isOffline ? 'application-offline' : 'application-online', { application: id });
  }
  if (!isOffline) {
    offline.bring(id);
    return '';
  }
  await offline.take(id);
  await orders.whenReceipted(workerIds);
  return '';
}

function workersOf(supervisor: SupervisorPort, { id, pool }: ApplicationConfig): readonly number[] {
  const workers = supervisor.viewOf(pool)?.workers ?? [];
  return workers.filter(({ applicationId }) => applicationId === id).map(({ workerId }) => workerId);
}

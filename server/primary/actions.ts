/** What administrators order, carried out by the supervisor and kept as operations. */
import { SluiceError } from '../../config/base/errors.js';
import { unreachable } from '../../config/base/invariant.js';
import type { DumpWish } from '../../pools/protocol/primary-to-host.js';
import type { PoolView, SupervisorPort } from '../../pools/supervisor/ports.js';
import type { Actions, PoolAction, WorkerAction } from '../admin/control-plane.js';
import { openDump } from './dump-files.js';
import type { Operations } from './operations.js';

/** `stateDir`: below it lie the files of dumps. */
export function createActions(
  supervisor: SupervisorPort,
  operations: Operations,
  stateDir: () => string,
): Omit<Actions, 'orderNode' | 'orderApplication'> {
  return {
    orderPool(caller, action, name) {
      const pool = supervisor.viewOf(name);
      if (pool === null) throw unknownPool(name);
      const workerIds = pool.workers.map(({ workerId }) => workerId);
      const run = () => runPool(supervisor, action, name, workerIds);
      const basis = basisOf(pool);
      const wish = { action: `pool ${action}`, target: name, pool: name, workerIds, basis, run };
      const operation = operations.begin(caller, wish);
      if (action === 'start') operations.supersede('pool stop', name);
      return operation;
    },
    orderWorker(caller, action, workerId, wish) {
      const pool = poolOf(supervisor, workerId);
      if (pool === null) throw unknownWorker(workerId);
      const run = () => runWorker(supervisor, action, workerId, wish);
      const about = { action: `worker ${action}`, target: String(workerId), pool: pool.name, workerIds: [workerId] };
      return operations.begin(caller, { ...about, basis: basisOf(pool, wish), run });
    },
    orderProfile(caller, workerId, wish) {
      const pool = poolOf(supervisor, workerId);
      if (pool === null) throw unknownWorker(workerId);
      const run = () => supervisor.orders.dump(workerId, wish);
      const about = { action: 'worker profile', target: String(workerId), pool: pool.name, workerIds: [] };
      return operations.begin(caller, { ...about, basis: basisOf(pool, wish), run });
    },
    operation: (id) => operations.get(id),
    whenEnded: (id) => operations.whenEnded(id),
    openFile: (id) => openDump(stateDir(), operations.get(id)?.file ?? ''),
  };
}

/** Whatever an action does to the pool changes it: after the first new worker a further recycle is another one. */
function basisOf({ state, workers, receipts }: PoolView, { kind, seconds }: Partial<DumpWish> = {}): string {
  const found = workers.map((worker) => `${worker.workerId} ${worker.state}`);
  return [state, receipts.at(-1)?.id, ...found, kind, seconds].join();
}

async function runPool(
  supervisor: SupervisorPort,
  action: PoolAction,
  name: string,
  workerIds: readonly number[],
): Promise<string> {
  switch (action) {
    case 'start':
      await supervisor.startPool(name);
      return '';
    case 'stop':
      await supervisor.stopPool(name);
      break;
    case 'recycle':
      await settled(supervisor, supervisor.recyclePool(name, 'on-demand'), workerIds);
      return '';
    default:
      return unreachable(action);
  }
  await supervisor.orders.whenReceipted(workerIds);
  return '';
}

async function runWorker(
  { orders }: SupervisorPort,
  action: WorkerAction,
  workerId: number,
  wish: DumpWish,
): Promise<string> {
  switch (action) {
    case 'recycle':
      await orders.recycle(workerId);
      await orders.whenReceipted([workerId]);
      return '';
    case 'stop':
      await orders.stop(workerId);
      return '';
    case 'dump':
      return orders.dump(workerId, wish);
    case 'suspend':
      await orders.suspend(workerId);
      return '';
    case 'resume':
      await orders.resume(workerId);
      return '';
    default:
      return unreachable(action);
  }
}

/** Also after a failed recycle some workers may be leaving: the action ends with their receipts. */
async function settled(supervisor: SupervisorPort, order: Promise<void>, workerIds: readonly number[]): Promise<void> {
  try {
    await order;
  } finally {
    await supervisor.orders.whenReceipted(workerIds);
  }
}

function poolOf(supervisor: SupervisorPort, workerId: number): PoolView | null {
  const holds = (pool: PoolView): boolean => pool.workers.some((worker) => worker.workerId === workerId);
  return supervisor.view().find(holds) ?? null;
}

function unknownPool(name: string): SluiceError {
  return new SluiceError('no-such-pool', `there is no pool named ${name}`, '`sluice pool list` names them.');
}

function unknownWorker(workerId: number): SluiceError {
  return new SluiceError('no-such-worker', `there is no worker ${workerId}`, '`sluice worker list` names them.');
}

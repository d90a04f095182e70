/** The orders that a pool and its workers take, each with the question that comes first. */
import type { PoolView, WorkerView } from '../../../pools/supervisor/ports.js';
import type { PoolAction, WorkerAction } from '../../admin/control-plane.js';
import { act, type App, apiPool, mayAct } from '../app.js';
import { type ElementView, h } from '../dom/view.js';
import type { Question } from '../parts/dialog.js';

interface Order {
  readonly name: string;
  readonly title: (target: string) => string;
  readonly question: ((target: string) => Question) | null;
}

const poolOrders: Readonly<Record<PoolAction, Order>> = {
  start: {
    name: 'Start',
    title: (pool) => `Start ${pool}`,
    question: null,
  },
  recycle: {
    name: 'Recycle',
    title: (pool) => `Recycle ${pool}`,
    question: (pool) => ({
      title: `Recycle ${pool}?`,
      text: ['Every worker is replaced by a new one. The old ones finish what they have; no request is lost.'],
      verb: 'Recycle',
      danger: false,
    }),
  },
  stop: {
    name: 'Stop',
    title: (pool) => `Stop ${pool}`,
    question: (pool) => ({
      title: `Stop ${pool}?`,
      text: ['New requests get 503 from now on. Those under way finish, then every worker ends.'],
      verb: 'Stop the pool',
      danger: true,
    }),
  },
};

export function poolActions(app: App, pool: PoolView): ElementView {
  const allowed = mayAct(app.caller(), pool.name);
  const stopped = pool.state === 'Stopped' || pool.state === 'Stopping';
  const button = (action: PoolAction, off: boolean): ElementView => {
    const { name, title, question } = poolOrders[action];
    return h(
      'button',
      {
        key: action,
        type: 'button',
        class: action === 'stop' ? 'danger' : '',
        disabled: off || !allowed,
        title: allowed ? null : 'This needs the role operator for this pool',
        onClick: () =>
          void act(app, title(pool.name), `${apiPool(pool.name)}/${action}`, question?.(pool.name) ?? null),
      },
      name,
    );
  };
  return h(
    'div.buttons',
    { role: 'group', 'aria-label': `Actions on pool ${pool.name}` },
    button('start', pool.state === 'Started'),
    button('recycle', stopped),
    button('stop', stopped),
  );
}

const workerOrders: Readonly<Record<WorkerAction, Order>> = {
  recycle: {
    name: 'Recycle',
    title: (worker) => `Recycle ${worker}`,
    question: (worker) => ({
      title: `Recycle ${worker}?`,
      text: ['A new process takes its place; this one finishes what it has.'],
      verb: 'Recycle',
      danger: false,
    }),
  },
  suspend: {
    name: 'Suspend',
    title: (worker) => `Suspend ${worker}`,
    question: (worker) => ({
      title: `Suspend ${worker}?`,
      text: ['It is set aside, and wakes with the next request.'],
      verb: 'Suspend',
      danger: false,
    }),
  },
  resume: { name: 'Resume', title: (worker) => `Resume ${worker}`, question: null },
  dump: {
    name: 'Dump',
    title: (worker) => `Dump ${worker}`,
    question: (worker) => ({
      title: `Write a report of ${worker}?`,
      text: ['A report of the process is written on the server. An in-process worker answers nothing for a moment.'],
      verb: 'Write the report',
      danger: false,
    }),
  },
  stop: {
    name: 'Stop',
    title: (worker) => `Stop ${worker}`,
    question: (worker) => ({
      title: `Stop ${worker}?`,
      text: ['It ends politely, and comes back with the next request (in an AlwaysRunning pool at once).'],
      verb: 'Stop the worker',
      danger: true,
    }),
  },
};

export function workerActions(app: App, pool: string, worker: WorkerView): ElementView {
  const allowed = mayAct(app.caller(), pool);
  const wanted: readonly WorkerAction[] =
    worker.state === 'suspended' ? ['resume', 'recycle', 'stop'] : ['recycle', 'suspend', 'dump', 'stop'];
  const target = `worker ${worker.workerId}`;
  return h(
    'div.buttons.small',
    { role: 'group', 'aria-label': `Actions on ${target}` },
    wanted.map((action) => {
      const { name, title, question } = workerOrders[action];
      const path = `/api/v1/workers/${worker.workerId}/${action}`;
      return h(
        'button',
        {
          key: action,
          type: 'button',
          disabled: !allowed || (worker.state !== 'running' && worker.state !== 'suspended'),
          'aria-label': `${name} ${target}`,
          onClick: () => void act(app, title(target), path, question?.(target) ?? null),
        },
        name,
      );
    }),
  );
}

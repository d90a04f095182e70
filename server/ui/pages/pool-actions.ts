/** The orders that a pool and its workers take, each with the question that comes first. */
import type { PoolView, WorkerView } from '../../../pools/supervisor/ports.js';
import type { PoolAction, WorkerAction } from '../../admin/control-plane.js';
import { act, type App, apiPool, mayAct, type Order } from '../app.js';
import { type ElementView, h } from '../dom/view.js';
import { askNumber, type Question } from '../parts/dialog.js';

interface Kind {
  readonly name: string;
  readonly title: (target: string) => string;
  readonly question: ((target: string) => Question) | null;
}

const poolOrders: Readonly<Record<PoolAction, Kind>> = {
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
          void act(app, {
            title: title(pool.name),
            path: `${apiPool(pool.name)}/${action}`,
            question: question?.(pool.name) ?? null,
          }),
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

const workerOrders: Readonly<Record<WorkerAction, Kind>> = {
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
  const { workerId, state } = worker;
  const wanted: readonly WorkerAction[] =
    state === 'suspended' ? ['resume', 'recycle', 'stop'] : ['recycle', 'suspend', 'dump', 'stop'];
  const target = `worker ${workerId}`;
  const button = (key: string, name: string, run: () => void): ElementView => {
    const disabled = !allowed || (state !== 'running' && state !== 'suspended');
    return h('button', { key, type: 'button', disabled, 'aria-label': `${name} ${target}`, onClick: run }, name);
  };
  const orders = wanted.map((action) => {
    const { name, title, question } = workerOrders[action];
    const path = `/api/v1/workers/${workerId}/${action}`;
    return button(
      action,
      name,
      () => void act(app, { title: title(target), path, question: question?.(target) ?? null }),
    );
  });
  // Only Node under our own host can be looked into.
  const isOpen = worker.hostingModel === 'InProcess' && state === 'running';
  return h(
    'div.buttons.small',
    { role: 'group', 'aria-label': `Actions on ${target}` },
    orders,
    isOpen && button('cpu', 'CPU profile', () => void profile(app, workerId)),
    isOpen && button('heap', 'Heap snapshot', () => void act(app, heapOrder(workerId))),
  );
}

/** As the API has them. */
const profileSeconds = { least: 1, most: 120, value: 10 } as const;

async function profile(app: App, workerId: number): Promise<void> {
  const seconds = await askNumber({
    title: `Profile the CPU of worker ${workerId}?`,
    text: ['It serves on, a little slower. Chromium opens the file in its developer tools, under Performance.'],
    verb: 'Begin the profile',
    danger: false,
    field: { label: 'Seconds', ...profileSeconds },
  });
  if (seconds === null) return;
  const path = `/api/v1/workers/${workerId}/profile?kind=cpu&seconds=${seconds}`;
  const lastsMs = seconds * 1_000;
  await act(app, { title: `CPU profile of worker ${workerId}`, path, question: null, lastsMs });
}

function heapOrder(workerId: number): Order {
  return {
    title: `Heap snapshot of worker ${workerId}`,
    path: `/api/v1/workers/${workerId}/profile?kind=heap`,
    question: {
      title: `Take the heap of worker ${workerId}?`,
      text: [
        'It answers nothing while the snapshot is written: some seconds for each gigabyte of heap, and as much memory again.',
        'The file holds whatever the application has in memory, secrets too.',
      ],
      verb: 'Take the heap',
      danger: true,
    },
  };
}

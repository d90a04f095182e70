import { describe, expect, test } from '@jest/globals';
import { pickWorker } from '../../../server/listener/balancer.js';
import { Cells } from '../../../server/metrics/cells.js';
import { CrashLines } from '../../../server/proxy/crash-lines.js';
import { PoolCells } from '../../../server/proxy/traffic-cells.js';
import { ApplicationState, Worker } from '../../../server/proxy/worker.js';

function application(count: number, share = 100): ApplicationState {
  const state = new ApplicationState('a');
  state.pool = {
    name: 'p',
    settings: {
      name: 'p',
      queueLength: 10,
      maxConcurrentRequests: share,
      rapidFailProtectionIntervalMs: 1,
      affinity: 'none',
    },
    concurrencyShare: share,
    queueShare: 10,
    waitingHere: 0,
    requests: 0,
    crashLines: new CrashLines(1),
    cells: new PoolCells(new Cells(), 'p'),
  };
  for (let id = 1; id <= count; id += 1) {
    const endpoint = { kind: 'tcp', host: '', port: id, pairingToken: '' } as const;
    const worker = new Worker({ workerId: id, slot: id, generation: 1, endpoint }, state);
    worker.transport = {
      isReady: true,
      begin: () => {
        throw new Error('not here');
      },
      probe: () => undefined,
      drain: () => undefined,
      close: () => undefined,
    };
    state.workers.push(worker);
  }
  return state;
}

function change(state: ApplicationState, id: number, values: Partial<Worker>): void {
  const worker = state.workers[id - 1];
  if (worker !== undefined) Object.assign(worker, values);
}

describe('pickWorker', () => {
  test('ties go round', () => {
    const state = application(3);
    expect([1, 2, 3, 4].map(() => pickWorker(state, 0, null)?.workerId)).toEqual([1, 2, 3, 1]);
  });

  test('least outstanding wins, and the total that the worker told is added', () => {
    const state = application(3);
    change(state, 1, { inFlight: 2 });
    change(state, 2, { inFlight: 1 });
    change(state, 3, { inFlight: 0, totalInFlight: 5 });
    expect(pickWorker(state, 0, null)?.workerId).toBe(2);
  });

  test('a late worker is taken only when no other is eligible', () => {
    const state = application(2);
    change(state, 1, { isLate: true });
    change(state, 2, { inFlight: 99 });
    expect(pickWorker(state, 0, null)?.workerId).toBe(2);
    change(state, 2, { isDraining: true });
    expect(pickWorker(state, 0, null)?.workerId).toBe(1);
  });

  test('nobody when all have their share, or rest after a failed connect', () => {
    const state = application(2, 1);
    change(state, 1, { inFlight: 1 });
    change(state, 2, { restUntilMs: 1_000 });
    expect(pickWorker(state, 999, null)).toBeNull();
    expect(pickWorker(state, 1_000, null)?.workerId).toBe(2);
  });

  test('a client with a mark gets its slot, busy or late; without one there, the least busy', () => {
    const state = application(3, 2);
    const mark = { slot: 2, generation: 1 };
    change(state, 2, { inFlight: 1, isLate: true });
    expect([1, 2, 3].map(() => pickWorker(state, 0, mark)?.workerId)).toEqual([2, 2, 2]);
    change(state, 2, { inFlight: 2 });
    expect(pickWorker(state, 0, mark)?.workerId).not.toBe(2);
    change(state, 2, { inFlight: 0, isDraining: true });
    expect(pickWorker(state, 0, mark)?.workerId).not.toBe(2);
    expect(pickWorker(state, 0, { slot: 9, generation: 1 })).not.toBeNull();
  });
});

import { describe, expect, test } from '@jest/globals';
import { SluiceError } from '../../../config/base/errors.js';
import { operationsKept, operationsRunningMax } from '../../../config/base/limits.js';
import { emptyReceipt } from '../../../pools/protocol/listener-to-primary.js';
import type { ReceiptView } from '../../../pools/supervisor/ports.js';
import { type AdminCaller, socketCaller } from '../../../server/admin/frame/caller.js';
import { Operations, type OperationWish } from '../../../server/primary/operations.js';
import { FakeClock } from '../../support/fake-clock.js';

const root = socketCaller;
const named = (name: string, role: 'operator' | 'admin', pools: readonly string[] | 'all'): AdminCaller => {
  return { name, role, pools, via: 'token', address: '127.0.0.1' };
};
const forever = (): Promise<string> => new Promise(() => undefined);

function wish(change: Partial<OperationWish> = {}): OperationWish {
  return { action: 'pool stop', target: 'shop', pool: 'shop', workerIds: [1, 2], basis: null, run: forever, ...change };
}

function receipt(workerId: number): ReceiptView {
  return {
    id: workerId,
    atMs: 0,
    durationMs: 1,
    kind: 'stop',
    cause: 'pool-stopped',
    outcome: 'done',
    applicationId: 'main/',
    slot: 1,
    old: { workerId, generation: 1, pid: 1, ended: 'pool-stopped' },
    successor: null,
    requests: emptyReceipt,
    eventId: 0,
    attachments: [],
  };
}

describe('an operation', () => {
  test('collects the receipts of its workers, and ends with a file or a reason', async () => {
    const operations = new Operations(new FakeClock());
    const stop = operations.begin(root, wish());
    operations.note(receipt(2));
    operations.note(receipt(3));
    expect(operations.get(stop.id)?.receipts.map(({ id }) => id)).toEqual([2]);
    const dump = operations.begin(root, wish({ run: () => Promise.resolve('/dumps/1') }));
    const refused = new SluiceError('worker-not-running', 'worker 1 is leaving', 'wait');
    const failing = operations.begin(root, wish({ run: () => Promise.reject(refused) }));
    await Promise.resolve();
    await Promise.resolve();
    expect(operations.get(dump.id)).toMatchObject({ state: 'done', file: '/dumps/1', error: null });
    const error = { code: 'worker-not-running', message: 'worker 1 is leaving', remedy: 'wait' };
    expect(operations.get(failing.id)).toMatchObject({ state: 'failed', error });
    expect(operations.get(stop.id)).toMatchObject({ state: 'running', endedAtMs: 0 });
  });

  test('that stops a pool ends when the pool is started meanwhile', () => {
    const operations = new Operations(new FakeClock());
    const stop = operations.begin(root, wish());
    const other = operations.begin(root, wish({ target: 'other', pool: 'other' }));
    operations.supersede('pool stop', 'shop');
    expect(operations.get(stop.id)).toMatchObject({ state: 'failed', error: { code: 'superseded' } });
    expect(operations.get(other.id)?.state).toBe('running');
  });
});

test('only so many run at once, and only the newest ended ones are known', async () => {
  const operations = new Operations(new FakeClock());
  for (let n = 0; n < operationsRunningMax; n += 1) operations.begin(root, wish());
  expect(() => operations.begin(root, wish())).toThrow('too many actions');
  operations.supersede('pool stop', 'shop');
  for (let n = 0; n < operationsKept; n += 1) {
    operations.begin(root, wish({ run: () => Promise.resolve('') }));
    await Promise.resolve();
    await Promise.resolve();
  }
  expect(operations.get(operationsRunningMax)).toBeNull();
  expect(operations.get(operationsRunningMax + 1)?.state).toBe('done');
  expect(operations.get(operationsRunningMax + operationsKept)?.state).toBe('done');
});

describe('orders that pile up', () => {
  test('are answered with the one under way when they ask for the same of the same', () => {
    const operations = new Operations(new FakeClock());
    const order = (change: Partial<OperationWish>): number =>
      operations.begin(root, wish({ action: 'pool recycle', basis: '1 running', ...change })).id;
    const first = order({});
    expect(order({})).toBe(first);
    // What it would find is not what the first one found: it may ask for what was not there yet.
    const ids = [first, order({ basis: '1 draining' }), order({ target: 'b' }), order({ action: 'pool stop' })];
    expect(new Set(ids).size).toBe(4);
    expect(order({ basis: null })).not.toBe(order({ basis: null }));
    operations.supersede('pool recycle', 'shop');
    expect(order({})).toBeGreaterThan(Math.max(...ids));
  });

  test('leave places to other callers, the last ones to owners, and all that are left to the socket', () => {
    const operations = new Operations(new FakeClock());
    const quarter = operationsRunningMax / 4;
    const mayBegin = (caller: AdminCaller): boolean => {
      try {
        return operations.begin(caller, wish({ target: caller.name })).state === 'running';
      } catch (error) {
        return !(error instanceof SluiceError && error.code === 'too-many-operations');
      }
    };
    const begun = (caller: AdminCaller, most = quarter + 1): number => {
      for (let count = 0; count < most; count += 1) if (!mayBegin(caller)) return count;
      return most;
    };
    const weak = ['a', 'b', 'c', 'd'].map((pool) => named(pool, 'operator', [pool]));
    expect(weak.map((caller) => begun(caller))).toEqual([quarter, quarter, quarter, 0]);
    expect(begun(named('owner', 'admin', 'all'), 4)).toBe(4);
    expect(begun(root)).toBe(quarter - 4);
    operations.supersede('pool stop', 'a');
    expect(begun(root, quarter)).toBe(quarter);
    operations.supersede('pool stop', 'b');
    expect(begun(named('d', 'operator', ['d']))).toBe(0);
  });
});

import { describe, expect, test } from '@jest/globals';
import { SluiceError } from '../../../config/base/errors.js';
import { operationsKept, operationsRunningMax } from '../../../config/base/limits.js';
import { emptyReceipt } from '../../../pools/protocol/listener-to-primary.js';
import type { ReceiptView } from '../../../pools/supervisor/ports.js';
import { Operations, type OperationWish } from '../../../server/primary/operations.js';
import { FakeClock } from '../../support/fake-clock.js';

const forever = (): Promise<string> => new Promise(() => undefined);

function wish(change: Partial<OperationWish> = {}): OperationWish {
  return { action: 'pool stop', target: 'shop', pool: 'shop', workerIds: [1, 2], run: forever, ...change };
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
    const stop = operations.begin(wish());
    operations.note(receipt(2));
    operations.note(receipt(3));
    expect(operations.get(stop.id)?.receipts.map(({ id }) => id)).toEqual([2]);
    const dump = operations.begin(wish({ run: () => Promise.resolve('/dumps/1') }));
    const refused = new SluiceError('worker-not-running', 'worker 1 is leaving', 'wait');
    const failing = operations.begin(wish({ run: () => Promise.reject(refused) }));
    await Promise.resolve();
    await Promise.resolve();
    expect(operations.get(dump.id)).toMatchObject({ state: 'done', file: '/dumps/1', error: null });
    const error = { code: 'worker-not-running', message: 'worker 1 is leaving', remedy: 'wait' };
    expect(operations.get(failing.id)).toMatchObject({ state: 'failed', error });
    expect(operations.get(stop.id)).toMatchObject({ state: 'running', endedAtMs: 0 });
  });

  test('that stops a pool ends when the pool is started meanwhile', () => {
    const operations = new Operations(new FakeClock());
    const stop = operations.begin(wish());
    const other = operations.begin(wish({ target: 'other', pool: 'other' }));
    operations.supersede('pool stop', 'shop');
    expect(operations.get(stop.id)).toMatchObject({ state: 'failed', error: { code: 'superseded' } });
    expect(operations.get(other.id)?.state).toBe('running');
  });
});

test('only so many run at once, and only the newest ended ones are known', async () => {
  const operations = new Operations(new FakeClock());
  for (let n = 0; n < operationsRunningMax; n += 1) operations.begin(wish());
  expect(() => operations.begin(wish())).toThrow('actions are running');
  operations.supersede('pool stop', 'shop');
  for (let n = 0; n < operationsKept; n += 1) {
    operations.begin(wish({ run: () => Promise.resolve('') }));
    await Promise.resolve();
    await Promise.resolve();
  }
  expect(operations.get(operationsRunningMax)).toBeNull();
  expect(operations.get(operationsRunningMax + 1)?.state).toBe('done');
  expect(operations.get(operationsRunningMax + operationsKept)?.state).toBe('done');
});

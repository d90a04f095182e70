import { expect, test } from '@jest/globals';
import { ActivityBook } from '../../../server/primary/worker-activity.js';

const one = (workerId: number, inFlight: number, requestsTotal: number, underWayMs = 0) => ({
  workerId,
  inFlight,
  requestsTotal,
  underWayMs,
});

test('requests of all listeners are one number per worker', () => {
  const book = new ActivityBook();
  expect(book.report(1, [one(7, 1, 10)])).toEqual([one(7, 1, 10)]);
  expect(book.report(2, [one(7, 2, 5), one(8, 0, 1)])).toEqual([one(7, 3, 15), one(8, 0, 1)]);
  expect(book.report(1, [one(7, 0, 11)])).toEqual([one(7, 2, 16)]);
});

test('how long a request is under way is told as the listener says it, and once', () => {
  const book = new ActivityBook();
  expect(book.report(1, [one(7, 1, 10, 400)])).toEqual([one(7, 1, 10, 400)]);
  expect(book.report(2, [one(7, 0, 5)])).toEqual([one(7, 1, 15)]);
});

test('what a listener that is gone had handed on still counts, what it had in flight does not', () => {
  const book = new ActivityBook();
  book.report(1, [one(7, 4, 10)]);
  book.report(2, [one(7, 1, 1)]);
  book.forget(1);
  expect(book.report(2, [one(7, 1, 2)])).toEqual([one(7, 1, 12)]);
  expect(book.report(3, [one(7, 0, 0)])).toEqual([one(7, 1, 12)]);
});

test('a worker that no listener knows any more is forgotten', () => {
  const book = new ActivityBook();
  book.report(1, [one(7, 0, 10)]);
  book.forget(1);
  book.report(2, [one(8, 0, 0)]);
  expect(book.report(2, [one(7, 0, 3)])).toEqual([one(7, 0, 3)]);
});

import { expect, test } from '@jest/globals';
import { QueueLedger } from '../../../server/primary/queue-ledger.js';

function ledger(queueLength: number): QueueLedger {
  const books = new QueueLedger();
  books.configure([{ name: 'shop', queueLength }]);
  return books;
}

test('claims of all listeners together never exceed the length', () => {
  const books = ledger(5);
  expect(books.claim(1, 'shop', 3)).toBe(3);
  expect(books.claim(2, 'shop', 3)).toBe(2);
  expect(books.claim(1, 'shop', 1)).toBe(0);
  books.release(1, 'shop', 2);
  expect(books.claim(2, 'shop', 9)).toBe(2);
  expect(books.waiting('shop')).toBe(5);
});

test('a listener that dies gives back what it held', () => {
  const books = ledger(2);
  books.claim(1, 'shop', 2);
  books.forget(1);
  expect(books.waiting('shop')).toBe(0);
  expect(books.claim(2, 'shop', 2)).toBe(2);
});

test('a listener cannot give back more than it holds', () => {
  const books = ledger(3);
  books.claim(1, 'shop', 1);
  books.claim(2, 'shop', 2);
  books.release(1, 'shop', 100);
  expect(books.waiting('shop')).toBe(2);
  expect(books.claim(1, 'shop', 5)).toBe(1);
});

test('a pool that is not configured has no queue, and removing one forgets its claims', () => {
  const books = ledger(3);
  expect(books.claim(1, 'other', 1)).toBe(0);
  books.claim(1, 'shop', 3);
  books.configure([]);
  expect(books.waiting('shop')).toBe(0);
  books.configure([{ name: 'shop', queueLength: 3 }]);
  expect(books.claim(1, 'shop', 3)).toBe(3);
});

test('a shorter queue takes effect for the next claim', () => {
  const books = ledger(10);
  books.claim(1, 'shop', 8);
  books.configure([{ name: 'shop', queueLength: 4 }]);
  expect(books.claim(1, 'shop', 1)).toBe(0);
  books.release(1, 'shop', 5);
  expect(books.claim(1, 'shop', 5)).toBe(1);
});

import { expect, test } from '@jest/globals';
import { crashLinesKept } from '../../../config/base/limits.js';
import { CrashLines } from '../../../server/proxy/crash-lines.js';

test('one crash is not two, however many requests it had in flight', () => {
  const lines = new CrashLines(60_000);
  expect(lines.note('GET /', 1, 0)).toBe(false);
  expect(lines.note('GET /', 1, 1)).toBe(false);
  expect(lines.note('GET /', 2, 2)).toBe(true);
});

test('an answer in between clears the line, and time does', () => {
  const lines = new CrashLines(60_000);
  lines.note('GET /', 1, 0);
  expect(lines.clear('GET /')).toBe(true);
  expect(lines.note('GET /', 2, 10)).toBe(false);
  expect(lines.note('GET /', 3, 70_011)).toBe(false);
});

test('what another listener saw counts, unless it is the same crash', () => {
  const lines = new CrashLines(60_000);
  lines.learn('GET /a', 0);
  expect(lines.note('GET /a', 1, 100)).toBe(false);
  lines.learn('GET /b', 0);
  expect(lines.note('GET /b', 1, 5_000)).toBe(true);
});

test('only the newest lines are kept', () => {
  const lines = new CrashLines(60_000);
  for (let serial = 0; serial <= crashLinesKept; serial += 1) lines.note(`GET /${serial}`, 1, serial);
  expect(lines.clear('GET /0')).toBe(false);
  expect(lines.clear('GET /1')).toBe(true);
});

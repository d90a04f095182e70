import { expect, test } from '@jest/globals';
import { crashLinesKept, retryRestMs } from '../../../config/base/limits.js';
import { CrashLines } from '../../../server/proxy/crash-lines.js';

test('one crash is not two, however many requests it had in flight', () => {
  const lines = new CrashLines(60_000);
  expect(lines.note('GET /', 1, 0, 10)).toBe(false);
  expect(lines.note('GET /', 1, 0, 11)).toBe(false);
  expect(lines.note('GET /', 1, 200, 300)).toBe(false);
});

test('two workers that end at the same moment are one sighting, also when one dies a little later', () => {
  const lines = new CrashLines(60_000);
  expect(lines.note('GET /', 1, 0, 1_000)).toBe(false);
  expect(lines.note('GET /', 2, 990, 1_001)).toBe(false);
  // Handed to a process that was dying already.
  expect(lines.note('GET /', 2, 1_003, 1_010)).toBe(false);
  expect(lines.note('GET /', 3, 900, 30_000)).toBe(false);
});

test('a line that is handed over after the crash and meets the next one is accused', () => {
  const lines = new CrashLines(60_000);
  lines.note('GET /', 1, 0, 1_000);
  lines.note('GET /', 2, 0, 1_020);
  const secondMs = 1_000 + retryRestMs + 50;
  expect(lines.note('GET /', 3, secondMs - 50, secondMs)).toBe(true);
  expect(lines.note('GET /', 4, secondMs + retryRestMs, secondMs + retryRestMs + 50)).toBe(true);
});

test('an answer in between clears the line, and time does', () => {
  const lines = new CrashLines(60_000);
  lines.note('GET /', 1, 0, 0);
  expect(lines.clear('GET /')).toBe(true);
  expect(lines.note('GET /', 2, 5_000, 5_010)).toBe(false);
  expect(lines.note('GET /', 3, 70_000, 70_011)).toBe(false);
  expect(lines.note('GET /', 4, 80_000, 80_011)).toBe(true);
});

test('what another listener saw counts for requests that were handed over after it', () => {
  const lines = new CrashLines(60_000);
  lines.learn('GET /a', 1_000);
  expect(lines.note('GET /a', 1, 990, 1_100)).toBe(false);
  expect(lines.note('GET /a', 1, 990, 4_000)).toBe(false);
  lines.learn('GET /b', 1_000);
  expect(lines.note('GET /b', 1, 1_500, 1_600)).toBe(true);
});

test('only the newest lines are kept', () => {
  const lines = new CrashLines(60_000);
  for (let serial = 0; serial <= crashLinesKept; serial += 1) lines.note(`GET /${serial}`, 1, serial, serial);
  expect(lines.clear('GET /0')).toBe(false);
  expect(lines.clear('GET /1')).toBe(true);
});

import { expect, test } from '@jest/globals';
import { differences } from '../support/probe/differences.js';
import { scenarios } from '../support/probe/scenarios.js';
import { readText } from './sources.js';

const page = readText('docs/explanation/in-process-differences.md');

test('each difference between hosted and alone is named on its page, and no other', () => {
  const named = [...page.matchAll(/^\| ([^|]+?) \|/gm)]
    .map((row) => row[1])
    .filter((name) => !/^(name|---)$/.test(name ?? ''));
  expect(new Set(named)).toEqual(new Set(differences.map((one) => one.name)));
  expect(named).toHaveLength(differences.length);
});

test('each difference names scenarios that exist', () => {
  const names = new Set(scenarios.map((one) => one.name));
  const named = differences.flatMap((one) => (one.scenarios === 'all' ? [] : one.scenarios));
  expect(named.filter((name) => !names.has(name))).toEqual([]);
  expect(names.size).toBe(scenarios.length);
  expect(scenarios.length).toBeGreaterThanOrEqual(100);
});

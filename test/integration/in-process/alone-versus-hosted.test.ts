import { beforeAll, describe, expect, test } from '@jest/globals';
import { compare } from '../../support/probe/compare.js';
import { type Mode, type Record, runAll } from '../../support/probe/run.js';
import { scenarios } from '../../support/probe/scenarios.js';

/** This Node; the suite runs again on the newest one by `npm run test:nodes`. */
const node = process.execPath;
const limitMs = 300_000;
const alone = new Map<string, Record>();

beforeAll(async () => {
  for (const [name, record] of await runAll(scenarios, 'alone', node)) alone.set(name, record);
}, limitMs);

const modes: readonly (readonly [string, Mode])[] = [
  ['alone for a second time', 'alone'],
  ['hosted, fast path', 'auto'],
  ['hosted, slow path', 'slow'],
  ['hosted, documented path', 'documented'],
];

describe.each(modes)(`${scenarios.length} scenarios, app and client see the same: %s`, (_title, mode) => {
  const found = new Map<string, Record>();

  beforeAll(async () => {
    for (const [name, record] of await runAll(scenarios, mode, node)) found.set(name, record);
  }, limitMs);

  test.each(scenarios.map((one) => one.name))('%s', (name) => {
    const expected = alone.get(name);
    const seen = found.get(name);
    if (expected === undefined || seen === undefined) throw new Error('it did not run');
    const { alone: left, hosted: right } =
      mode === 'alone' ? { alone: expected, hosted: seen } : compare(expected, seen);
    expect(right).toEqual(left);
  });
});

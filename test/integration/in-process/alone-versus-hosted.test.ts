import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Mode, type Record, runAll } from './probe-run.js';
import { allowedDifferences, scenarios } from './scenarios.js';

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

describe.each(modes)('app and client see the same: %s', (_title, mode) => {
  const found = new Map<string, Record>();

  beforeAll(async () => {
    for (const [name, record] of await runAll(scenarios, mode, node)) found.set(name, record);
  }, limitMs);

  test.each(scenarios.map((one) => one.name))('%s', (name) => {
    const expected = alone.get(name);
    expect(expected).toBeDefined();
    expect(found.get(name)).toEqual(expected);
  });
});

test(
  'differences by design still answer everything',
  async () => {
    for (const [name, record] of await runAll(allowedDifferences, 'auto', node)) {
      expect([name, record.client.join('')]).toEqual([name, expect.stringMatching(/^HTTP[^]*hello world[^]*tick$/)]);
    }
  },
  limitMs,
);

/** Whole configurations and what becomes of them; see test/support/golden.ts for the form of the files. */
import { describe, expect, test } from '@jest/globals';
import { golden, goldenFolder, goldenNames } from '../support/golden.js';

describe.each(['config', 'web-config'])('%s', (name) => {
  const folder = goldenFolder(name);
  test.each(goldenNames(folder))('%s', async (file) => {
    const { found, expected } = await golden(folder, file);
    expect(found).toBe(expected);
  });
});

test('the golden set of web.config files does not shrink', () => {
  expect(goldenNames(goldenFolder('web-config')).length).toBeGreaterThanOrEqual(40);
});

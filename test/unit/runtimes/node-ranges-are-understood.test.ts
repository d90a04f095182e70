import { expect, test } from '@jest/globals';
import { isInRange } from '../../../pools/runtimes/in-process/node-range.js';

test.each([
  ['v20.19.4', '>=20.19', true],
  ['v20.18.9', '>=20.19', false],
  ['v20.19.4', '>= 18 < 21', true],
  ['v22.0.0', '>=18 <21', false],
  ['v20.19.4', '^20.9.0 || >=22', true],
  ['v21.1.0', '^20.9.0 || >=22', false],
  ['v20.19.4', '20', true],
  ['v20.19.4', '20.x', true],
  ['v21.0.0', '20.x', false],
  ['v20.19.4', '~20.19.1', true],
  ['v20.20.0', '~20.19.1', false],
  ['v20.19.4', '18 - 20', true],
  ['v21.0.0', '18 - 20', false],
  ['v20.19.4', '>20', false],
  ['v21.0.0', '>20', true],
  ['v20.19.4', '<=20', true],
  ['v20.19.4', '*', true],
  ['v20.19.4', '', true],
  ['v20.19.4', 'lts/iron', null],
  ['v20.19.4', '>=20.0.0-rc.1', null],
  ['', '>=20', null],
])('%s in %s: %s', (version, range, fits) => {
  expect(isInRange(version, range)).toBe(fits);
});

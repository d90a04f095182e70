/**
 * Tests that need something a machine may lack. Where it is missing the test is skipped, its title says
 * why, and `npm test` prints and counts it.
 */
import { test } from '@jest/globals';
import { type Need, reasonToSkip } from './missing.js';

export { type Need, reasonToSkip };

/** `testNeeding('dotnet')(name, body, timeout)`: a test here, a counted skip with its reason elsewhere. */
export function testNeeding(...needs: readonly Need[]): typeof test {
  const reason = reasonToSkip(needs);
  if (reason === null) return test;
  const skipped = (name: string, body: () => Promise<void>): void => {
    // oxlint-disable-next-line jest/expect-expect, jest/no-disabled-tests
    test.skip(`${name} [${reason}]`, body);
  };
  return skipped as unknown as typeof test;
}

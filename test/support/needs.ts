/**
 * Tests that need something a machine may lack. Where it is missing the test is skipped, its title says
 * why, and `npm test` prints and counts it.
 */
import { test } from '@jest/globals';
import { type FrameworkSet, isInstalled } from './more-frameworks.js';
import { findProgram, python3 } from './find-program.js';
import { canSwitchUsers } from './paths.js';

type Program =
  | ('dotnet' | 'python3' | 'strace' | 'promtool' | 'chromium')
  | ('gunicorn' | 'uvicorn' | 'waitress-serve' | 'php' | 'gcc' | 'go');

export type Need = Program | FrameworkSet | 'root' | 'other users';

function missing(need: Need): string | null {
  if (need === 'root') return process.getuid?.() === 0 ? null : 'needs root';
  if (need === 'other users') return canSwitchUsers() ? null : 'needs root in a folder that other users can enter';
  if (need === 'more-frameworks' || need === 'next-app') {
    return isInstalled(need) ? null : `needs \`node deploy/npm/frameworks.mjs ${need}\``;
  }
  return findProgram(need === 'python3' ? python3 : need) === null ? `needs ${need}` : null;
}

/** Why a test with these needs cannot run here; null = it can. */
export function reasonToSkip(needs: readonly Need[]): string | null {
  return needs.map(missing).find((one) => one !== null) ?? null;
}

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

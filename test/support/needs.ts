/**
 * Tests that need something a machine may lack. Where it is missing the test is skipped, its title says
 * why, and `npm test` prints and counts it.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { test } from '@jest/globals';
import { canSwitchUsers } from './paths.js';

export type Need = 'dotnet' | 'python3' | 'root' | 'other users' | 'strace' | 'promtool' | 'chromium';

/** Python with a fixed path: one below somebody's home folder is out of reach for pools. */
export const python3 = '/usr/bin/python3';

export function findProgram(name: string): string | null {
  const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const candidates = name.startsWith('/') ? [name] : folders.map((folder) => join(folder, name));
  for (const path of candidates) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here: the next folder.
    }
  }
  return null;
}

function missing(need: Need): string | null {
  if (need === 'root') return process.getuid?.() === 0 ? null : 'needs root';
  if (need === 'other users') return canSwitchUsers() ? null : 'needs root in a folder that other users can enter';
  return findProgram(need === 'python3' ? python3 : need) === null ? `needs ${need}` : null;
}

/** `testNeeding('dotnet')(name, body, timeout)`: a test here, a counted skip with its reason elsewhere. */
export function testNeeding(...needs: readonly Need[]): typeof test {
  const reason = needs.map(missing).find((one) => one !== null) ?? null;
  if (reason === null) return test;
  const skipped = (name: string, body: () => Promise<void>): void => {
    // oxlint-disable-next-line jest/expect-expect, jest/no-disabled-tests
    test.skip(`${name} [${reason}]`, body);
  };
  return skipped as unknown as typeof test;
}

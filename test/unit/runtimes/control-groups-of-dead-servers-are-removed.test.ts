import { expect, test } from '@jest/globals';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeAbandoned } from '../../../pools/runtimes/cgroups/abandoned.js';
import type { Hierarchy } from '../../../pools/runtimes/cgroups/hierarchies.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const now = 1_700_000_000_000;

/** Plain folders that stand for groups of two trees; those of `-server` hold a process. */
function groups(root: string, names: readonly string[], ageMs: number): void {
  for (const name of names) {
    mkdirSync(join(root, name), { recursive: true });
    if (name.endsWith('-server')) writeFileSync(join(root, name, 'cgroup.procs'), '1\n');
    const seconds = (now - ageMs) / 1_000;
    utimesSync(join(root, name), seconds, seconds);
  }
}

test('empty groups of servers without a process go, whatever else is there stays', () => {
  const root = tempFolder('cg');
  try {
    const dead = ['cpu/sluice-aaaaaaaa.shop', 'memory/sluice-aaaaaaaa.shop'];
    const kept = [
      // Its server lives, in another tree.
      'cpu/sluice-bbbbbbbb.-server',
      'memory/sluice-bbbbbbbb.shop',
      'cpu/sluice-cccccccc.own',
      'cpu/other.service',
      'cpu/sluice-of-somebody',
    ];
    groups(root, [...dead, ...kept], 3_600_000);
    groups(root, ['memory/sluice-dddddddd.starting'], 1_000);
    const hierarchies: Hierarchy[] = ['cpu', 'memory'].map((name) => ({
      version: 1,
      controllers: [],
      parent: join(root, name),
      prefix: 'sluice-cccccccc.',
    }));
    expect(removeAbandoned(hierarchies, 'sluice-cccccccc', now)).toEqual(['sluice-aaaaaaaa']);
    const left = (names: readonly string[]): boolean[] => names.map((name) => existsSync(join(root, name)));
    expect(left(dead)).toEqual([false, false]);
    expect(left([...kept, 'memory/sluice-dddddddd.starting'])).not.toContain(false);
  } finally {
    removeFolder(root);
  }
});

test('version 2: each server has a folder of its own, and its workers’ groups go with it', () => {
  const root = tempFolder('cg');
  try {
    groups(root, ['sluice-aaaaaaaa/shop/w1', 'sluice-aaaaaaaa/shop', 'sluice-aaaaaaaa', 'sluice-cccccccc'], 3_600_000);
    const own: Hierarchy = { version: 2, controllers: [], parent: join(root, 'sluice-cccccccc'), prefix: '' };
    expect(removeAbandoned([own], 'sluice-cccccccc', now)).toEqual(['sluice-aaaaaaaa']);
    expect(existsSync(join(root, 'sluice-aaaaaaaa'))).toBe(false);
    expect(existsSync(join(root, 'sluice-cccccccc'))).toBe(true);
  } finally {
    removeFolder(root);
  }
});

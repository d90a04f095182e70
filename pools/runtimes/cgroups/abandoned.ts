/**
 * Groups of servers that were killed together with everything that would have removed them: without processes,
 * and without a server. They cost little, but their names would fill the trees of a machine for ever.
 */
import { readdirSync, rmdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { abandonedGroupAgeMs } from '../../../config/base/limits.js';
import { readMembers } from './group-files.js';
import type { Hierarchy } from './hierarchies.js';

const ofAnInstance = /^(sluice-[0-9a-f]{8})(?:\.|$)/;

/**
 * Removes what is older than a minute, so that a server that is just starting keeps what it has made.
 * @returns the names of the servers that had left something.
 */
export function removeAbandoned(hierarchies: readonly Hierarchy[], own: string, wallMs: number): readonly string[] {
  // In version 2 each server has a folder for its groups, beside which those of the others stand.
  const trees = hierarchies.map(({ parent }) => (ofAnInstance.test(basename(parent)) ? dirname(parent) : parent));
  const found = trees.flatMap(groupsIn);
  const alive = new Set(found.filter(({ folder }) => hasProcesses(folder)).map(({ instance }) => instance));
  const removed = new Set<string>();
  for (const { instance, folder } of found) {
    if (alive.has(instance) || instance === own || !isOld(folder, wallMs)) continue;
    if (removeTree(folder)) removed.add(instance);
  }
  return [...removed];
}

interface Group {
  readonly instance: string;
  readonly folder: string;
}

function groupsIn(tree: string): Group[] {
  return namesIn(tree).flatMap((name) => {
    const instance = ofAnInstance.exec(name)?.[1];
    return instance === undefined ? [] : [{ instance, folder: join(tree, name) }];
  });
}

function hasProcesses(folder: string): boolean {
  return readMembers(folder).length > 0 || namesIn(folder).some((name) => hasProcesses(join(folder, name)));
}

function isOld(folder: string, wallMs: number): boolean {
  try {
    return wallMs - statSync(folder).mtimeMs > abandonedGroupAgeMs;
  } catch {
    return false;
  }
}

/** The kernel refuses to remove a group with processes. */
function removeTree(folder: string): boolean {
  for (const name of namesIn(folder)) removeTree(join(folder, name));
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

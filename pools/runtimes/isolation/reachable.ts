/**
 * Can a user reach and read a path? Answered before a start by walking the folders with their owners
 * and modes, so that the answer names the first folder that refuses instead of a bare EACCES.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, messageOf } from '../../../config/base/errors.js';
import { StartError } from '../start-error.js';

export type Access = 'read' | 'execute' | 'search';

export interface Obstacle {
  /** The file or folder that refuses. */
  readonly path: string;
  /** 'missing', or the four octal digits of its mode. */
  readonly mode: string;
  readonly wanted: Access;
}

export interface User {
  readonly uid: number;
  readonly gid: number;
}

const bits: Readonly<Record<Access, number>> = { read: 4, execute: 1, search: 1 };

/**
 * The first thing on the way to `path` (absolute) that refuses `user`; null when nothing does.
 * Supplementary groups and ACLs are not looked at: workers have no supplementary groups.
 */
export function findObstacle(user: User | null, path: string, wanted: Access): Obstacle | null {
  if (user === null) return findOwnObstacle(path, wanted);
  return walk(user, path, wanted) ?? walkReal(user, path, wanted);
}

/** The same for the user who runs Sluice itself. */
function findOwnObstacle(path: string, wanted: Access): Obstacle | null {
  try {
    accessSync(path, wanted === 'read' ? constants.R_OK : constants.X_OK);
    return null;
  } catch (error) {
    const missing = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
    return { path, mode: missing ? 'missing' : modeOf(path), wanted };
  }
}

function walk(user: User, path: string, wanted: Access): Obstacle | null {
  for (const folder of foldersAbove(path)) {
    const obstacle = check(user, folder, 'search');
    if (obstacle !== null) return obstacle;
  }
  return check(user, path, wanted);
}

/** Symbolic links lead through other folders, which have to let the user pass as well. */
function walkReal(user: User, path: string, wanted: Access): Obstacle | null {
  const real = realpathSync(path);
  return real === path ? null : walk(user, real, wanted);
}

function check(user: User, path: string, wanted: Access): Obstacle | null {
  let stat: { readonly uid: number; readonly gid: number; readonly mode: number };
  try {
    stat = statSync(path);
  } catch {
    return { path, mode: 'missing', wanted };
  }
  const shift = stat.uid === user.uid ? 6 : stat.gid === user.gid ? 3 : 0;
  if (((stat.mode >> shift) & bits[wanted]) !== 0) return null;
  return { path, mode: octal(stat.mode), wanted };
}

/** '/', '/srv', '/srv/apps' for '/srv/apps/shop'. */
function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === dirname(folder)) return folders;
  }
}

function modeOf(path: string): string {
  try {
    return octal(statSync(path).mode);
  } catch (error) {
    return messageOf(error);
  }
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

export interface ObstacleText {
  readonly cause: string;
  readonly remedy: string;
}

/** Words for an obstacle; `who` is such as `user 50001 of pool shop` or `the listeners' user 50000`. */
export function describeObstacle(obstacle: Obstacle, target: string, who: string): ObstacleText {
  if (obstacle.mode === 'missing') {
    return {
      cause: `${target}: ${obstacle.path} does not exist`,
      remedy: 'Correct the path, or put the file there.',
    };
  }
  const verb = obstacle.wanted === 'read' ? 'be read' : obstacle.wanted === 'execute' ? 'be executed' : 'be entered';
  const change = obstacle.wanted === 'read' ? 'chmod o+r' : 'chmod o+x';
  return {
    cause: `${target}: ${obstacle.path} (mode ${obstacle.mode}) cannot ${verb} by ${who}`,
    remedy: `Open it with \`${change} ${obstacle.path}\`, give the pool a user that may (processModel.userName), or set \`isolation: process\` (then pools are not protected from each other).`,
  };
}

export interface ReachRequest {
  readonly identity: User | null;
  readonly pool: string;
  readonly path: string;
  readonly wanted: Access;
  /** What it is, for people: `application folder`, `Node`. */
  readonly target: string;
}

/** Throws StartError `folder-unreachable` (`entry-missing` when there is nothing to reach). */
export function mustReach(request: ReachRequest): void {
  const obstacle = findObstacle(request.identity, request.path, request.wanted);
  if (obstacle === null) return;
  const who =
    request.identity === null ? 'the user who runs Sluice' : `user ${request.identity.uid} of pool ${request.pool}`;
  const { cause, remedy } = describeObstacle(obstacle, request.target, who);
  throw new StartError(obstacle.mode === 'missing' ? 'entry-missing' : 'folder-unreachable', cause, remedy);
}

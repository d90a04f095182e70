/**
 * Moments at which the primary can be told to die by SIGKILL, so that tests can look at what a death there
 * leaves behind: `SLUICE_CRASH_POINT` names one, by number or name, and the first time it is reached is the
 * end. Without the variable a point is one comparison. None lies on the way of a request.
 */
import { SluiceError } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';

export interface CrashPoint {
  /** What comes before the dot is the action that reaches it. */
  readonly name: string;
  /** What has just happened. */
  readonly moment: string;
}

/** Its place in this list, from 1, is its number; docs/contributing/crash-points.md shows it. */
export const crashPoints = [
  { name: 'start.locked', moment: 'the instance lock is taken' },
  { name: 'start.leftovers-killed', moment: 'what an earlier primary left behind is killed' },
  { name: 'start.user-leased', moment: 'a user id is leased, the map of ids not yet written' },
  { name: 'start.identities-known', moment: 'the map of user ids is written, the access log folder has its owner' },
  { name: 'start.guardian-runs', moment: 'the guardian runs' },
  { name: 'start.groups-entered', moment: 'the primary is in its control group' },
  { name: 'start.journal-begun', moment: 'the journal of workers is new and empty' },
  { name: 'start.sockets-bound', moment: 'the sockets are bound' },
  { name: 'start.sockets-held', moment: 'the first configuration is being committed: sockets' },
  { name: 'start.routes-published', moment: 'the same: routes' },
  { name: 'start.committed', moment: 'the same: everything' },
  { name: 'start.listeners-forked', moment: 'the listener processes exist' },
  { name: 'start.listeners-ready', moment: 'every listener accepts' },
  { name: 'start.admin-listens', moment: 'the admin socket is there' },
  { name: 'start.done', moment: 'the server is ready' },
  { name: 'start.last-good-written', moment: 'the copy of the configuration is written beside the old one' },
  { name: 'start.last-good-kept', moment: 'the copy of the configuration has its name' },
  { name: 'worker.group-made', moment: 'the worker has a control group and its sockets, and no process' },
  { name: 'worker.spawned', moment: 'the process exists, and nobody but the primary knows of it' },
  { name: 'worker.stopped', moment: 'it is stopped before its first instruction' },
  { name: 'worker.watched', moment: 'guardian and journal know of it' },
  { name: 'worker.grouped', moment: 'it is in its control group and runs' },
  { name: 'worker.ready', moment: 'it is published' },
  { name: 'recycle.asked', moment: 'the order is given' },
  { name: 'recycle.replacement-spawned', moment: 'the new process exists beside the old one' },
  { name: 'recycle.replacement-ready', moment: 'the new worker is ready' },
  { name: 'recycle.unpublished', moment: 'the listeners are told to use only the new one' },
  { name: 'recycle.draining', moment: 'every listener has acknowledged, the old one finishes what it has' },
  { name: 'recycle.terminating', moment: 'the old one is asked to end' },
  { name: 'recycle.old-ended', moment: 'the process of the old one has exited' },
  { name: 'recycle.receipted', moment: 'the receipt is written' },
  { name: 'apply.read', moment: 'a changed configuration is read and good' },
  { name: 'apply.sockets-bound', moment: 'what it wants to listen on is bound' },
  { name: 'apply.sockets-held', moment: 'it is being committed: sockets' },
  { name: 'apply.routes-published', moment: 'the same: routes' },
  { name: 'apply.committed', moment: 'the same: everything' },
  { name: 'apply.last-good-written', moment: 'its copy is written beside that of the one before' },
  { name: 'apply.last-good-kept', moment: 'its copy has replaced the one before' },
  { name: 'stop.begun', moment: 'the server is no longer ready' },
  { name: 'stop.refusing', moment: 'the sockets are closed' },
  { name: 'stop.listeners-ended', moment: 'the last request is answered, the listeners have ended' },
  { name: 'stop.workers-ended', moment: 'the workers have ended' },
  { name: 'stop.runtimes-released', moment: 'groups, sockets, temp folders and journal of workers are gone' },
  { name: 'stop.guardian-ended', moment: 'the guardian has ended' },
  { name: 'stop.leases-returned', moment: 'the user ids are given back' },
  { name: 'stop.unlocked', moment: 'the instance lock is given back' },
  { name: 'upgrade.spawned', moment: 'the new primary exists beside the old one (which dies)' },
  { name: 'upgrade.ready', moment: 'the new one is ready' },
  { name: 'upgrade.given-up', moment: 'the old one has given up its admin socket and says so' },
  { name: 'upgrade.handed-over', moment: 'the new one serves, the old one begins to drain' },
] as const satisfies readonly CrashPoint[];

export type CrashPointName = (typeof crashPoints)[number]['name'];

const crashPointVariable = 'SLUICE_CRASH_POINT';

let armed: CrashPointName | null = null;

/** Only the primary calls this, once. Throws for a value that is in no list. */
export function armCrashPoint(environment: NodeJS.ProcessEnv, logger: Logger): void {
  const wanted = environment[crashPointVariable] ?? '';
  if (wanted === '') return;
  const found = crashPoints.find(({ name }, index) => wanted === name || wanted === String(index + 1));
  if (found === undefined) {
    throw new SluiceError(
      'no-such-crash-point',
      `${crashPointVariable}=${wanted} is no crash point`,
      `use a number from 1 to ${crashPoints.length}, or unset the variable`,
    );
  }
  armed = found.name;
  logger.warn('crash-point-armed', { point: found.name, moment: found.moment });
}

/** The end of this process, if it is this point that was asked for. */
export function crashPoint(name: CrashPointName): void {
  if (name === armed) process.kill(process.pid, 'SIGKILL');
}

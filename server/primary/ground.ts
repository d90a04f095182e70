/** What the primary takes before it starts anything: the run folder, user ids, the guardian, control groups. */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SluiceError } from '../../config/base/errors.js';
import type { CompiledConfig } from '../../config/model.js';
import { type Cgroups, createCgroups } from '../../pools/runtimes/cgroups/cgroups.js';
import { crashPoint } from '../../pools/runtimes/crash-points.js';
import { createGuardian, type Guardian } from '../../pools/runtimes/guardian.js';
import {
  createIdentities,
  type Identities,
  type Identity,
  type ListenerIdentity,
} from '../../pools/runtimes/isolation/identity.js';
import { describeObstacle, findObstacle } from '../../pools/runtimes/isolation/reachable.js';
import { tools } from '../../pools/runtimes/isolation/tools.js';
import { killLeftovers } from '../../pools/runtimes/journal.js';
import { generationFolder, generationsIn } from './upgrade/generations.js';
import type { Succession } from './upgrade/succession.js';
import type { ServerLog } from '../log/server-log.js';
import type { Acquisitions } from './acquisitions.js';
import { systemClock } from './clock.js';
import { prepareAccessLogFolder } from './folders.js';
import { inheritInstanceLock, takeInstanceLock } from './instance-lock.js';
import { accessLogFolder } from './log-targets.js';

export const listenerEntry = fileURLToPath(new URL('../listener/main.js', import.meta.url));

/**
 * The lock of the run folder; what a primary before us left in it is killed, unless it lives and passes it on.
 * @returns the folder for the sockets and the journal of this primary's workers.
 */
export function takeOver(runDir: string, succession: Succession | null, held: Acquisitions, log: ServerLog): string {
  if (succession !== null) {
    const inherited = inheritInstanceLock(runDir, succession.predecessor);
    held.hold('lock', () => inherited.release());
    succession.whenAgreed(() => inherited.adopt());
    const folder = generationFolder(runDir);
    held.hold('generation', () => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }
  const lock = takeInstanceLock(runDir);
  held.hold('lock', () => {
    lock.release();
    crashPoint('stop.unlocked');
  });
  crashPoint('start.locked');
  const generations = generationsIn(runDir);
  const killed = [runDir, ...generations].flatMap((folder) => killLeftovers(folder));
  for (const folder of generations) rmSync(folder, { recursive: true, force: true });
  crashPoint('start.leftovers-killed');
  if (lock.tookOver) log.warn('previous-server-died', { killedWorkers: killed.length });
  return runDir;
}

/** User ids of pools and listeners. Throws SluiceError where the listeners could not read our own files. */
export function takeIdentities(
  config: CompiledConfig,
  isolate: boolean,
  succession: Succession | null,
  held: Acquisitions,
  log: ServerLog,
): { readonly identities: Identities; readonly listenerIdentity: ListenerIdentity | null } {
  const identities = createIdentities({
    config: config.server,
    logger: log,
    isolate,
    lender: succession?.predecessor ?? 0,
  });
  succession?.whenAgreed(() => identities.adopt());
  held.hold('identities', () => {
    identities.close();
    crashPoint('stop.leases-returned');
  });
  const listenerIdentity = identities.forListeners();
  if (listenerIdentity !== null) checkReachable(listenerIdentity);
  prepareAccessLogFolder(accessLogFolder(config), listenerIdentity);
  return { identities, listenerIdentity };
}

/**
 * What the place that Sluice runs in takes from its pools: said once at the start, because nothing else shows it.
 * `user` = our own user id, `pid` = our own process id.
 */
export function tellSurroundings(
  config: CompiledConfig,
  log: ServerLog,
  { user, pid }: { readonly user: number; readonly pid: number },
): void {
  if (pid === 1) {
    log.warn('runs-as-pid-1', {
      note: 'nobody reaps the processes that applications leave behind',
      remedy: 'put an init in front: tini, or docker run --init',
    });
  }
  const sharing = config.pools.filter((pool) => pool.isolation === 'process').length;
  if (user === 0 || sharing === 0) return;
  log.warn('pools-share-one-user', {
    pools: sharing,
    user,
    note: 'not started as root: crashes stay apart, but these pools are not protected from each other',
    remedy: 'start as root (in a container: the root variant), or one server for each tenant',
  });
}

/** Listeners run our own files with the node that runs us, as a user who may see neither. */
function checkReachable(identity: Identity): void {
  const targets = [
    { path: process.execPath, wanted: 'execute', name: 'the node that runs Sluice' },
    { path: listenerEntry, wanted: 'read', name: 'the files of Sluice' },
  ] as const;
  for (const { path, wanted, name } of targets) {
    const obstacle = findObstacle(identity, path, wanted);
    if (obstacle === null) continue;
    const { cause } = describeObstacle(obstacle, `${name} (${path})`, `the listeners (user ${identity.uid})`);
    throw new SluiceError(
      'folder-closed',
      cause,
      `move Sluice and node to folders that others can enter, open it with \`chmod o+x ${obstacle.path}\`, ` +
        'or start with `--isolation process` (then pools are not protected from each other)',
    );
  }
}

/** Whatever happens to this process, what it starts from now on ends with it. */
export function holdPoolsDown(
  folder: string,
  listenerIdentity: ListenerIdentity | null,
  isSuccessor: boolean,
  held: Acquisitions,
  log: ServerLog,
): { readonly cgroups: Cgroups; readonly guardian: Guardian } {
  const cgroups = createCgroups({ runDir: folder, clock: systemClock, logger: log, isSuccessor });
  const guardian = createGuardian(log, folder, cgroups.starts, isSuccessor);
  held.hold('guardian', async () => {
    await guardian.close();
    crashPoint('stop.guardian-ended');
  });
  crashPoint('start.guardian-runs');
  tellIsolation(cgroups, log);
  const ownGroup = cgroups.enterServer();
  if (ownGroup !== null) guardian.watchOwnGroup(ownGroup);
  crashPoint('start.groups-entered');
  // Listeners end by themselves when this process is gone; one that is stuck cannot.
  if (listenerIdentity?.exclusive === true) guardian.watchUser(listenerIdentity.uid);
  return { cgroups, guardian };
}

/** What holds pools down on this machine, and what is missing. */
function tellIsolation(cgroups: Cgroups, log: ServerLog): void {
  log.info('control-groups', cgroups.about());
  const missing = Object.entries(tools())
    .filter(([name, file]) => file === null && name !== 'bwrap')
    .map(([name]) => name);
  if (missing.length > 0) log.warn('isolation-tools-missing', { tools: missing.join(', '), package: 'util-linux' });
}

/** Owners and modes of the configuration and of our own folders, room on their disks, and the way to the applications. */
import { type Stats, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { clockSkewMs, diskFreeBytesMin } from '../../config/base/cli-limits.js';
import { messageOf } from '../../config/base/errors.js';
import type { CompiledConfig } from '../../config/model.js';
import { describeObstacle, findObstacle } from '../../pools/runtimes/isolation/reachable.js';
import { type Finding, ok, problem, warning } from './finding.js';

const othersWrite = 0o002;
const groupWrites = 0o020;

export function examineFolders(config: CompiledConfig, wallMs: number): readonly Finding[] {
  const { runDir, stateDir, logDir } = config.server;
  return [
    ...config.sources.map((file) => configurationFile(file, wallMs)),
    ...Object.entries({ runDir, stateDir, logDir }).map(([name, folder]) => ownFolder(name, folder)),
    ...applicationFolders(config),
  ];
}

function configurationFile(file: string, wallMs: number): Finding {
  const check = `file ${file}`;
  // Patterns of includes are named as they are written.
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return ok(check, 'not there yet');
  const writers = whoElseWrites(found) || whoElseWrites(statSync(dirname(file)));
  if (writers !== '') {
    const text = `${writers} may write it or its folder, and with it decide what runs here`;
    return problem(check, text, `chmod go-w ${file} ${dirname(file)}`);
  }
  if (found.mtimeMs > wallMs + clockSkewMs) {
    const text = `changed in the future (${new Date(found.mtimeMs).toISOString()}): the clock was set back`;
    return warning(check, text, 'set the clock, and keep it right (systemd-timesyncd or chrony)');
  }
  return ok(check, 'nobody else may write it');
}

/** The sticky bit keeps others from replacing what is in a shared folder such as /tmp. */
function whoElseWrites({ mode }: Stats): string {
  if ((mode & 0o1000) !== 0) return '';
  if ((mode & othersWrite) !== 0) return 'everybody';
  return (mode & groupWrites) === 0 ? '' : 'its group';
}

function ownFolder(name: string, folder: string): Finding {
  const check = `${name} ${folder}`;
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return missingFolder(check, folder);
  const remedy = `change its owner, remove it, or set ${name}`;
  if (!found.isDirectory()) return problem(check, 'it is not a folder', remedy);
  if (found.uid !== process.getuid?.()) return problem(check, `it belongs to user ${found.uid}`, remedy);
  const writers = whoElseWrites(found);
  if (writers !== '') return problem(check, `${writers} may write there`, `chmod 711 ${folder}`);
  return room(check, folder);
}

/** It is made at the start: in the first folder above that is there. */
function missingFolder(check: string, folder: string): Finding {
  let above = dirname(folder);
  while (statSync(above, { throwIfNoEntry: false }) === undefined) above = dirname(above);
  if (findObstacle(null, above, 'search') === null) return room(check, above);
  return problem(check, `it is not there, and ${above} cannot be entered`, `make it: install -d -m 711 ${folder}`);
}

function room(check: string, folder: string): Finding {
  try {
    const { bavail, bsize, type } = statfsSync(folder);
    const free = bavail * bsize;
    const text = `${Math.round(free / 1_048_576)} MB free`;
    // A file system without a size (some overlays) tells nothing.
    if (free >= diskFreeBytesMin || type === 0) return ok(check, text);
    return warning(check, `only ${text}`, 'make room: logs, dumps and what is stored need it');
  } catch (error) {
    return warning(check, messageOf(error), 'see that the disk can be read');
  }
}

/** As the user of a pool of its own, which has nothing but what everybody has. */
function applicationFolders({ applications, pools, server }: CompiledConfig): readonly Finding[] {
  const byName = new Map(pools.map((pool) => [pool.name, pool]));
  const findings: Finding[] = [];
  for (const { id, physicalPath, pool: name, failure } of applications) {
    const pool = byName.get(name);
    const check = `application ${id}`;
    if (failure !== null) {
      const { message, remedy } = failure.diagnostic;
      findings.push(
        problem(check, `answers ${failure.status}.${failure.subStatus}: ${message}`, remedy || 'correct it'),
      );
      continue;
    }
    if (pool === undefined || pool.isolation === 'process' || pool.processModel.userName !== null) continue;
    const user = { uid: server.identityRange.first, gid: server.identityRange.first };
    const obstacle = findObstacle(user, physicalPath, 'read');
    if (obstacle === null) continue;
    const { cause, remedy } = describeObstacle(obstacle, 'its folder', `the user of pool ${name}`);
    findings.push(problem(check, cause, remedy));
  }
  return findings.length === 0
    ? [ok('applications', `${applications.length} can be reached by their pools`)]
    : findings;
}

/** Can the pool's user reach what is about to run: the folder, the program, and the script it is given. */
import { resolve } from 'node:path';
import { isFile } from '../files.js';
import type { Identity } from '../isolation/identity.js';
import { mustReach } from '../isolation/reachable.js';
import type { WorkerStart } from '../runtime.js';

/** Throws StartError `folder-unreachable`. */
export function mustReachProgram(worker: WorkerStart, file: string, identity: Identity | null): void {
  const { application, hosting, pool } = worker;
  mustReach({
    identity,
    pool: pool.name,
    path: application.physicalPath,
    wanted: 'search',
    target: 'application folder',
  });
  mustReach({ identity, pool: pool.name, path: file, wanted: 'execute', target: 'processPath' });
  const script = hosting.arguments
    .filter((argument) => !argument.startsWith('-'))
    .map((argument) => resolve(application.physicalPath, argument))
    .find(isFile);
  if (script !== undefined) mustReach({ identity, pool: pool.name, path: script, wanted: 'read', target: 'entry' });
}

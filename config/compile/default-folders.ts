/** Where a server keeps its files. Alone in its file: commands that only look for a running server load nothing else. */
import { createHash } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import type { Environment } from '../load/expand.js';

export interface Folders {
  readonly runDir: string;
  readonly stateDir: string;
  readonly logDir: string;
}

/**
 * Where an instance keeps its files unless the configuration says it: the system's folders for a file
 * below /etc/sluice as root, otherwise folders of its own, named after the file.
 */
export function defaultFolders(file: string, environment: Environment, uid: number): Folders {
  if (uid === 0 && file.startsWith('/etc/sluice/')) {
    return { runDir: '/run/sluice', stateDir: '/var/lib/sluice', logDir: '/var/log/sluice' };
  }
  const id = createHash('sha256').update(file).digest('hex').slice(0, 8);
  const runDir = join(absoluteOr(environment['TMPDIR'], '/tmp'), `sluice-${uid}-${id}`);
  if (uid === 0) return { runDir, stateDir: `/var/lib/sluice/${id}`, logDir: `/var/log/sluice/${id}` };
  const home = absoluteOr(environment['HOME'], absoluteOr(environment['TMPDIR'], '/tmp'));
  const state = join(absoluteOr(environment['XDG_STATE_HOME'], join(home, '.local/state')), 'sluice', id);
  return { runDir, stateDir: join(state, 'state'), logDir: join(state, 'log') };
}

function absoluteOr(value: string | undefined, fallback: string): string {
  return value !== undefined && isAbsolute(value) ? value : fallback;
}

/**
 * `socket: unix`: a folder of its own for the socket of one worker. The worker makes the socket there by itself,
 * as its own user; once it listens, the folder is ours, so that no link can lead the listeners to another
 * pool's socket afterwards.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../config/base/clock.js';
import { socketPathBytesMax } from '../../../config/base/limits.js';
import { escapeControls } from '../../../config/base/diagnostics.js';
import type { Identity } from '../isolation/identity.js';
import { StartError } from '../start-error.js';
import type { Assignment, Look } from './address.js';
import { canConnect } from './connect.js';
import { readListeners } from './listeners.js';
import { portsOf } from './port-look.js';
import { listensElsewhere, startupTimeout } from './readiness-watch.js';

export interface WorkerSocketOptions {
  readonly clock: Clock;
  readonly runDir: string;
  /** The worker's user; null = ours. */
  readonly identity: Identity | null;
  /** null: listeners run as our own user. */
  readonly listenerGid: number | null;
  readonly isDotnet: boolean;
}

/** Sockets of all workers lie below it, each in a folder of its own. */
export function workerSocketsIn(runDir: string): string {
  return join(runDir, 'w');
}

/** Throws StartError `socket-failed`. */
export function assignSocket(options: WorkerSocketOptions): Assignment {
  const { clock, runDir, identity, listenerGid, isDotnet } = options;
  const folder = join(workerSocketsIn(runDir), randomBytes(4).toString('hex'));
  const path = join(folder, 'app.sock');
  if (Buffer.byteLength(path) > socketPathBytesMax) {
    throw new StartError(
      'socket-failed',
      `${path} is longer than ${socketPathBytesMax} bytes`,
      'Set a shorter runDir.',
    );
  }
  mkdirSync(workerSocketsIn(runDir), { recursive: true });
  chmodSync(workerSocketsIn(runDir), 0o711);
  mkdirSync(folder, { mode: 0o700 });
  const own = (uid: number): void => {
    // Sockets made in it belong to the listeners' group, and chown would clear that bit.
    if (listenerGid !== null) chownSync(folder, uid, listenerGid);
    chmodSync(folder, listenerGid === null ? 0o700 : 0o2710);
  };
  own(identity?.uid ?? process.getuid?.() ?? 0);
  return {
    port: path,
    // Kestrel gets a list of URLs: a loopback port of its own choice, guarded by the token, and the socket.
    aspNetCorePort: isDotnet ? `0;http://unix:${path}` : path,
    umask: 0o007,
    writable: [folder],
    watch: (pid, limitMs) => {
      const look = { clock, path, pid, limitMs, uid: identity?.uid ?? process.getuid?.() ?? 0 };
      return socketLook(look, () => {
        if (identity !== null) own(0);
      });
    },
    release: () => removeSocket(folder, path),
  };
}

interface SocketLook {
  readonly clock: Clock;
  readonly path: string;
  readonly pid: number;
  readonly limitMs: number;
  readonly uid: number;
}

/**
 * Listening is proven by a connection, ownership by the socket file. It is sealed at the second look that finds it
 * listening: programs change mode and owner of a socket right after they made it.
 */
function socketLook(look: SocketLook, seal: () => void): () => Promise<Look> {
  const { clock, path, uid } = look;
  let listened = false;
  return async () => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return { kind: 'waiting', late: () => lateError(look) };
    if (!found.isSocket() || found.uid !== uid) return { kind: 'failed', error: foreignError(path) };
    if (!(await canConnect(clock, { path }))) return { kind: 'waiting', late: () => lateError(look) };
    if (!listened) {
      listened = true;
      return { kind: 'waiting', late: () => lateError(look) };
    }
    seal();
    const sealed = lstatSync(path, { throwIfNoEntry: false });
    if (sealed?.isSocket() !== true || sealed.uid !== uid) return { kind: 'failed', error: foreignError(path) };
    return { kind: 'ready', address: { path } };
  };
}

function lateError({ pid, path, limitMs }: SocketLook): StartError {
  const ports = portsOf(pid, readListeners(pid));
  if (ports === '') return startupTimeout(`the unix socket ${path}`, limitMs);
  return listensElsewhere(
    `the app listens on port ${ports} instead of the unix socket ${path}`,
    'Let the app listen on the path in PORT, or use `socket: tcp`.',
  );
}

function foreignError(path: string): StartError {
  return new StartError(
    'socket-failed',
    `${escapeControls(path)} is not a socket that this worker made`,
    'Let the app itself listen on the path in PORT.',
    // The next attempt gets a path of its own.
    false,
  );
}

/** What else a worker left there, a folder in the place of the socket too, goes with the run folder, when no worker is left to race with. */
function removeSocket(folder: string, path: string): void {
  try {
    rmSync(path, { force: true });
    rmdirSync(folder);
  } catch {
    // Not empty.
  }
}

/**
 * The unix socket of one in-process worker: bound here before the worker exists, listened on by the
 * worker through the inherited descriptor. So the worker never needs the path, and cannot replace it.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { socketPathBytesMax } from '../../../config/base/limits.js';
import { StartError } from '../start-error.js';

export interface LinkSocket {
  readonly path: string;
  /** Ours, bound and never polled; the child inherits a copy. */
  readonly fd: number;
  /** Removes the socket file; only after the worker's exit. */
  close(): void;
}

interface BoundHandle {
  readonly fd: number;
  close(): void;
}

type CreateServerHandle = (path: string, port: number, type: number, fd: undefined, flags: number) => unknown;

/** All of them lie in it. */
export function linkSocketsIn(runDir: string): string {
  return join(runDir, 'l');
}

/** `listenerGid` null: listeners run as our own user. Throws StartError. */
export function createLinkSocket(runDir: string, listenerGid: number | null): LinkSocket {
  const folder = linkSocketsIn(runDir);
  const path = join(folder, `${randomBytes(4).toString('hex')}.sock`);
  if (Buffer.byteLength(path) > socketPathBytesMax) {
    throw new StartError(
      'socket-failed',
      `${path} is longer than ${socketPathBytesMax} bytes`,
      'Set a shorter runDir.',
    );
  }
  mkdirSync(folder, { recursive: true, mode: 0o710 });
  if (listenerGid !== null) chownSync(folder, 0, listenerGid);
  chmodSync(folder, listenerGid === null ? 0o700 : 0o710);
  const handle = bind(path);
  if (listenerGid !== null) chownSync(path, 0, listenerGid);
  chmodSync(path, listenerGid === null ? 0o600 : 0o660);
  return { path, fd: handle.fd, close: () => handle.close() };
}

/** Node binds without listening only through this function, which node:cluster uses itself. */
function bind(path: string): BoundHandle {
  const create: unknown = Reflect.get(net, '_createServerHandle');
  if (typeof create !== 'function') {
    throw new StartError(
      'socket-failed',
      `Node ${process.version} cannot bind a socket without listening on it`,
      'Use another Node.',
    );
  }
  const handle = (create as CreateServerHandle)(path, -1, -1, undefined, 0);
  if (typeof handle === 'number') {
    throw new StartError('socket-failed', `${path} cannot be bound (error ${handle})`, 'Check runDir.', false);
  }
  return handle as BoundHandle;
}

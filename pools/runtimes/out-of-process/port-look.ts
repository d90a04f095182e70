/** Does a worker listen on its port? Told from the kernel's tables; see `readiness.ts`. */
import type { Clock } from '../../../config/base/clock.js';
import type { Identity } from '../isolation/identity.js';
import { readFamily, readSocketInodes } from '../proc.js';
import { StartError } from '../start-error.js';
import type { Look } from './address.js';
import { canConnect } from './connect.js';
import { type ListeningSocket, readListeners } from './listeners.js';
import { judge, type Readiness } from './readiness.js';
import { listensElsewhere, startupTimeout } from './readiness-watch.js';

export interface PortLookOptions {
  readonly clock: Clock;
  readonly pid: number;
  readonly port: number;
  readonly identity: Identity | null;
  readonly limitMs: number;
}

export function portLook(options: PortLookOptions): () => Promise<Look> {
  const { clock, pid, port } = options;
  let foreignSeen = false;
  return async () => {
    const sockets = readListeners(pid);
    const answer = judge({ port, sockets, isOwn: ownership(options) });
    switch (answer.kind) {
      case 'ready': {
        const takesIpv4 = answer.host !== 'dual' || (await canConnect(clock, { host: '127.0.0.1', port }));
        const host = answer.host === 'dual' ? (takesIpv4 ? '127.0.0.1' : '::1') : answer.host;
        return { kind: 'ready', address: { host, port } };
      }
      case 'foreign':
        // Seen twice: between two reads of /proc a socket of ours may have been closed.
        if (foreignSeen) return { kind: 'failed', error: foreignError(port, answer.uid) };
        foreignSeen = true;
        break;
      case 'waiting':
      case 'unreachable':
        foreignSeen = false;
    }
    return { kind: 'waiting', late: () => lateError(options, answer, sockets) };
  };
}

/** An exclusive user id is proof by itself; otherwise the worker's own descriptors are. Read when first asked. */
function ownership({ identity, pid }: PortLookOptions): (socket: ListeningSocket) => boolean {
  if (identity !== null && identity.exclusive) return (socket) => socket.uid === identity.uid;
  let inodes: Set<string> | null = null;
  return (socket) => {
    inodes ??= readSocketInodes(readFamily(pid));
    return inodes.has(socket.inode);
  };
}

function lateError(options: PortLookOptions, answer: Readiness, sockets: readonly ListeningSocket[]): StartError {
  const { port, limitMs, pid } = options;
  const remedy = 'Let the app listen on the port in PORT (ASP.NET Core: remove UseUrls and app.Run(url)).';
  if (answer.kind === 'unreachable') {
    return listensElsewhere(`the app listens on port ${port}, but not on 127.0.0.1 or ::1`, remedy);
  }
  const ports = portsOf(pid, sockets);
  if (ports !== '') return listensElsewhere(`the app listens on port ${ports} instead of ${port}`, remedy);
  return startupTimeout(`port ${port}`, limitMs);
}

/** The ports on which the worker's processes do listen; '' = none. */
export function portsOf(pid: number, sockets: readonly ListeningSocket[]): string {
  const own = readSocketInodes(readFamily(pid));
  const ports = sockets.filter((socket) => own.has(socket.inode)).map((socket) => socket.port);
  return [...new Set(ports)].join(', ');
}

function foreignError(port: number, uid: number): StartError {
  return new StartError(
    'port-refused',
    `port ${port} is held by a process of user ${uid} that is not this worker`,
    'Nothing to do for a random port: another one is tried.',
    false,
  );
}

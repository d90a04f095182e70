/**
 * Listening sockets that a service manager opened and passed on (systemd's LISTEN_FDS, `sd_listen_fds(3)`). It keeps
 * its copies while we are down, so that clients wait instead of being refused.
 */
import { messageOf } from '../../config/base/errors.js';
import { passedSocketsMax } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import { type HeldSocket, type OpenHandle, socketKey } from './sockets.js';

const firstDescriptor = 3;

/** Name in `LISTEN_FDNAMES` of the descriptor that is connected to the service manager; it is no listening socket. */
export const notifyDescriptorName = 'notify';
/** Sockets that the primary before us opened: nobody else keeps them, so they are closed when no binding wants them. */
export const heldName = 'sluice-held';
/** Sockets that the primary before us got from a service manager. */
export const passedName = 'sluice-passed';

/**
 * Node marks the first descriptors close-on-exec when it starts, as `sd_listen_fds` would; so no child gets them.
 * What is no TCP socket is told and left alone.
 */
export function takePassedSockets(environment: NodeJS.ProcessEnv, open: OpenHandle, logger: Logger): HeldSocket[] {
  const count = passedCount(environment);
  if (count === 0) return [];
  const names = namesOf(environment);
  const taken: HeldSocket[] = [];
  for (let fd = firstDescriptor; fd < firstDescriptor + count; fd++) {
    const name = names[fd - firstDescriptor];
    if (name === notifyDescriptorName) continue;
    try {
      const socket = socketOf(open(fd), name === heldName);
      if (taken.some(({ address }) => address.key === socket.address.key))
        throw new Error('another one is for this address');
      taken.push(socket);
    } catch (error) {
      logger.warn('passed-socket-unusable', { descriptor: fd, error: messageOf(error) });
    }
  }
  logger.info('sockets-passed', { addresses: taken.map(({ address }) => address.key).join(', ') });
  return taken;
}

/** Names that the unit gave (`FileDescriptorName=`, `OpenFile=`), each with the first descriptor of that name. */
export function passedNames(environment: NodeJS.ProcessEnv): ReadonlyMap<string, number> {
  return new Map(
    namesOf(environment)
      .map((name, index): [string, number] => [name, firstDescriptor + index])
      .reverse(),
  );
}

function namesOf(environment: NodeJS.ProcessEnv): readonly string[] {
  return (environment['LISTEN_FDNAMES'] ?? '').split(':').slice(0, passedCount(environment));
}

function passedCount(environment: NodeJS.ProcessEnv): number {
  if (environment['LISTEN_PID'] !== String(process.pid)) return 0;
  const count = Number(environment['LISTEN_FDS']);
  return Number.isInteger(count) && count >= 1 && count <= passedSocketsMax ? count : 0;
}

function socketOf(handle: ReturnType<OpenHandle>, isOurs: boolean): HeldSocket {
  const found: { address?: string; port?: number } = {};
  if (handle.getsockname(found) !== 0) throw new Error('it has no address');
  const { address = '', port = 0 } = found;
  const isWildcard = address === '::' || address === '0.0.0.0';
  return { address: { key: socketKey(isWildcard ? '*' : address, port), address, port }, handle, isOurs };
}

/**
 * Listening sockets that a service manager opened and passed on (systemd's LISTEN_FDS, `sd_listen_fds(3)`). It keeps
 * its copies while we are down, so that clients wait instead of being refused.
 */
import { messageOf } from '../../config/base/errors.js';
import { passedSocketsMax } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import { type HeldSocket, type OpenHandle, socketKey } from './sockets.js';

const firstDescriptor = 3;

/**
 * Node marks the first descriptors close-on-exec when it starts, as `sd_listen_fds` would; so no child gets them.
 * What is no TCP socket is told and left alone.
 */
export function takePassedSockets(environment: NodeJS.ProcessEnv, open: OpenHandle, logger: Logger): HeldSocket[] {
  if (environment['LISTEN_PID'] !== String(process.pid)) return [];
  const count = Number(environment['LISTEN_FDS']);
  if (!Number.isInteger(count) || count < 1 || count > passedSocketsMax) return [];
  const taken: HeldSocket[] = [];
  for (let fd = firstDescriptor; fd < firstDescriptor + count; fd++) {
    try {
      const socket = socketOf(open(fd));
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

function socketOf(handle: ReturnType<OpenHandle>): HeldSocket {
  const found: { address?: string; port?: number } = {};
  if (handle.getsockname(found) !== 0) throw new Error('it has no address');
  const { address = '', port = 0 } = found;
  const isWildcard = address === '::' || address === '0.0.0.0';
  return { address: { key: socketKey(isWildcard ? '*' : address, port), address, port }, handle };
}

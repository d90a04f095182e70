import type { Socket } from 'node:net';
import { parseProxyHeader, type ProxyHeader } from '../http1/proxy-protocol.js';
import type { Deadlines, Expiring } from '../proxy/deadlines.js';

/**
 * Reads the PROXY header that this peer always sends first. `done` gets it with the bytes behind it, and the socket
 * back without listeners; or null when there was none (in time): the socket is closed then, without an answer,
 * because nobody knows what the peer speaks.
 */
export function readProxyHeader(
  socket: Socket,
  deadlines: Deadlines,
  untilMs: number,
  done: (header: ProxyHeader | null, rest: Buffer) => void,
): void {
  let held: Buffer = Buffer.alloc(0);
  const expiring: Expiring = { deadlineMs: untilMs, deadlineIndex: -1, onDeadline: () => finish(null) };
  const onData = (chunk: Buffer): void => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const header = parseProxyHeader(held);
    if (header !== 'incomplete') finish(header === 'invalid' ? null : header);
  };
  const onGone = (): void => finish(null);
  function finish(header: ProxyHeader | null): void {
    deadlines.remove(expiring);
    socket.off('data', onData).off('end', onGone).off('close', onGone);
    socket.pause();
    if (header === null) socket.destroy();
    else socket.off('error', onGone);
    done(header, header === null ? held.subarray(0, 0) : held.subarray(header.length));
  }
  deadlines.add(expiring);
  socket.on('data', onData).on('end', onGone).on('close', onGone).on('error', onGone);
  socket.resume();
}

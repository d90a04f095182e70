/** Short connections of our own to a worker's port: probe, and the module's shutdown request. */
import { connect, type Socket } from 'node:net';
import type { Clock } from '../../../config/base/clock.js';
import { connectProbeTimeoutMs } from '../../../config/base/limits.js';
import { header, shutdownEvent, shutdownPath, shutdownStatus } from '../../integration/contract.js';
import type { Address } from './address.js';

/** True when a connection is accepted. */
export function canConnect(clock: Clock, address: Address): Promise<boolean> {
  return withSocket(clock, address, connectProbeTimeoutMs, (socket, done) => {
    socket.once('connect', () => done(true));
  });
}

export interface ShutdownRequest {
  readonly address: Address;
  /** '/' or '/sub'. */
  readonly applicationPath: string;
  readonly token: string;
  /** Nobody answers within this time: the next way of asking is tried. */
  readonly limitMs: number;
}

const answerBytesMax = 4_096;

/**
 * `POST <path>/iisintegration`: true when the app answered 202 and is stopping. Host is sent empty,
 * because an app with AllowedHosts refuses every name that it does not know.
 */
export function requestShutdown(clock: Clock, request: ShutdownRequest): Promise<boolean> {
  const base = request.applicationPath === '/' ? '' : request.applicationPath;
  const lines = [
    `POST ${encodeURI(base)}${shutdownPath} HTTP/1.1`,
    'Host: ',
    `${header.event}: ${shutdownEvent}`,
    `${header.token}: ${request.token}`,
    'Content-Length: 0',
    'Connection: close',
  ];
  return withSocket(clock, request.address, request.limitMs, (socket, done) => {
    let answer = '';
    socket.once('connect', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      const status = /^HTTP\/1\.[01] ([0-9]{3})[ \r]/.exec(answer)?.[1];
      if (status !== undefined) done(Number(status) === shutdownStatus);
      else if (answer.length > answerBytesMax) done(false);
    });
  });
}

/** Runs `use` on a new connection until it is done; an error, the end or the limit means false. */
function withSocket(
  clock: Clock,
  address: Address,
  limitMs: number,
  use: (socket: Socket, done: (result: boolean) => void) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const cancel = clock.setTimer(limitMs, () => done(false));
    function done(result: boolean): void {
      cancel();
      socket.destroy();
      resolve(result);
    }
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    use(socket, done);
  });
}

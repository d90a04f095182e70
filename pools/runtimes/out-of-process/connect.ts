/** Short connections of our own to a worker's port: probe, health check, and the module's shutdown request. */
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

export interface WorkerRequest {
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
export function requestShutdown(clock: Clock, request: WorkerRequest): Promise<boolean> {
  const own = [`${header.event}: ${shutdownEvent}`, 'Content-Length: 0'];
  return statusPleases(clock, request, `POST ${shutdownPath}`, own, (status) => status === shutdownStatus);
}

/** `GET <path>` below the application: true when a status below 500 comes in time. */
export function checkHealth(clock: Clock, request: WorkerRequest & { readonly path: string }): Promise<boolean> {
  return statusPleases(clock, request, `GET ${request.path}`, [], (status) => status < 500);
}

function statusPleases(
  clock: Clock,
  request: WorkerRequest,
  what: string,
  own: readonly string[],
  pleases: (status: number) => boolean,
): Promise<boolean> {
  const base = request.applicationPath === '/' ? '' : request.applicationPath;
  const [method = '', path = ''] = what.split(' ');
  const lines = [
    `${method} ${encodeURI(base)}${path} HTTP/1.1`,
    'Host: ',
    ...own,
    `${header.token}: ${request.token}`,
    'Connection: close',
  ];
  return withSocket(clock, request.address, request.limitMs, (socket, done) => {
    let answer = '';
    socket.once('connect', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      const status = /^HTTP\/1\.[01] ([0-9]{3})[ \r]/.exec(answer)?.[1];
      if (status !== undefined) done(pleases(Number(status)));
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

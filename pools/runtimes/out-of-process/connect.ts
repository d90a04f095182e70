/** Short connections of our own to a worker's port: probe, warm-up, health check, and the module's shutdown request. */
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { Clock } from '../../../config/base/clock.js';
import { connectProbeTimeoutMs } from '../../../config/base/limits.js';
import { header, shutdownEvent, shutdownPath } from '../../integration/contract.js';
import type { WarmUpRequest } from '../../protocol/primary-to-host.js';
import type { Address } from './address.js';

/** True when a connection is accepted. */
export function canConnect(clock: Clock, address: Address): Promise<boolean> {
  return withSocket(clock, address, connectProbeTimeoutMs, false, (socket, done) => {
    socket.once('connect', () => done(true));
  });
}

export interface WorkerRequest {
  readonly address: Address;
  readonly protocol: 'http1' | 'h2c';
  /** '/' or '/sub'. */
  readonly applicationPath: string;
  readonly token: string;
  /** Nobody answers within this time: the next way of asking is tried. */
  readonly limitMs: number;
}

const answerBytesMax = 4_096;

/**
 * `POST <path>/iisintegration`: the status of the answer, 0 = none; with 202 the app is stopping. Host is sent empty,
 * because an app with AllowedHosts refuses every name that it does not know.
 */
export function requestShutdown(clock: Clock, request: WorkerRequest): Promise<number> {
  const own = [`${header.event}: ${shutdownEvent}`, 'Content-Length: 0'];
  return statusOf(clock, request, `POST ${shutdownPath}`, own);
}

/** `GET <path>` below the application: true when a status below 500 comes in time. */
export async function checkHealth(clock: Clock, request: WorkerRequest & { readonly path: string }): Promise<boolean> {
  const status = await statusOf(clock, request, `GET ${request.path}`, []);
  return status !== 0 && status < 500;
}

function statusOf(clock: Clock, request: WorkerRequest, what: string, own: readonly string[]): Promise<number> {
  const base = request.applicationPath === '/' ? '' : request.applicationPath;
  const [method = '', path = ''] = what.split(' ');
  return ask(clock, request, [`${method} ${encodeURI(base)}${path} HTTP/1.1`, 'Host: ', ...own]);
}

/** Status of the warm-up request; 0 = no answer within the limit. The body is not waited for. */
export function requestWarmUp(clock: Clock, request: Asked & WarmUpRequest): Promise<number> {
  const { target, host, userAgent } = request;
  return ask(clock, request, [`GET ${target} HTTP/1.1`, `Host: ${host}`, `User-Agent: ${userAgent}`, 'Accept: */*']);
}

type Asked = Pick<WorkerRequest, 'address' | 'protocol' | 'token' | 'limitMs'>;

/** The status of the answer; 0 = none. */
function ask(clock: Clock, asked: Asked, begin: readonly string[]): Promise<number> {
  const { address, token, limitMs } = asked;
  if (asked.protocol === 'h2c') return askHttp2(clock, asked, begin);
  const lines = [...begin, `${header.token}: ${token}`, 'Connection: close'];
  return withSocket(clock, address, limitMs, 0, (socket, done) => {
    let answer = '';
    socket.once('connect', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      const status = /^HTTP\/1\.[01] ([0-9]{3})[ \r]/.exec(answer)?.[1];
      if (status !== undefined) done(Number(status));
      else if (answer.length > answerBytesMax) done(0);
    });
  });
}

/** The same lines as a request over HTTP/2 with prior knowledge. Rare: Node's own client is good enough. */
function askHttp2(clock: Clock, { address, token, limitMs }: Asked, begin: readonly string[]): Promise<number> {
  const [line = '', ...own] = begin;
  const [method = '', path = ''] = line.split(' ');
  const fields: Record<string, string> = { ':method': method, ':path': path, [header.token]: token };
  for (const text of own) {
    const colon = text.indexOf(': ');
    const value = text.slice(colon + 2);
    const name = text.slice(0, colon).toLowerCase();
    // An authority must not be empty here.
    if (name === 'host') fields[':authority'] = value === '' ? 'localhost' : value;
    else fields[name] = value;
  }
  return withSocket(clock, address, limitMs, 0, (socket, done) => {
    const session = connectHttp2('http://localhost', { createConnection: () => socket });
    session.on('error', () => done(0));
    const stream = session.request(fields, { endStream: true });
    stream.on('response', (answer) => done(answer[':status'] ?? 0));
    stream.on('error', () => done(0));
    stream.resume();
  });
}

/** Runs `use` on a new connection until it is done; an error, the end or the limit means `failed`. */
function withSocket<T>(
  clock: Clock,
  address: Address,
  limitMs: number,
  failed: T,
  use: (socket: Socket, done: (result: T) => void) => void,
): Promise<T> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const cancel = clock.setTimer(limitMs, () => done(failed));
    function done(result: T): void {
      cancel();
      socket.destroy();
      resolve(result);
    }
    socket.once('error', () => done(failed));
    socket.once('close', () => done(failed));
    use(socket, done);
  });
}

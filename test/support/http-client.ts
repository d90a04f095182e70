/** A plain HTTP client for tests: complete answers as data, no thrown statuses, optional keep-alive. */
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { Agent as TlsAgent, type RequestOptions, request as requestOverTls } from 'node:https';
import { after } from './time.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly trailers: IncomingMessage['trailers'];
  readonly body: Buffer;
  readonly text: string;
}

export interface Call {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  readonly host?: string;
  readonly agent?: Agent;
  readonly limitMs?: number;
  /** An address of this machine, such as 127.0.0.2. */
  readonly from?: string;
  /** Over TLS, asking for this name; whose certificate it is does not matter here. */
  readonly servername?: string;
}

/** Where to: a TCP port of this machine or a unix socket. */
export type Target = number | string;

function options(target: Target, path: string, call: Call): RequestOptions {
  const headers = { ...call.headers };
  if (call.host !== undefined) headers['host'] = call.host;
  const where = typeof target === 'number' ? { host: '127.0.0.1', port: target } : { socketPath: target };
  const from = call.from === undefined ? {} : { localAddress: call.from };
  const tls = call.servername === undefined ? {} : { servername: call.servername, rejectUnauthorized: false };
  return { ...where, ...from, ...tls, path, method: call.method ?? 'GET', headers, agent: call.agent ?? false };
}

/** One request; resolves with the complete answer, rejects when it is cut, refused or late. */
export function call(target: Target, path: string, how: Call = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const begin = how.servername === undefined ? request : requestOverTls;
    const outgoing = begin(options(target, path, how), (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', fail);
      incoming.once('end', () => {
        cancel();
        const body = Buffer.concat(chunks);
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          rawHeaders: incoming.rawHeaders,
          trailers: incoming.trailers,
          body,
          text: body.toString('utf8'),
        });
      });
    });
    const limitMs = how.limitMs ?? 30_000;
    const cancel = after(limitMs, () =>
      outgoing.destroy(new Error(`no complete answer within ${limitMs} ms: ${path}`)),
    );
    function fail(error: Error): void {
      cancel();
      reject(error);
    }
    outgoing.once('error', fail);
    outgoing.end(how.body);
  });
}

export async function callJson(target: Target, path: string, how: Call = {}): Promise<unknown> {
  const answer = await call(target, path, how);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text);
}

export function keepAliveAgent(connections: number, isTls = false): Agent {
  const options = { keepAlive: true, maxSockets: connections, scheduling: 'fifo' } as const;
  return isTls ? new TlsAgent(options) : new Agent(options);
}

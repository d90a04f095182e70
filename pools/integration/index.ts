/**
 * `attach(server)` joins a Node program to the host that started it out-of-process: the counterpart of
 * UseIISIntegration in ASP.NET Core. In a program that nobody hosts it only listens.
 */
import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { shutdownStatus } from './contract.js';
import { applyForwarded } from './forwarded.js';
import { type Hosting, type ListenTarget, plainTarget, readHosting } from './hosted-env.js';
import { PairingGuard } from './pairing-guard.js';
import { asksToStop, Shutdown } from './shutdown.js';

export { type MetricsRegistry, publishMetrics } from './metrics.js';
export { type Environment, type Hosting, type ListenTarget, readHosting } from './hosted-env.js';

export interface AttachOptions {
  /** Where to listen when nobody hosts the program and PORT is not set. Default: 3000. */
  readonly port?: number;
  /** The address for that; default: all, as `server.listen(port)`. A hosted program listens on loopback only. */
  readonly host?: string;
  /**
   * True: `request.socket.remoteAddress` is the client's and `request.socket.encrypted` tells whether it
   * came by https, as the host says. Default: false, the fields X-Forwarded-* stay as they are.
   */
  readonly forwardedHeaders?: boolean;
  /**
   * Runs when the host asks the program to stop, while requests under way go on: close database pools and
   * WebSockets here. The process ends when it has settled and every request is answered.
   */
  readonly onStop?: () => unknown;
}

export interface Attached {
  readonly isHosted: boolean;
  /** The application's path, `/` or `/sub`; requests arrive with it. `/` when nobody hosts the program. */
  readonly path: string;
  /** What `server.address()` returns. */
  readonly address: AddressInfo | string | null;
  /** Aborted when the host asks the program to stop; never when nobody hosts it. */
  readonly stopping: AbortSignal;
}

const portWithoutHost = 3_000;
const remedy = 'give it what http.createServer returns, such as http.createServer(app)';

/**
 * Listens where the host says and resolves when the server does. Rejects when listening fails, when the
 * server listens already, or when the environment names only half a host.
 */
export async function attach(server: Server, options: AttachOptions = {}): Promise<Attached> {
  if (!(server instanceof NetServer)) throw new TypeError(`attach takes a server: ${remedy}`);
  if (server.listening) throw new Error('attach listens itself: call it instead of server.listen');
  const hosting = readHosting();
  // A host speaks plain HTTP/1.1 on this machine; the client's TLS ends there.
  if (hosting !== null && !(server instanceof Server)) throw new TypeError(`the host speaks plain HTTP: ${remedy}`);
  const stopping = hosting === null ? new AbortController().signal : join(server, hosting, options);
  const { port = portWithoutHost, host } = options;
  await listen(server, hosting?.listen ?? plainTarget({ port, host }));
  return { isHosted: hosting !== null, path: hosting?.path ?? '/', address: server.address(), stopping };
}

function listen(server: Server, target: ListenTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(target, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

type Emit = (event: string, ...parts: unknown[]) => boolean;

/**
 * Stands before all listeners of the server, those of later as well: a request that is not the host's
 * reaches none of them.
 */
function join(server: Server, hosting: Hosting, options: AttachOptions): AbortSignal {
  const guard = new PairingGuard(hosting.token);
  const shutdown = new Shutdown(server, options.onStop ?? (() => undefined));
  const emit: Emit = server.emit.bind(server);
  // Applications emit a request again, after checkContinue for instance; its token is gone by then.
  const admitted = new WeakSet<IncomingMessage>();
  const admit = (request: IncomingMessage): boolean => {
    if (!guard.admits(request)) return false;
    admitted.add(request);
    if (options.forwardedHeaders === true) applyForwarded(request);
    return true;
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse): boolean => {
    shutdown.begin(request.socket, response);
    if (!admit(request)) return answer(response, 400);
    if (!asksToStop(request, hosting.path)) return false;
    response.once('close', () => shutdown.request());
    return answer(response, shutdownStatus);
  };
  const onTunnel = (request: IncomingMessage, socket: Socket): boolean => {
    shutdown.release(socket);
    return admit(request) ? false : refuse(socket);
  };
  const isDone = (event: string, parts: unknown[]): boolean => {
    switch (event) {
      case 'connection':
        shutdown.connection(parts[0] as Socket);
        return false;
      case 'request':
      case 'checkContinue':
      case 'checkExpectation':
        return !admitted.has(parts[0] as IncomingMessage) && onRequest(...(parts as Parameters<typeof onRequest>));
      case 'upgrade':
      case 'connect':
        return !admitted.has(parts[0] as IncomingMessage) && onTunnel(...(parts as Parameters<typeof onTunnel>));
      default:
        return false;
    }
  };
  server.emit = (event: string, ...parts: unknown[]) => isDone(event, parts) || emit(event, ...parts);
  return shutdown.signal;
}

function answer(response: ServerResponse, status: number): true {
  response.writeHead(status, { 'Content-Length': 0 }).end();
  return true;
}

/** Node takes its own error listener off a socket that it hands over. */
function refuse(socket: Socket): true {
  socket.on('error', () => socket.destroy());
  socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n', () => socket.destroy());
  return true;
}

/**
 * The admin API on Fastify: health, metrics, views of the pools and actions on them. Actions stand on the
 * unix socket alone, which only the server's own user can open; the views also on TCP, where the Host header must
 * be one of ours and they need a client on this machine; what tenants printed and were asked stays on the
 * socket, because every user of this machine can open a TCP connection. Every answer comes from the primary's memory,
 * so it is there however stuck the workers are.
 */
import { hostname } from 'node:os';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { adminConnectionsMax, adminIdleLimitMs, adminRequestLimitMs } from '../../config/base/limits.js';
import { metricsContentType } from '../metrics/registry.js';
import type { ControlPlane } from './control-plane.js';
import { isOwnHost } from './host-check.js';
import { reopenLogsPath } from './paths.js';
import { addPools, isPoolAction } from './routes.js';

/** What changes something: on the unix socket only, which nobody but the server's own user can open. */
const actions: ReadonlySet<string> = new Set([reopenLogsPath]);

export interface AdminTransport {
  readonly kind: 'tcp' | 'unix';
  /** TCP: further names by which it may be called, such as the configured host. */
  readonly ownNames: readonly string[];
}

export function buildAdminApp(control: ControlPlane, transport: AdminTransport): FastifyInstance {
  const app = Fastify({
    bodyLimit: 1_024,
    connectionTimeout: adminRequestLimitMs,
    requestTimeout: adminRequestLimitMs,
    keepAliveTimeout: adminIdleLimitMs,
    forceCloseConnections: true,
    exposeHeadRoutes: true,
    logger: false,
    // A pool's name has 64 characters, each of which may be escaped as twelve.
    routerOptions: { maxParamLength: 1_024 },
    http: { headersTimeout: adminRequestLimitMs, maxHeaderSize: 8_192 },
  });
  app.server.maxConnections = adminConnectionsMax;
  const ownNames = [...transport.ownNames, hostname()].map((name) => name.toLowerCase());
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    if (transport.kind === 'tcp' && !isOwnHost(request.headers.host, ownNames)) {
      return plain(reply, 421, 'this Host is not a name of the admin listener; use its address or localhost');
    }
    const acts = request.method === 'POST' && (actions.has(request.url) || isPoolAction(request.url));
    if (acts && transport.kind === 'tcp') {
      const message = 'actions are taken over the admin socket only, which belongs to the user of the server';
      return reply.code(403).send({ error: { code: 'socket-only', message, remedy: 'sluice --admin SOCKET ...' } });
    }
    if (!acts && request.method !== 'GET' && request.method !== 'HEAD') {
      void reply.header('allow', 'GET, HEAD');
      return plain(reply, 405, 'only GET and HEAD');
    }
    return undefined;
  });
  app.setNotFoundHandler((_request, reply) => plain(reply, 404, 'not found'));
  app.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error);
    return plain(reply, status, status < 500 ? 'bad request' : 'internal error');
  });
  addHealth(app, control);
  app.get('/metrics', async (_request, reply) => reply.type(metricsContentType).send(await control.metrics()));
  addPools(app, control, transport.kind);
  if (transport.kind === 'unix') {
    app.post(reopenLogsPath, async (_request, reply) => {
      await control.reopenLogs();
      return plain(reply, 200, 'ok');
    });
  }
  return app;
}

function addHealth(app: FastifyInstance, control: ControlPlane): void {
  // This code runs: the event loop of the primary turns.
  app.get('/livez', (_request, reply) => plain(reply, 200, 'ok'));
  app.get('/startupz', (_request, reply) => {
    const started = control.isStarted();
    return plain(reply, started ? 200 : 503, started ? 'ok' : 'starting');
  });
  const ready = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const checks = control.readiness();
    const ok = checks.every((check) => check.ok);
    const summary = ok ? 'ok' : 'not ready';
    if (!isVerbose(request)) return plain(reply, ok ? 200 : 503, summary);
    const lines = checks.map(({ name, ok: fine, detail }) => `[${fine ? '+' : '-'}] ${name}${detail && `: ${detail}`}`);
    return plain(reply, ok ? 200 : 503, [...lines, summary].join('\n'));
  };
  for (const path of ['/readyz', '/healthz', '/health']) app.get(path, ready);
}

function isVerbose(request: FastifyRequest): boolean {
  const query = request.query;
  return typeof query === 'object' && query !== null && 'verbose' in query;
}

function plain(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(`${text}\n`);
}

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 ? error.statusCode : 500;
}

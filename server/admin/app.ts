/**
 * The admin API on Fastify, one app for each transport: health and metrics (health.ts), and the routes of every theme
 * (routes/) behind one frame (frame/) that checks who asks and what. On TCP the Host header must be one of ours.
 */
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { hostname } from 'node:os';
import Fastify, { type FastifyInstance } from 'fastify';
import {
  adminBodyBytesMax,
  adminConnectionsLookMs,
  adminHeadLimitMs,
  adminTcpConnectionsMax,
} from '../../config/base/admin-limits.js';
import { adminConnectionsMax, adminIdleLimitMs, adminRequestLimitMs } from '../../config/base/limits.js';
import { AdminConnections } from './connections.js';
import type { ControlPlane } from './control-plane.js';
import type { Door } from './frame/door.js';
import { AdminError, notFound, sendProblem } from './frame/errors.js';
import { mayScrape, socketGate, tcpGate } from './frame/gate.js';
import { registerRoutes } from './frame/register.js';
import { addSecurityHeaders } from './frame/security-headers.js';
import { metricsReuseMs } from '../../config/base/metrics-limits.js';
import { addHealth } from './health.js';
import { isOwnHost } from './host-check.js';
import { allRoutes } from './routes/all.js';
import type { TlsMaterial } from './tls-files.js';
import { addUi } from './ui-files.js';

export interface AdminTransport {
  readonly kind: 'tcp' | 'unix';
  /** TCP: the configured address, by which it may be called too. */
  readonly ownName: string;
  /** PEM; null = plain HTTP. */
  readonly tls: TlsMaterial | null;
}

export function buildAdminApp(control: ControlPlane, door: Door, transport: AdminTransport): FastifyInstance {
  const isTcp = transport.kind === 'tcp';
  const connections = new AdminConnections(adminTcpConnectionsMax);
  const app = Fastify({
    bodyLimit: adminBodyBytesMax,
    forceCloseConnections: true,
    exposeHeadRoutes: true,
    logger: false,
    // A pool's name has 64 characters, each of which may be escaped as twelve.
    routerOptions: { maxParamLength: 1_024 },
    serverFactory: (handler) => serverOf(handler, transport, connections),
  });
  // A form or a plain text can be sent by any page on the web without asking first.
  app.removeContentTypeParser('text/plain');
  const own = [transport.ownName, hostname()].map((name) => name.toLowerCase());
  app.addHook('onRequest', async (request, reply) => {
    addSecurityHeaders(reply);
    if (!isTcp || isOwnHost(request.headers.host, [...own, ...door.settings.hosts])) return;
    const message = 'this Host is not a name of the admin listener';
    throw new AdminError(421, 'wrong-host', message, 'use its address or localhost, or add the name to admin.hosts');
  });
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, notFound('not-found', 'there is nothing here')));
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, error));
  // Everybody on this machine can ask by TCP: asking often must not keep the primary busy.
  addHealth(app, control, (request) => (isTcp ? mayScrape(door, request) : undefined), isTcp ? metricsReuseMs : 0);
  addUi(app);
  registerRoutes(app, allRoutes(control, door), isTcp ? tcpGate(door, connections) : socketGate(door));
  return app;
}

function serverOf(handler: RequestListener, { kind, tls }: AdminTransport, connections: AdminConnections): Server {
  const options = {
    maxHeaderSize: 8_192,
    headersTimeout: adminHeadLimitMs,
    requestTimeout: adminRequestLimitMs,
    keepAliveTimeout: adminIdleLimitMs,
    connectionsCheckingInterval: adminConnectionsLookMs,
  };
  const server =
    tls === null
      ? createHttp(options, handler)
      : createHttps({ ...options, ...tls, handshakeTimeout: adminHeadLimitMs }, handler);
  server.timeout = adminRequestLimitMs;
  if (kind === 'tcp') connections.watch(server);
  else server.maxConnections = adminConnectionsMax;
  return server;
}

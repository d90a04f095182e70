/**
 * The admin API on Fastify, one app for each transport: health and metrics (health.ts), and the routes of every theme
 * (routes/) behind one frame (frame/) that checks who asks and what. On TCP the Host header must be one of ours.
 */
import { hostname } from 'node:os';
import Fastify, { type FastifyInstance } from 'fastify';
import { adminBodyBytesMax } from '../../config/base/admin-limits.js';
import { adminConnectionsMax, adminIdleLimitMs, adminRequestLimitMs } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import type { ControlPlane } from './control-plane.js';
import { AdminError, notFound, sendProblem } from './frame/errors.js';
import { socketGate, tcpGate } from './frame/gate.js';
import { registerRoutes } from './frame/register.js';
import { addHealth } from './health.js';
import { isOwnHost } from './host-check.js';
import { allRoutes } from './routes/all.js';
import { addUi } from './ui-files.js';

export interface AdminTransport {
  readonly kind: 'tcp' | 'unix';
  /** TCP: further names by which it may be called, such as the configured host. */
  readonly ownNames: readonly string[];
}

export function buildAdminApp(control: ControlPlane, transport: AdminTransport, log: Logger): FastifyInstance {
  const app = Fastify({
    bodyLimit: adminBodyBytesMax,
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
  // A form or a plain text can be sent by any page on the web without asking first.
  app.removeContentTypeParser('text/plain');
  const ownNames = [...transport.ownNames, hostname()].map((name) => name.toLowerCase());
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    if (transport.kind === 'unix' || isOwnHost(request.headers.host, ownNames)) return;
    const message = 'this Host is not a name of the admin listener';
    throw new AdminError(421, 'wrong-host', message, 'use its address or localhost');
  });
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, notFound('not-found', 'there is nothing here')));
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, error));
  addHealth(app, control);
  addUi(app);
  registerRoutes(app, allRoutes(control), transport.kind === 'unix' ? socketGate(log) : tcpGate(log));
  return app;
}

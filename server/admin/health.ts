/** What probes and scrapers ask for. Every answer comes from the primary's memory, however stuck the workers are. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { metricsContentType } from '../metrics/registry.js';
import { areOk, type ControlPlane } from './control-plane.js';
import { refuseMethods } from './frame/register.js';

/** `mayScrape` throws for whoever must not see the metrics; a text of them serves for `metricsReuseMs`. */
export function addHealth(
  app: FastifyInstance,
  control: ControlPlane,
  mayScrape: (request: FastifyRequest) => void,
  metricsReuseMs: number,
): void {
  // This code runs: the event loop of the primary turns.
  app.get('/livez', (_request, reply) => plain(reply, 200, 'ok'));
  app.get('/startupz', (_request, reply) => {
    const started = control.isStarted();
    return plain(reply, started ? 200 : 503, started ? 'ok' : 'starting');
  });
  const ready = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const checks = control.readiness();
    const ok = areOk(checks);
    const summary = ok ? 'ok' : 'not ready';
    if (!isVerbose(request)) return plain(reply, ok ? 200 : 503, summary);
    const lines = checks.map(({ name, ok: fine, detail }) => `[${fine ? '+' : '-'}] ${name}${detail && `: ${detail}`}`);
    return plain(reply, ok ? 200 : 503, [...lines, summary].join('\n'));
  };
  const readiness = ['/readyz', '/healthz', '/health'];
  for (const path of readiness) app.get(path, ready);
  app.get('/metrics', async (request, reply) => {
    mayScrape(request);
    return reply.type(metricsContentType).send(await control.metrics(metricsReuseMs));
  });
  for (const path of ['/livez', '/startupz', '/metrics', ...readiness]) refuseMethods(app, path, ['GET', 'HEAD']);
}

function isVerbose(request: FastifyRequest): boolean {
  const query = request.query;
  return typeof query === 'object' && query !== null && 'verbose' in query;
}

export function plain(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(`${text}\n`);
}

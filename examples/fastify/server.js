// An ordinary Fastify app, hosted in-process. Alone it runs with `node server.js`.
import Fastify from 'fastify';

// Sluice writes the access log; two lines of our own for every request would only meet its output limit.
const app = Fastify({ logger: true, disableRequestLogging: true });

/** The application's base path: /fastify below Sluice, nothing alone. */
const prefix = process.env.ASPNETCORE_APPL_PATH ?? '';

await app.register(
  async (routes) => {
    routes.get('/', async () => ({ framework: 'fastify', version: app.version, pid: process.pid }));
    routes.get('/who', async () => ({ pid: process.pid, uptimeSeconds: Math.round(process.uptime()) }));
    routes.get('/hello/:name', async (request) => ({ hello: request.params.name, from: request.ip }));
    routes.post('/echo', async (request) => ({ youSent: request.body }));
  },
  { prefix },
);

// Sluice ends a worker with SIGTERM, when nothing is in flight any more.
process.once('SIGTERM', () => app.close());

await app.listen({ port: Number(process.env.PORT ?? 3000) });

// An unmodified Fastify 5 app (ESM) with schema, hooks and streams.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import Fastify from 'fastify';

const app = Fastify({ bodyLimit: 20_000_000 });
app.addHook('onSend', async (_request, reply) => {
  reply.header('x-hook', 'ran');
});
app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
  done(null, Object.fromEntries(new URLSearchParams(body))),
);

app.get('/', async () => 'fastify');
app.get('/json', async (request) => ({ query: request.query, host: request.hostname }));
app.get('/hello/:name', async (request) => `hello ${request.params.name}`);
app.post('/json', { schema: { body: { type: 'object' } } }, async (request, reply) => {
  reply.code(201);
  return { got: request.body };
});
app.post('/form', async (request) => request.body);
app.post('/upload', async (request) => {
  const hash = createHash('sha256');
  for await (const chunk of request.body) hash.update(chunk);
  return hash.digest('hex');
});
app.get('/stream', async (_request, reply) => {
  reply.type('text/plain');
  return Readable.from(['part 0\n', 'part 1\n', 'part 2\n', 'part 3\n', 'part 4\n']);
});
app.get('/cookies', async (_request, reply) => {
  reply.header('set-cookie', ['a=1', 'b=2']);
  return 'cookies';
});
app.get('/redirect', (_request, reply) => reply.redirect('/hello/you'));
app.get('/empty', (_request, reply) => reply.code(204).send());
app.get('/error', () => {
  throw new Error('thrown by a handler');
});
app.get('/rejected', async () => {
  throw new Error('rejected by a handler');
});

await app.listen({ port: Number(process.env.PORT ?? 3000) });

// An unmodified hapi app.
const { createHash } = require('node:crypto');
const { PassThrough } = require('node:stream');
const Hapi = require('@hapi/hapi');

async function main() {
  const server = Hapi.server({ port: process.env.PORT ?? 3000, debug: false });
  const route = (method, path, handler, options) => server.route({ method, path, handler, options });
  server.state('a', { isSecure: false });
  server.state('b', { isSecure: false });

  route('GET', '/', () => 'hapi');
  route('GET', '/json', (request) => ({ query: request.query, host: request.info.hostname }));
  route('GET', '/hello/{name}', (request) => `hello ${request.params.name}`);
  route('POST', '/json', (request, h) => h.response({ got: request.payload }).code(201));
  route('POST', '/form', (request) => ({ ...request.payload }));
  route(
    'POST',
    '/upload',
    async (request) => {
      const hash = createHash('sha256');
      for await (const chunk of request.payload) hash.update(chunk);
      return hash.digest('hex');
    },
    { payload: { output: 'stream', parse: false, maxBytes: 10_000_000 } },
  );
  route('GET', '/stream', (_request, h) => {
    const out = new PassThrough();
    let index = 0;
    const next = () => {
      if (index === 5) return void out.end();
      out.write(`part ${index}\n`);
      index += 1;
      setImmediate(next);
    };
    next();
    return h.response(out).type('text/plain');
  });
  route('GET', '/cookies', (_request, h) => h.response('cookies').state('a', '1').state('b', '2'));
  route('GET', '/redirect', (_request, h) => h.redirect('/hello/you'));
  route('GET', '/empty', (_request, h) => h.response().code(204));
  route('GET', '/error', () => {
    throw new Error('thrown by a handler');
  });
  route('GET', '/rejected', async () => {
    throw new Error('rejected by a handler');
  });
  await server.start();
}

void main();

// An unmodified hono app on @hono/node-server.
import { createHash } from 'node:crypto';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import { stream } from 'hono/streaming';

const app = new Hono();

app.get('/', (context) => context.text('hono'));
app.get('/json', (context) => context.json({ query: context.req.queries(), url: new URL(context.req.url).pathname }));
app.get('/hello/:name', (context) => context.text(`hello ${context.req.param('name')}`));
app.post('/json', async (context) => context.json({ got: await context.req.json() }, 201));
app.post('/form', async (context) => context.json(await context.req.parseBody()));
app.post('/upload', async (context) => {
  const hash = createHash('sha256');
  for await (const chunk of context.req.raw.body) hash.update(chunk);
  return context.text(hash.digest('hex'));
});
app.get('/stream', (context) =>
  stream(context, async (out) => {
    for (let index = 0; index < 5; index += 1) {
      await out.write(`part ${index}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }),
);
app.get('/cookies', (context) => {
  setCookie(context, 'a', '1');
  setCookie(context, 'b', '2');
  return context.text('cookies');
});
app.get('/redirect', (context) => context.redirect('/hello/you'));
app.get('/empty', (context) => context.body(null, 204));
app.get('/error', () => {
  throw new Error('thrown by a handler');
});
app.get('/rejected', async () => {
  throw new Error('rejected by a handler');
});
app.onError((error, context) => context.text(`handled: ${error.message}`, 500));

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) });

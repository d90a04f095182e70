// An unmodified Koa 3 app with a router by hand.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import Koa from 'koa';

const app = new Koa();
app.silent = true;

async function text(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const routes = {
  'GET /': (context) => {
    context.body = 'koa';
  },
  'GET /json': (context) => {
    context.body = { query: { ...context.query }, host: context.hostname };
  },
  'POST /json': async (context) => {
    context.status = 201;
    context.body = { got: JSON.parse(await text(context.req)) };
  },
  'POST /form': async (context) => {
    context.body = Object.fromEntries(new URLSearchParams(await text(context.req)));
  },
  'POST /upload': async (context) => {
    const hash = createHash('sha256');
    for await (const chunk of context.req) hash.update(chunk);
    context.body = hash.digest('hex');
  },
  'GET /stream': (context) => {
    context.type = 'text/plain';
    context.body = Readable.from(['part 0\n', 'part 1\n', 'part 2\n', 'part 3\n', 'part 4\n']);
  },
  'GET /cookies': (context) => {
    context.cookies.set('a', '1');
    context.cookies.set('b', '2');
    context.body = 'cookies';
  },
  'GET /redirect': (context) => context.redirect('/hello/you'),
  'GET /empty': (context) => {
    context.status = 204;
  },
  'GET /error': () => {
    throw new Error('thrown by a handler');
  },
  'GET /rejected': async () => {
    throw new Error('rejected by a handler');
  },
};

app.use(async (context) => {
  const hello = /^\/hello\/(\w+)$/.exec(context.path);
  const route = routes[`${context.method === 'HEAD' ? 'GET' : context.method} ${context.path}`];
  if (hello !== null) context.body = `hello ${hello[1]}`;
  else if (route !== undefined) await route(context);
});

app.listen(process.env.PORT ?? 3000);

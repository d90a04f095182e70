// A plain http.createServer app, hosted in-process: it listens as it would alone and never gets a port.
import { createServer } from 'node:http';

const started = new Date().toISOString();
const rows = [
  ['/fastify/', 'Fastify 5 in two worker processes (in-process)'],
  ['/fastify/who', 'which of the two answered'],
  ['/fragile/', 'an app that ends its process on <a href="/fragile/crash">/fragile/crash</a>'],
  [
    '/blocking/',
    'an app that blocks its event loop on <a href="/blocking/block?seconds=5">/blocking/block?seconds=5</a>',
  ],
  ['/node/', 'a Node program, out-of-process'],
  ['/python/', 'a Python program, out-of-process (where python3 exists)'],
  ['/aspnetcore/', 'an ASP.NET Core app on Kestrel, out-of-process (where dotnet exists)'],
];

function page() {
  const list = rows.map(([path, text]) => `<li><a href="${path}">${path}</a> ${text}</li>`).join('\n');
  return `<!doctype html>
<meta charset="utf-8">
<title>Sluice examples</title>
<h1>Sluice examples</h1>
<p>This page: process ${process.pid}, started ${started}.</p>
<ul>
${list}
</ul>
<p>State of the pools: <a href="http://127.0.0.1:9900/api/v1/pools">/api/v1/pools</a>,
metrics: <a href="http://127.0.0.1:9900/metrics">/metrics</a></p>
`;
}

const server = createServer((request, response) => {
  if (request.url === '/') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(page());
  } else {
    response.statusCode = 404;
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.end(`nothing at ${request.url}\n`);
  }
});

server.listen(process.env.PORT ?? 3000);

// An app that knows nothing of its tracing but one span of its own, and calls another server.
const http = require('node:http');
const { trace } = require('@opentelemetry/api');

const behind = http.createServer((request, response) => response.end(request.headers.traceparent ?? 'untraced'));
const wait = () => new Promise((resolve) => setTimeout(resolve, 2));

function ask() {
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port: behind.address().port, path: '/behind' }, (answer) => {
        answer.setEncoding('utf8').on('data', resolve);
      })
      .on('error', reject);
  });
}

const app = http.createServer((request, response) => {
  if (request.url === '/spans') return void response.end(JSON.stringify(globalThis.finishedSpans()));
  if (request.url === '/plain') return void response.end('plain');
  if (request.url === '/fails') return void response.writeHead(500).end('failed');
  if (request.url === '/upload') {
    let size = 0;
    request.on('data', (chunk) => (size += chunk.length));
    return void request.on('end', () => response.end(String(size)));
  }
  trace.getTracer('app').startActiveSpan(`work ${request.url}`, async (span) => {
    await wait();
    const told = await ask();
    span.end();
    // The trace that went out belongs to the request that came in.
    response.end(JSON.stringify({ mine: request.headers.traceparent.split('-')[1] === told.split('-')[1] }));
  });
});

app.listen(process.env.PORT ?? 3000, () => behind.listen(0, '127.0.0.1'));

/** The application that the HTTP/2 scripts talk to (test/conformance/http2/script.ts says what each path does). */
import { createServer } from 'node:http';

createServer((request, response) => {
  const path = (request.url ?? '').split('?')[0];
  if (path === '/hold') return;
  if (path === '/early') {
    response.end('early');
    return;
  }
  const parts = [];
  request.on('error', () => undefined);
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    if (path === '/big') response.setHeader('content-length', 100_000).end('x'.repeat(100_000));
    else if (path === '/echo') response.end(Buffer.concat(parts));
    else if (path === '/cookie') response.end(request.headers.cookie ?? '', 'latin1');
    else response.end('ok');
  });
}).listen(process.env.PORT ?? 3000);

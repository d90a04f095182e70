// The one app of every benchmark: a small answer, and large bodies both ways. Alone or behind a proxy it
// listens on PORT or on the unix socket in SOCKET; hosted in-process the same file is adopted.
import { chmodSync } from 'node:fs';
import { createServer } from 'node:http';

const small = Buffer.from('Hello, world!\n');
const block = Buffer.alloc(65_536, 'x');

function sendBytes(response, total) {
  let left = total;
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': total });
  const more = () => {
    while (left > 0) {
      const piece = left >= block.length ? block : block.subarray(0, left);
      left -= piece.length;
      if (!response.write(piece)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

const server = createServer((request, response) => {
  if (request.url.startsWith('/bytes/')) return sendBytes(response, Number(request.url.slice(7)));
  if (request.method === 'PUT' || request.method === 'POST') {
    let received = 0;
    request.on('data', (chunk) => {
      received += chunk.length;
    });
    request.on('end', () => response.end(`${received}\n`));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': small.length });
  response.end(small);
});

// Longer than any pause of the benchmark: no peer may lose time to reconnecting.
server.keepAliveTimeout = 120_000;
const { SOCKET, PORT } = process.env;
if (SOCKET === undefined) server.listen(Number(PORT), '127.0.0.1');
else server.listen(SOCKET, () => chmodSync(SOCKET, 0o777));

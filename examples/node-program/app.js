// A Node program hosted out-of-process: it really listens on PORT, on loopback, and Sluice forwards to it.
import { createServer } from 'node:http';

const base = process.env.ASPNETCORE_APPL_PATH ?? '';

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(
    `${JSON.stringify({
      program: 'node',
      version: process.version,
      pid: process.pid,
      base,
      path: request.url,
      client: request.headers['x-forwarded-for'] ?? request.socket.remoteAddress,
      scheme: request.headers['x-forwarded-proto'] ?? 'http',
    })}\n`,
  );
});

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
process.once('SIGTERM', () => server.close());

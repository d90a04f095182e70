// A Node program that joins its host by @sluice/integration, CommonJS. OPTIONS: what attach gets, as JSON.
const { createServer } = require('node:http');
const { attach } = require('@sluice/integration');

let attached = null;
const server = createServer((request, response) => {
  const { url, headers, rawHeaders, socket } = request;
  if (url.endsWith('/held')) {
    // The answer ends when the host asks the program to stop.
    response.write('begun ');
    attached.stopping.addEventListener('abort', () => response.end('finished'));
  } else if (url.endsWith('/large')) {
    attached.stopping.addEventListener('abort', () => response.end(Buffer.alloc(30_000_000, 'x')));
    response.writeHead(200, { 'Content-Length': 30_000_000 }).flushHeaders();
  } else if (url.endsWith('/echo')) {
    request.pipe(response);
  } else {
    const { remoteAddress, remotePort, encrypted } = socket;
    const { isHosted, path } = attached;
    const { ASPNETCORE_PORT: port, ASPNETCORE_TOKEN: token } = process.env;
    const seen = { pid: process.pid, isHosted, path, port, token, url, headers, rawHeaders };
    response.end(JSON.stringify({ ...seen, distinct: request.headersDistinct, remoteAddress, remotePort, encrypted }));
  }
});
server.on('upgrade', (_request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  socket.pipe(socket);
});
server.on('checkContinue', (request, response) => {
  response.writeContinue();
  server.emit('request', request, response);
});
if (process.env.OWN_LISTENER !== undefined) {
  process.on('SIGTERM', () => {
    process.stdout.write('own listener\n');
    process.exitCode = 7;
  });
}

const onStop = async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.stdout.write('cleaned up\n');
  if (process.env.FAIL_ON_STOP !== undefined) throw new Error('no clean-up today');
};
attach(server, { ...JSON.parse(process.env.OPTIONS ?? '{}'), onStop }).then((result) => {
  attached = result;
  process.stdout.write(`listening ${JSON.stringify(result.address)}\n`);
});

// An unmodified ws server on a plain http server: echo with compression, subprotocols, pings and refusal.
const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');

const server = createServer((_request, response) => response.end('ws'));
const sockets = new WebSocketServer({
  server,
  path: '/ws',
  perMessageDeflate: { threshold: 0 },
  handleProtocols: (protocols) => [...protocols][0] ?? false,
  verifyClient: ({ req }) => req.headers['x-refuse'] === undefined,
});

sockets.on('connection', (socket, request) => {
  socket.send(JSON.stringify({ url: request.url, protocol: socket.protocol }));
  socket.on('error', () => undefined);
  socket.on('message', (data, isBinary) => {
    if (data.toString() === 'close me') socket.close(4001, 'as asked');
    else socket.send(data, { binary: isBinary });
  });
});

server.listen(Number(process.env.PORT ?? 3000));

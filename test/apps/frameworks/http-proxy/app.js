// A proxy inside an app: requests and WebSockets go on to a second server of the same process.
const { createServer } = require('node:http');
const { createProxyServer } = require('http-proxy');
const { WebSocketServer } = require('ws');

const behind = createServer((_request, response) => response.end('behind the proxy'));
const sockets = new WebSocketServer({
  server: behind,
  path: '/ws',
  handleProtocols: (protocols) => [...protocols][0] ?? false,
  verifyClient: ({ req }) => req.headers['x-refuse'] === undefined,
});
sockets.on('connection', (socket, request) => {
  socket.send(JSON.stringify({ url: request.url, protocol: socket.protocol }));
  socket.on('error', () => undefined);
  socket.on('message', (data, isBinary) => {
    if (data.toString() === 'close me') socket.close(4002, 'as asked');
    else socket.send(data, { binary: isBinary });
  });
});

const proxy = createProxyServer();
const target = () => ({ target: `http://127.0.0.1:${behind.address().port}` });
proxy.on('error', (_error, _request, answer) => answer.end());
const server = createServer((request, response) => proxy.web(request, response, target()));
server.on('upgrade', (request, socket, head) => {
  // http-proxy has none of its own behind a refused handshake: a client that leaves would end the app.
  socket.on('error', () => undefined);
  proxy.ws(request, socket, head, target());
});
behind.listen(0, '127.0.0.1', () => server.listen(Number(process.env.PORT ?? 3000)));

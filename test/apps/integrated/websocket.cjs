const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');
const { attach } = require('@sluice/integration');

const server = createServer((_request, response) => {
  response.end(JSON.stringify({ pid: process.pid, port: process.env.ASPNETCORE_PORT }));
});
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))));
attach(server, { onStop: () => sockets.clients.forEach((one) => one.close(1001)) });

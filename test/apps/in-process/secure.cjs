// An https server with its own certificate and with WebSocket-like upgrades; says what it sees of TLS.
const { readFileSync } = require('node:fs');
const https = require('node:https');
const tls = require('node:tls');

const files = process.env.OWN_CERTIFICATE;
const own = files === undefined ? {} : { cert: readFileSync(files), key: readFileSync(files) };
const server = https.createServer(own, (request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { socket } = request;
    const seen = {
      isTls: socket instanceof tls.TLSSocket,
      encrypted: socket.encrypted,
      protocol: socket.getProtocol(),
      remote: socket.remoteAddress,
      body: Buffer.concat(chunks).length,
      forwarded: request.headers['x-forwarded-proto'] ?? null,
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(seen));
  });
});
server.on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  socket.on('data', (chunk) => socket.write(chunk));
  socket.on('end', () => socket.end());
});
server.listen(process.env.PORT);

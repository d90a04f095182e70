// Node's own TLS and nothing else: what a handshake costs at least in a server on Node.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:tls';

const { CERT, KEY, PORT } = process.env;
const server = createServer({ cert: readFileSync(CERT), key: readFileSync(KEY) }, (socket) => {
  socket.on('error', () => undefined);
  socket.resume();
});
server.on('tlsClientError', (_error, socket) => socket.destroy());
server.listen(Number(PORT), '127.0.0.1', () => console.log('ready'));

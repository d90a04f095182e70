// Speaks the listener's side of the channel and answers every connection with its pid.
import { createServer } from 'node:net';

const servers = new Map();
const answer = String(process.pid);

process.on('message', (message, handle) => {
  switch (message.type) {
    case 'ping':
      process.send({ type: 'pong', id: message.id });
      break;
    case 'routes':
      if (message.routes.settings.affinityKey === 'die') process.exit(3);
      process.send({ type: 'ack', number: message.number });
      break;
    case 'upstreams':
      process.send({ type: 'ack', number: message.number });
      break;
    case 'listen': {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end(answer);
      });
      server.listen(handle, 4096, () => process.send({ type: 'listening', key: message.address.key }));
      servers.set(message.address.key, server);
      break;
    }
    case 'unlisten':
      servers.get(message.key)?.close();
      servers.delete(message.key);
      break;
    case 'shutdown':
      process.send({ type: 'closed' }, () => process.exit(0));
      break;
    default:
      break;
  }
});
process.on('disconnect', () => process.exit(0));
process.send({ type: 'hello', pid: process.pid });

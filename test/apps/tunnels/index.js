// For the WebSocket corpus. An upgrade of `/echo/NAME` is accepted and every byte comes back; `GET /seen` tells what came
// for each name. `/answer/BYTES` answers the handshake with those bytes (base64url) and ends; `/open/BYTES` echoes behind.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const seen = {};

function pathOf(request) {
  return request.url
    .replace(/^\/out\//, '/')
    .slice(1)
    .split('/');
}

function accepted({ headers }) {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${magic}`).digest('base64');
  const chosen = ['sec-websocket-extensions', 'sec-websocket-protocol'].flatMap((name) =>
    headers[name] === undefined ? [] : [`${name}: ${headers[name]}\r\n`],
  );
  const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';
  return `${head}Sec-WebSocket-Accept: ${accept}\r\n${chosen.join('')}\r\n`;
}

/** Of each tunnel of `/echo`. */
function told() {
  const all = Object.entries(seen).map(([name, { fields, bytes, digest }]) => [
    name,
    { fields, bytes, sha256: digest.copy().digest('hex') },
  ]);
  return JSON.stringify(Object.fromEntries(all));
}

function echo(socket, head, record) {
  const take = (chunk) => {
    record.bytes += chunk.length;
    record.digest.update(chunk);
    socket.write(chunk);
  };
  if (head.length > 0) take(head);
  socket.on('data', take);
  socket.on('end', () => socket.end());
}

createServer((request, response) => {
  const [what] = pathOf(request);
  response.end(what === 'seen' ? told() : 'no upgrade');
})
  .on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined);
    const [what, name] = pathOf(request);
    if (what === 'echo') {
      seen[name] = { fields: request.rawHeaders, bytes: 0, digest: createHash('sha256') };
      socket.write(accepted(request));
      echo(socket, head, seen[name]);
      return;
    }
    const answer = Buffer.from(name, 'base64url');
    if (what === 'open') {
      socket.write(answer);
      echo(socket, head, { bytes: 0, digest: createHash('sha256') });
    } else if (answer.length > 0) socket.end(answer);
    else socket.destroy();
  })
  .listen(process.env.PORT ?? 3000);

// A tenant that answers with whatever bytes it likes: /case/N gets the Nth case of the file in CASES.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const cases = JSON.parse(readFileSync(process.env.CASES, 'utf8'));
const good = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood');

createServer((socket) => {
  let received = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
      const wanted = /^GET \/case\/(\d+) /.exec(received);
      received = received.slice(end + 4);
      const one = wanted === null ? { bytes: null, close: false } : cases[Number(wanted[1])];
      socket.write(one.bytes === null ? good : Buffer.from(one.bytes, 'base64'));
      if (one.close) socket.end();
    }
  });
}).listen(Number(process.env.PORT), '127.0.0.1');

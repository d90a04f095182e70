// Takes every connection and does with each request the least: /a/never, /a/deaf (reads nothing more), /a/half-head,
// /a/drip (the head of an answer, then a byte every ten seconds); /a/good and /a/port answer.
import { createServer } from 'node:net';

const { PORT } = process.env;
const good = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';

const acts = {
  never: () => undefined,
  deaf: (socket) => socket.pause(),
  'half-head': (socket) => socket.write('HTTP/1.1 200 OK\r\nX-Half'),
  drip: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx');
    const timer = setInterval(() => socket.write('x'), 10_000);
    socket.once('close', () => clearInterval(timer));
  },
  good: (socket) => socket.write(good),
  port: (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${PORT.length}\r\n\r\n${PORT}`),
};

createServer((socket) => {
  let text = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1').slice(0, 4_096);
    const act = /^[A-Z]+ \/a\/([\w-]*)/.exec(text)?.[1] ?? '';
    if (!text.includes('\r\n\r\n') && act !== 'deaf') return;
    text = '';
    acts[act]?.(socket);
  });
}).listen(PORT);

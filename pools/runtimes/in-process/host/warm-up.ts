/** The warm-up request (preloadEnabled): as a connection of its own, so that it is no client's. */
import { Duplex } from 'node:stream';
import type { WarmUpRequest } from '../../../protocol/primary-to-host.js';
import type { App } from './app.js';

const statusLine = /^HTTP\/1\.[01] (\d{3})/;
/** As much of an answer as its last status line may stand behind. */
const headCharactersMax = 65_536;

/** `done` gets the status, 0 when there was no answer; once, when the app's socket is finished. */
export function warmUp(app: App, { target, host, userAgent }: WarmUpRequest, done: (status: number) => void): void {
  let head = '';
  let isDone = false;
  const finish = (): void => {
    if (isDone) return;
    isDone = true;
    done(Number(statusLine.exec(head)?.[1] ?? 0));
  };
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, next) => {
      if (head.length < headCharactersMax) head += chunk.toString('latin1');
      next();
    },
    final: (next) => {
      next();
      socket.push(null);
      finish();
    },
    destroy: (error, next) => {
      next(error);
      finish();
    },
  });
  socket.on('error', () => undefined);
  const loopback = { remoteAddress: '127.0.0.1', remoteFamily: 'IPv4', remotePort: 0 };
  app.server.emit('connection', Object.assign(socket, loopback));
  const lines = [
    `GET ${target} HTTP/1.1`,
    `Host: ${host}`,
    `User-Agent: ${userAgent}`,
    'Accept: */*',
    'Connection: close',
  ];
  socket.push(`${lines.join('\r\n')}\r\n\r\n`);
}

/** What a socket.io server shows to its clients: by polling, by WebSocket, and upgrading from one to the other. */
import { io, type Socket } from 'socket.io-client';
import { until, within } from '../time.js';

function event(socket: Socket, name: string): Promise<unknown> {
  return within(15_000, `socket.io event ${name}`, new Promise((resolve) => socket.once(name, resolve)));
}

async function session(port: number, transports: string[]): Promise<unknown> {
  const socket = io(`http://127.0.0.1:${port}`, { transports, forceNew: true, reconnection: false });
  try {
    const welcome = await event(socket, 'welcome');
    const asked: unknown = await socket.timeout(15_000).emitWithAck('ask', { deep: [1, 'two', null] });
    const bytes = (await socket.timeout(15_000).emitWithAck('bytes', Buffer.from('ab'))) as Uint8Array;
    const joined: unknown = await socket.timeout(15_000).emitWithAck('join', `room-${transports.join('-')}`);
    const told = event(socket, 'told');
    socket.emit('tell', `room-${transports.join('-')}`, 'x'.repeat(30_000));
    const heard = String(await told).length;
    const last = transports[transports.length - 1];
    await until(`the session runs over ${last}`, () => socket.io.engine.transport.name === last);
    return { welcome, asked, bytes: Buffer.from(bytes).toString(), joined, heard, transport: last };
  } finally {
    socket.disconnect();
  }
}

export async function socketIoBehaviour(port: number): Promise<unknown[]> {
  return [
    await session(port, ['polling']),
    await session(port, ['websocket']),
    await session(port, ['polling', 'websocket']),
  ];
}

/** What a `ws` server shows to its clients. */
import { WebSocket } from 'ws';
import { within } from '../time.js';
import { call } from '../http-client.js';

interface Talk {
  readonly opened: unknown;
  readonly echoes: readonly string[];
  readonly closed: string;
}

function nextMessage(socket: WebSocket): Promise<string> {
  const message = new Promise<string>((resolve, reject) => {
    socket.once('message', (data: Buffer, isBinary: boolean) => {
      resolve(`${isBinary ? 'binary' : 'text'} ${data.length} ${data.subarray(0, 40).toString('latin1')}`);
    });
    socket.once('error', reject);
  });
  return within(15_000, 'a WebSocket message', message);
}

async function talk(port: number, compressed: boolean, protocols: string[]): Promise<Talk> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?room=1`, protocols, { perMessageDeflate: compressed });
  const closed = new Promise<string>((resolve) => {
    socket.once('close', (code: number, reason: Buffer) => resolve(`${code} ${reason.toString()}`));
  });
  const opened = await nextMessage(socket);
  const echoes: string[] = [];
  for (const message of ['hello', '', 'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(70_000), Buffer.alloc(200_000, 1)]) {
    const answer = nextMessage(socket);
    socket.send(message);
    echoes.push(await answer);
  }
  const pong = new Promise<string>((resolve) => {
    socket.once('pong', (data: Buffer) => resolve(`pong ${data.toString()}`));
  });
  socket.ping('are you there');
  echoes.push(await within(15_000, 'a pong', pong));
  socket.send('close me');
  return { opened, echoes, closed: await within(15_000, 'the close', closed) };
}

/** The status with which a handshake is refused. */
function refusal(port: number, path: string, headers: Record<string, string>): Promise<number> {
  const status = new Promise<number>((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    socket.once('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      response.resume();
      request.destroy();
    });
    socket.once('open', () => reject(new Error('the handshake was accepted')));
    socket.once('error', reject);
  });
  return within(15_000, 'a refused handshake', status);
}

export async function webSocketBehaviour(port: number): Promise<unknown[]> {
  return [
    await talk(port, false, []),
    await talk(port, true, ['chat', 'other']),
    await refusal(port, '/ws', { 'x-refuse': '1' }),
    await refusal(port, '/elsewhere', {}),
    (await call(port, '/')).text,
    (await call(port, '/ws')).status,
  ];
}

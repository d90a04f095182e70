import { WebSocket } from 'ws';

/** What comes back for `text`, on a WebSocket that is then closed from here. */
export function echoOverWebSocket(port: number, path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    let echoed = '';
    socket.once('error', reject);
    socket.once('open', () => socket.send(text));
    socket.once('message', (data: Buffer) => {
      echoed = data.toString('utf8');
      socket.close(1000);
    });
    socket.once('close', () => resolve(echoed));
  });
}

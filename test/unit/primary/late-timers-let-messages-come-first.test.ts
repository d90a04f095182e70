import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { systemClock } from '../../../server/primary/clock.js';

test('a timer that is late because the process stood still comes after what arrived meanwhile', async () => {
  const server = createServer((socket) => socket.write('pong')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const client = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
  const order: string[] = [];
  const answered = once(client, 'data').then(() => order.push('answer'));
  const fired = new Promise<void>((resolve) => {
    systemClock.setTimer(
      1,
      () => {
        order.push('timer');
        resolve();
      },
      true,
    );
  });
  // As SIGSTOP does it: nothing of this process runs.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200);
  await Promise.all([answered, fired]);
  expect(order).toEqual(['answer', 'timer']);
  client.destroy();
  server.close();
});

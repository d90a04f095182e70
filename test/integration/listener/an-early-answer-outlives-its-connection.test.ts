import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { ListenerHarness } from '../../support/listener-harness.js';
import { RawClient, statuses } from '../../support/raw-client.js';
import { inParallel } from '../../support/batches.js';

const rounds = 60;
const upload = 8_000_000;

/** Answers as soon as the head is there and resets in the same breath: what it never read makes the kernel send RST. */
function refusingWorker(): Promise<{ port: number; close: () => void }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.pause();
      socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge', () =>
        socket.resetAndDestroy(),
      );
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      resolve({ port, close: () => server.close() });
    });
  });
}

test('a worker that answers 413 and resets while the upload runs: the client gets the 413', async () => {
  const worker = await refusingWorker();
  const listener = await ListenerHarness.start();
  try {
    await listener.publish([listener.tcpWorker(worker.port)]);
    const seen = await inParallel(
      Array.from({ length: rounds }, (_, n) => n),
      6,
      async () => {
        const client = await RawClient.connect(listener.port);
        await client.upload(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${upload}\r\n\r\n`, upload);
        const text = await client.finishes();
        client.close();
        return statuses(text)[0];
      },
    );
    expect(seen.filter((status) => status !== 413)).toEqual([]);
  } finally {
    await listener.stop();
    worker.close();
  }
}, 120_000);

import { createServer, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { forwarded, type ForwardedCase, pairingToken } from '../conformance/corpus/forwarded.js';
import { ListenerHarness } from '../support/listener-harness.js';
import { RawClient, statuses } from '../support/raw-client.js';
import { pause, until } from '../support/time.js';

/** Records every byte, and answers a request once as many bytes are there as it should have. */
class Recorder {
  received = '';
  expected: readonly string[] = [];
  answered = 0;
  readonly #server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.#answer(socket);
    });
  });

  async start(): Promise<number> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  expect(requests: readonly string[]): void {
    this.received = '';
    this.answered = 0;
    this.expected = requests;
  }

  close(): void {
    this.#server.close();
  }

  #answer(socket: Socket): void {
    const due = this.expected.slice(0, this.answered + 1).join('').length;
    if (this.answered >= this.expected.length || this.received.length < due) return;
    this.answered += 1;
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  }
}

/** @returns what is wrong, or nothing. */
async function check(port: number, recorder: Recorder, one: ForwardedCase): Promise<string[]> {
  recorder.expect(one.worker);
  const client = await RawClient.connect(port);
  try {
    client.send(one.bytes);
    const answers = (): number => statuses(client.text()).length;
    await until('the answers', () => answers() >= one.worker.length || client.ended, { withinMs: 5_000, everyMs: 1 });
    if (!one.open) await until('the end', () => client.ended, { withinMs: 5_000, everyMs: 1 });
    else await pause(0);
    const got = statuses(client.text());
    const wanted = one.worker.map(() => 200);
    const wrong = [];
    if (recorder.received !== one.worker.join('')) {
      wrong.push(`${one.id}: the worker got ${JSON.stringify(recorder.received.slice(0, 600))}`);
    }
    if (got.join() !== wanted.join()) wrong.push(`${one.id}: answered ${got.join()} instead of ${wanted.join()}`);
    if (client.ended === one.open) wrong.push(`${one.id}: the connection is ${one.open ? 'closed' : 'open'}`);
    return wrong;
  } catch {
    return [`${one.id}: no answer; the worker got ${JSON.stringify(recorder.received.slice(0, 600))}`];
  } finally {
    client.close();
  }
}

test('every byte that a worker gets of odd but valid requests, and the state of the connection behind them', async () => {
  const recorder = new Recorder();
  const listener = await ListenerHarness.start();
  try {
    await listener.publish([listener.tcpWorker(await recorder.start(), pairingToken)]);
    const wrong: string[] = [];
    for (const one of forwarded()) wrong.push(...(await check(listener.port, recorder, one)));
    expect(wrong).toEqual([]);
    expect(new Set(forwarded().map(({ id }) => id)).size).toBe(forwarded().length);
    expect(forwarded().length).toBeGreaterThan(850);
  } finally {
    await listener.stop();
    recorder.close();
  }
}, 240_000);

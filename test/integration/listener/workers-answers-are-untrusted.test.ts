import { afterEach, describe, expect, test } from '@jest/globals';
import { ListenerHarness } from '../../support/listener-harness.js';
import { RawClient, statuses } from '../../support/raw-client.js';
import { ok, RawWorker } from '../../support/raw-worker.js';

let listener: ListenerHarness;
let worker: RawWorker;

afterEach(async () => {
  await listener.stop();
  await worker.stop();
});

/** `answers` by path; `/good` is always a good answer. */
async function start(answers: Readonly<Record<string, string>>, endsAfter: readonly string[] = []): Promise<void> {
  worker = await RawWorker.start((head, connection) => {
    const path = head.split(' ')[1] ?? '';
    worker.reply(connection, answers[path] ?? ok(`good ${path}`));
    if (endsAfter.includes(path)) connection.socket.end();
  });
  listener = await ListenerHarness.start();
  await listener.publish([listener.tcpWorker(worker.port)]);
}

async function ask(path: string, method = 'GET'): Promise<string> {
  const client = await RawClient.connect(listener.port);
  client.send(
    `${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\nGET /good HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
  );
  return client.finishes();
}

const head = 'HTTP/1.1 200 OK\r\n';
const refused: readonly (readonly [string, string])[] = [
  ['CL and TE', `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`],
  ['two different CL', `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`],
  ['negative CL', `${head}Content-Length: -5\r\n\r\nhello`],
  ['bare LF line ends', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello'],
  ['LF inside a value', `${head}X: a\nInjected: b\r\nContent-Length: 5\r\n\r\nhello`],
  ['CR inside a value', `${head}X: a\rb\r\nContent-Length: 5\r\n\r\nhello`],
  ['NUL in a value', `${head}X: a\0b\r\nContent-Length: 5\r\n\r\nhello`],
  ['space before the colon', `${head}Content-Length : 5\r\n\r\nhello`],
  ['obs-fold', `${head}X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello`],
  ['status 99', 'HTTP/1.1 99 Odd\r\nContent-Length: 0\r\n\r\n'],
  ['status 1000', 'HTTP/1.1 1000 Odd\r\nContent-Length: 0\r\n\r\n'],
  ['no status line', '<html>hello</html>\r\n\r\n'],
  ['TE gzip', `${head}Transfer-Encoding: gzip\r\n\r\nhello`],
  ['bad chunk size at once', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n`],
  ['unasked 101', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ['1,000 fields', `${head}${'X: y\r\n'.repeat(1_000)}Content-Length: 0\r\n\r\n`],
  ['a head of 100 kB', `${head}X: ${'y'.repeat(100_000)}\r\nContent-Length: 0\r\n\r\n`],
  ['endless interim answers', `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1_000)}${ok('late')}`],
];

describe('refused with 502.3, and the next request is answered cleanly', () => {
  test.each(refused)('%s', async (_name, answer) => {
    await start({ '/bad': answer });
    const text = await ask('/bad');
    expect(statuses(text)).toEqual([502, 200]);
    expect(text).toContain('502.3');
    expect(text).toContain('good /good');
    expect(text).not.toContain('hello');
  });
});

describe('cut, so that the client sees that something is missing', () => {
  test.each([
    ['a body shorter than its length', `${head}Content-Length: 100\r\n\r\nonly`, true],
    ['a chunked body that ends in the middle', `${head}Transfer-Encoding: chunked\r\n\r\n4\r\nonly\r\n`, true],
  ])('%s', async (_name, answer, ends) => {
    await start({ '/bad': answer }, ends ? ['/bad'] : []);
    const text = await ask('/bad');
    expect(statuses(text)).toEqual([200]);
    expect(text).not.toContain('good /good');
    expect(text.endsWith('0\r\n\r\n')).toBe(false);
  });
});

describe('answered, and nothing of it reaches the next request', () => {
  test.each([
    ['bytes behind the body', 'GET', `${ok('good one')}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`],
    ['a body on HEAD', 'HEAD', ok('poison')],
    ['a body on 204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\npoison'],
    ['a body on 304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\npoison'],
  ])('%s', async (_name, method, answer) => {
    await start({ '/odd': answer });
    const text = await ask('/odd', method);
    expect(statuses(text)).toHaveLength(2);
    expect(text).toContain('good /good');
    expect(text).not.toContain('poison');
    expect(worker.connections).toHaveLength(2);
  });

  test('a close-delimited body becomes a chunked one', async () => {
    await start({ '/old': `${head}\r\nold` }, ['/old']);
    const text = await ask('/old');
    expect(text).toMatch(/Transfer-Encoding: chunked\r\n[^]*3\r\nold\r\n0\r\n\r\nHTTP\/1\.1 200 OK/);
  });
});

test('the pairing token is added and a forged one is deleted', async () => {
  worker = await RawWorker.start((_head, connection) => worker.reply(connection, ok('x')));
  listener = await ListenerHarness.start();
  await listener.publish([listener.tcpWorker(worker.port, 'secret')]);
  const client = await RawClient.connect(listener.port);
  client.send(
    'GET / HTTP/1.1\r\nHost: a\r\nMS-ASPNETCORE-TOKEN: forged\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n',
  );
  await client.finishes();
  expect(worker.heads[0]).toMatch(/MS-ASPNETCORE-TOKEN: secret\r\n/);
  expect(worker.heads[0]).toMatch(/X-Forwarded-For: 127\.0\.0\.1\r\n/);
  expect(worker.heads[0]).not.toMatch(/forged|6\.6\.6\.6/);
});

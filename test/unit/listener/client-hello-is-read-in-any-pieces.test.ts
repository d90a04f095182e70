import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { expect, jest, test } from '@jest/globals';
import { clientHelloRecordsBytesMax } from '../../../config/base/edge-limits.js';
import { HelloReader, type HelloVerdict } from '../../../server/listener/tls/client-hello.js';

/** All at once. */
function readClientHello(bytes: Buffer): HelloVerdict {
  return new HelloReader().push(bytes);
}

/** The first bytes that Node's own client sends. */
async function hello(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const client = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  client.on('error', () => undefined);
  const [socket] = (await accepted) as [import('node:net').Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

/** The same message in records of `size` bytes. */
function fragmented(bytes: Buffer, size: number): Buffer {
  const message = bytes.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

test('name and protocols, whole, in pieces and in many records', async () => {
  const expected = { serverName: 'shop.example', protocols: ['h2', 'http/1.1'] };
  const bytes = await hello({ servername: 'Shop.EXAMPLE', ALPNProtocols: ['h2', 'http/1.1'] });
  for (const form of [bytes, fragmented(bytes, 1), fragmented(bytes, 7), fragmented(bytes, 200)]) {
    const early = Array.from({ length: form.length }, (_, end) => readClientHello(form.subarray(0, end)));
    expect(early.findIndex((verdict) => verdict !== 'more')).toBe(-1);
    expect(readClientHello(form)).toEqual(expected);
  }
});

test('no name, and an address, are no name', async () => {
  expect(readClientHello(await hello({}))).toEqual({ serverName: '', protocols: [] });
  const bytes = await hello({ servername: 'aa.bbb.cc.d' });
  bytes.write('10.200.30.4', bytes.indexOf('aa.bbb.cc.d'), 'latin1');
  expect(readClientHello(bytes)).toEqual({ serverName: '', protocols: [] });
});

test('hostile ones are refused, whatever is in them', async () => {
  const bytes = await hello({ servername: 'shop.example' });
  const name = bytes.indexOf('shop.example');
  for (const bad of ['shop\0xample', 'sh/op.exampl', 'shop..exampl', '.hop.example', 'sh\xc3p.example']) {
    const copy = Buffer.from(bytes);
    copy.write(bad.padEnd(12, 'x'), name, 'latin1');
    expect([bad, readClientHello(copy)]).toEqual([bad, 'bad']);
  }
  expect(readClientHello(Buffer.from('GET / HTTP/1.1\r\n'))).toBe('not-tls');
  expect(readClientHello(Buffer.from([22, 2, 0]))).toBe('not-tls');
  expect(readClientHello(Buffer.from([22, 3, 1, 0, 0]))).toBe('bad');
  expect(readClientHello(Buffer.from([22, 3, 1, 0xff, 0xff, 1]))).toBe('bad');
  expect(readClientHello(Buffer.from([22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]))).toBe('bad');
  expect(readClientHello(Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0]))).toBe('bad');
});

test('no length in it leads out of it', async () => {
  const bytes = await hello({ servername: 'shop.example', ALPNProtocols: ['http/1.1'] });
  for (let at = 5; at < bytes.length; at += 1) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const copy = Buffer.from(bytes);
      copy[at] = value;
      const verdict = readClientHello(copy);
      const isKnown = typeof verdict === 'string' || verdict.serverName.length <= 255;
      expect(isKnown).toBe(true);
    }
  }
});

test('a byte is looked at once, in however many packets and records it comes', async () => {
  const bytes = fragmented(await hello({ servername: 'shop.example' }), 1);
  const lengthsRead = jest.spyOn(Buffer.prototype, 'readUInt16BE');
  const reader = new HelloReader();
  const verdicts = Array.from({ length: bytes.length }, (_, at) => reader.push(bytes.subarray(at, at + 1)));
  const reads = lengthsRead.mock.calls.length;
  lengthsRead.mockRestore();
  expect(verdicts.slice(0, -1).every((verdict) => verdict === 'more')).toBe(true);
  expect(verdicts.at(-1)).toMatchObject({ serverName: 'shop.example' });
  // The header of each record: when it is complete, with each byte of its body, and once more to assemble the message.
  expect(reads).toBeLessThan(bytes.length);
  expect(reader.take()).toEqual(bytes);
});

test('what stands around and behind a hello has an end', () => {
  const head = Buffer.from([1, 0, 0x3f, 0xf0, ...Buffer.alloc(16_368)]);
  const endless = fragmented(Buffer.concat([Buffer.alloc(5), head]), 1);
  const reader = new HelloReader();
  let at = 0;
  while (at < endless.length && reader.push(endless.subarray(at, at + 1)) === 'more') at += 1;
  expect(at).toBe(clientHelloRecordsBytesMax);
  const held = new HelloReader();
  expect([held.hold(Buffer.alloc(clientHelloRecordsBytesMax)), held.hold(Buffer.alloc(1))]).toEqual(['more', 'bad']);
});

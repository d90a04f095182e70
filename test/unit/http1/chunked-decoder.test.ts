import { describe, expect, test } from '@jest/globals';
import { chunkExtensionBytesPerMessageMax, headerBlockBytesMax } from '../../../config/base/limits.js';
import { ChunkedDecoder } from '../../../server/http1/chunked.js';

function decodeAll(decoder: ChunkedDecoder, text: string): { readonly body: string; readonly used: number } {
  const bytes = Buffer.from(text, 'latin1');
  let body = '';
  let at = 0;
  while (at < bytes.length && !decoder.done && decoder.rejection === null) {
    const next = decoder.decode(bytes, at, bytes.length);
    expect(next).toBeGreaterThan(at);
    body += bytes.toString('latin1', decoder.dataStart, decoder.dataEnd);
    at = next;
  }
  return { body, used: at };
}

describe('chunked decoder', () => {
  test('one slice per call, as part of the buffer given', () => {
    const bytes = Buffer.from('xx3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nrest');
    const decoder = new ChunkedDecoder();
    const first = decoder.decode(bytes, 2, bytes.length);
    expect([decoder.dataStart, decoder.dataEnd, first]).toEqual([5, 8, 8]);
    const second = decoder.decode(bytes, first, bytes.length);
    expect([decoder.dataStart, decoder.dataEnd, second]).toEqual([13, 15, 15]);
    const third = decoder.decode(bytes, second, bytes.length);
    expect([decoder.dataStart === decoder.dataEnd, third, decoder.done]).toEqual([true, bytes.length - 4, true]);
  });

  test('may be used again after reset, also after a refusal', () => {
    const decoder = new ChunkedDecoder();
    decodeAll(decoder, '5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n');
    expect(decoder.trailers).toEqual(['X', 'y']);
    decoder.reset();
    decodeAll(decoder, '5\nhello');
    expect(decoder.rejection?.status).toBe(400);
    decoder.reset();
    expect(decodeAll(decoder, '5\r\nhello\r\n0\r\n\r\nGET')).toEqual({ body: 'hello', used: 15 });
    expect([decoder.done, decoder.trailers, decoder.rejection]).toEqual([true, null, null]);
  });

  test.each([
    [chunkExtensionBytesPerMessageMax - 1, true],
    [chunkExtensionBytesPerMessageMax, false],
  ])('extension names of %i bytes in one message: accepted %s', (size, accepted) => {
    const decoder = new ChunkedDecoder();
    decodeAll(decoder, `1;${'a'.repeat(size - 10)}\r\nx\r\n1;${'b'.repeat(9)}\r\nx\r\n0\r\n\r\n`);
    expect(decoder.done).toBe(accepted);
    expect(decoder.rejection === null).toBe(accepted);
  });

  test.each([
    ['FFFFFFFF', true],
    ['100000000', false],
    ['00000000FFFFFFFF', true],
    ['000000001', true],
    ['0000000001', false],
  ])('size %s: accepted %s', (size, accepted) => {
    const decoder = new ChunkedDecoder();
    decodeAll(decoder, `${size}\r\n`);
    expect(decoder.rejection === null).toBe(accepted);
  });

  test.each([
    [headerBlockBytesMax, true],
    [headerBlockBytesMax + 1, false],
  ])('trailers of %i bytes: accepted %s', (size, accepted) => {
    const decoder = new ChunkedDecoder();
    decodeAll(decoder, `0\r\nX: ${'y'.repeat(size - 5)}\r\n\r\n`);
    expect([decoder.done, decoder.rejection?.status ?? 0]).toEqual([accepted, accepted ? 0 : 431]);
  });

  test.each([
    [100, 0],
    [101, 431],
  ])('%i trailers', (count, status) => {
    const decoder = new ChunkedDecoder();
    decodeAll(decoder, `0\r\n${'X: y\r\n'.repeat(count)}\r\n`);
    expect(decoder.rejection?.status ?? 0).toBe(status);
  });

  test.each([
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'Host: evil',
    'Authorization: x',
    'Cookie: a=b',
    'Set-Cookie: a=b',
    'MS-ASPNETCORE-TOKEN: x',
    'ms_aspnetcore_token: x',
    'X-Forwarded-For: 1.2.3.4',
    'X_Forwarded_For: 1.2.3.4',
    'Connection: close',
    'Trailer: X',
    'TE: trailers',
    'Expect: 100-continue',
    'Upgrade: h2c',
    'Content-Type: text/html',
    'Content-Encoding: gzip',
    'Content_Encoding: gzip',
    'Cache-Control: no-store',
    'Keep-Alive: timeout=1',
    'Proxy: x',
    'Date: now',
    'Content_Length: 5',
  ])('the trailer %s does not travel', (line) => {
    const decoder = new ChunkedDecoder();
    decodeAll(decoder, `0\r\n${line}\r\nX-Checksum: 1\r\n\r\n`);
    expect([decoder.done, decoder.trailers]).toEqual([true, ['X-Checksum', '1']]);
  });

  test('a million chunks of one byte are decoded', () => {
    const decoder = new ChunkedDecoder();
    const piece = Buffer.from('1\r\nx\r\n'.repeat(1_000));
    let data = 0;
    for (let i = 0; i < 1_000; i++) {
      for (let at = 0; at < piece.length; ) {
        at = decoder.decode(piece, at, piece.length);
        data += decoder.dataEnd - decoder.dataStart;
      }
    }
    expect([data, decoder.rejection]).toEqual([1_000_000, null]);
  });
});

import { describe, expect, test } from '@jest/globals';
import {
  clientFraming,
  interimHead,
  responseHead,
  type ResponseHeadOptions,
  trailerBlock,
} from '../../../server/http1/forward.js';
import { createRequestHead, parseRequestHead } from '../../../server/http1/request-head.js';
import { createResponseHead, parseResponseHead } from '../../../server/http1/response-head.js';
import type { RequestHead, ResponseHead } from '../../../server/http1/types.js';

function answer(statusLine: string, lines: readonly string[]): ResponseHead {
  const head = createResponseHead();
  const bytes = Buffer.from(`${[statusLine, ...lines].join('\r\n')}\r\n\r\n`, 'latin1');
  expect(parseResponseHead(bytes, 0, bytes.length, 0, head)).toBe(bytes.length);
  return head;
}

function request(line: string): RequestHead {
  const head = createRequestHead();
  const bytes = Buffer.from(`${line}\r\nHost: a\r\n\r\n`);
  expect(parseRequestHead(bytes, 0, bytes.length, 0, head)).toBe(bytes.length);
  return head;
}

const date = 'Sat, 01 Aug 2026 10:00:00 GMT';

function lines(head: ResponseHead, options: Partial<ResponseHeadOptions> = {}): string[] {
  const text = responseHead(head, {
    framing: 'length',
    date,
    connection: 'default',
    cookie: '',
    strictTransportSecurity: '',
    ...options,
  });
  expect(text.endsWith('\r\n\r\n')).toBe(true);
  return text.slice(0, -4).split('\r\n');
}

describe('head of an answer for the client', () => {
  test('passes fields as they are and adds Date', () => {
    const head = answer('HTTP/1.1 200 OK', [
      'Server: Kestrel',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'X: caf\u00e9',
      'Content-Length: 5',
    ]);
    expect(lines(head)).toEqual([
      'HTTP/1.1 200 OK',
      'Server: Kestrel',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'X: caf\u00e9',
      'Content-Length: 5',
      `Date: ${date}`,
    ]);
  });

  test("keeps the worker's Date, once", () => {
    const head = answer('HTTP/1.1 200 OK', ['Date: x', 'date: y', 'Content-Length: 0']);
    expect(lines(head)).toEqual(['HTTP/1.1 200 OK', 'Date: x', 'Content-Length: 0']);
  });

  test.each([
    'Connection: close',
    'Keep-Alive: timeout=5',
    'Upgrade: h2c',
    'Proxy-Connection: close',
    'TE: trailers',
    'MS-ASPNETCORE-TOKEN: secret',
    'ms_aspnetcore_token: secret',
  ])('%s never reaches the client', (line) => {
    expect(lines(answer('HTTP/1.1 200 OK', [line, 'Date: x', 'Content-Length: 0']))).toEqual([
      'HTTP/1.1 200 OK',
      'Date: x',
      'Content-Length: 0',
    ]);
  });

  test('removes what the Connection of the worker names, but not the framing', () => {
    const head = answer('HTTP/1.1 200 OK', [
      'Connection: X-Secret, Content-Length, Date',
      'X-Secret: 1',
      'Date: x',
      'Content-Length: 0',
    ]);
    expect(lines(head)).toEqual(['HTTP/1.1 200 OK', 'Date: x', 'Content-Length: 0']);
  });

  test('says close or keep-alive as told', () => {
    const head = answer('HTTP/1.1 200 OK', ['Date: x', 'Content-Length: 0']);
    expect(lines(head, { connection: 'close' }).at(-1)).toBe('Connection: close');
    expect(lines(head, { connection: 'keep-alive' }).at(-1)).toBe('Connection: keep-alive');
  });

  test('announces trailers only when chunks carry them', () => {
    const head = answer('HTTP/1.1 200 OK', ['Date: x', 'Trailer: X', 'Transfer-Encoding: chunked']);
    expect(lines(head, { framing: 'chunked' })).toEqual([
      'HTTP/1.1 200 OK',
      'Date: x',
      'Trailer: X',
      'Transfer-Encoding: chunked',
    ]);
    expect(lines(head, { framing: 'close', connection: 'close' })).toEqual([
      'HTTP/1.1 200 OK',
      'Date: x',
      'Connection: close',
    ]);
  });

  test('an accepted upgrade keeps its Upgrade field', () => {
    const head = answer('HTTP/1.1 101 Switching Protocols', [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Accept: x',
      'Date: x',
    ]);
    expect(lines(head, { framing: 'none', connection: 'upgrade' })).toEqual([
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Sec-WebSocket-Accept: x',
      'Date: x',
      'Connection: Upgrade',
    ]);
  });

  test('interim answers lose hop-by-hop fields and gain nothing', () => {
    const head = answer('HTTP/1.1 103 Early Hints', ['Link: </a>', 'Connection: close', 'Content-Length: 0']);
    expect(interimHead(head)).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
  });
});

describe('framing towards the client', () => {
  test.each([
    ['GET / HTTP/1.1', 'HTTP/1.1 200 OK', 'Content-Length: 5', 'length'],
    ['GET / HTTP/1.0', 'HTTP/1.1 200 OK', 'Content-Length: 5', 'length'],
    ['GET / HTTP/1.1', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'chunked'],
    ['GET / HTTP/1.0', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'close'],
    ['GET / HTTP/1.1', 'HTTP/1.1 200 OK', 'X: y', 'chunked'],
    ['GET / HTTP/1.0', 'HTTP/1.0 200 OK', 'X: y', 'close'],
    ['HEAD / HTTP/1.1', 'HTTP/1.1 200 OK', 'Content-Length: 5', 'none'],
    ['GET / HTTP/1.1', 'HTTP/1.1 204 No Content', 'Content-Length: 5', 'none'],
    ['GET / HTTP/1.1', 'HTTP/1.1 304 Not Modified', 'Content-Length: 5', 'none'],
  ])('%s answered by %s with %s: %s', (line, statusLine, field, framing) => {
    expect(clientFraming(request(line), answer(statusLine, [field]))).toBe(framing);
  });

  test('HEAD and 304 keep the length as information, 204 does not', () => {
    const length = ['Date: x', 'Content-Length: 5'];
    expect(lines(answer('HTTP/1.1 200 OK', length), { framing: 'none' })).toContain('Content-Length: 5');
    expect(lines(answer('HTTP/1.1 304 Not Modified', length), { framing: 'none' })).toContain('Content-Length: 5');
    expect(lines(answer('HTTP/1.1 204 No Content', length), { framing: 'none' })).not.toContain('Content-Length: 5');
  });

  test('the end of chunks with and without trailers', () => {
    expect(trailerBlock(null)).toBe('0\r\n\r\n');
    expect(trailerBlock(['X', 'y', 'Z', ''])).toBe('0\r\nX: y\r\nZ: \r\n\r\n');
  });
});

test('what a worker says about its connection', () => {
  expect(answer('HTTP/1.1 200 OK', ['Keep-Alive: max=3, timeout=72'])).toMatchObject({
    keepAlive: true,
    keepAliveTimeoutSeconds: 72,
  });
  expect(answer('HTTP/1.1 200 OK', ['Keep-Alive: timeout=x'])).toMatchObject({ keepAliveTimeoutSeconds: -1 });
  expect(answer('HTTP/1.1 200 OK', ['Connection: close'])).toMatchObject({ keepAlive: false });
  expect(answer('HTTP/1.0 200 OK', [])).toMatchObject({ keepAlive: false, framing: 'close' });
  expect(answer('HTTP/1.0 200 OK', ['Connection: keep-alive'])).toMatchObject({ keepAlive: true });
});

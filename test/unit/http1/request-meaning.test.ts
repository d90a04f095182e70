import { describe, expect, test } from '@jest/globals';
import { createRequestHead, parseRequestHead } from '../../../server/http1/request-head.js';
import type { RequestHead } from '../../../server/http1/types.js';

function parse(lines: readonly string[], head = createRequestHead(), scheme: 'http' | 'https' = 'http'): RequestHead {
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const used = parseRequestHead(bytes, 0, bytes.length, 0, head, scheme);
  expect(used === bytes.length || used === -1).toBe(true);
  return head;
}

describe('what a head means', () => {
  test.each([
    ['a.test', 'a.test', 'a.test'],
    ['A.Test.:8080', 'A.Test.:8080', 'a.test'],
    ['[2001:DB8::1]:80', '[2001:DB8::1]:80', '[2001:db8::1]'],
    ['127.0.0.1:1', '127.0.0.1:1', '127.0.0.1'],
  ])('Host %s', (value, hostField, host) => {
    expect(parse(['GET / HTTP/1.1', `Host: ${value}`])).toMatchObject({ hostField, host, rejection: null });
  });

  test.each([
    ['GET / HTTP/1.1', [], true],
    ['GET / HTTP/1.1', ['Connection: close'], false],
    ['GET / HTTP/1.1', ['Connection: x, CLOSE'], false],
    ['GET / HTTP/1.1', ['Connection: keep-alive', 'Connection: close'], false],
    ['GET / HTTP/1.0', [], false],
    ['GET / HTTP/1.0', ['Connection: Keep-Alive'], true],
    ['GET / HTTP/1.0', ['Connection: keep-alive, close'], false],
  ])('%s %j persists: %s', (line, fields, keepAlive) => {
    expect(parse([line, 'Host: a', ...fields]).keepAlive).toBe(keepAlive);
  });

  test.each([
    ['OPTIONS http://a HTTP/1.1', '*', '*'],
    ['GET http://a HTTP/1.1', '/', '/'],
    ['GET http://a?q HTTP/1.1', '/?q', '/'],
    ['GET http://a/b/c?d/e HTTP/1.1', '/b/c?d/e', '/b/c'],
    ['OPTIONS * HTTP/1.1', '*', '*'],
    ['GET /?a?b HTTP/1.1', '/?a?b', '/'],
  ])('%s', (line, target, path) => {
    expect(parse([line, 'Host: a'])).toMatchObject({ target, path, rejection: null });
  });

  test('an absolute-form target has the scheme of its connection', () => {
    expect(parse(['GET https://a/ HTTP/1.1', 'Host: a:443'], createRequestHead(), 'https').rejection).toBeNull();
    expect(parse(['GET http://a/ HTTP/1.1', 'Host: a'], createRequestHead(), 'https').rejection?.status).toBe(400);
  });

  test('an absolute-form target of HTTP/1.0 brings its Host along', () => {
    expect(parse(['GET http://a.test:81/ HTTP/1.0', 'X: y'])).toMatchObject({
      hostField: 'a.test:81',
      host: 'a.test',
      fields: ['X', 'y', 'Host', 'a.test:81'],
    });
  });

  test.each([
    [['Content-Length: 0'], 'none', 0, false],
    [['Content-Length: 5'], 'length', 5, false],
    [['Transfer-Encoding: chunked'], 'chunked', 0, false],
    [['Content-Length: 5', 'Expect: 100-continue'], 'length', 5, true],
    [['Transfer-Encoding: chunked', 'Expect: 100-continue'], 'chunked', 0, true],
    [['Expect: 100-continue'], 'none', 0, false],
  ])('%j', (fields, framing, contentLength, expectContinue) => {
    expect(parse(['PUT / HTTP/1.1', 'Host: a', ...fields])).toMatchObject({ framing, contentLength, expectContinue });
  });

  test('HTTP/1.0 ignores Expect', () => {
    const head = parse(['PUT / HTTP/1.0', 'Host: a', 'Expect: x', 'Content-Length: 5']);
    expect(head).toMatchObject({ rejection: null, expectContinue: false });
  });

  test('names of JavaScript objects are only names', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '0', '4294967295', 'set-cookie'];
    const head = parse(['GET / HTTP/1.1', 'Host: a', ...names.map((name) => `${name}: v`)]);
    expect(head.fields).toEqual(['Host', 'a', ...names.flatMap((name) => [name, 'v'])]);
  });

  test('nothing of one request is left in the next one on the same head', () => {
    const reused = createRequestHead();
    parse(
      [
        'POST http://b/ HTTP/1.1',
        'Host: b',
        'Transfer-Encoding: chunked',
        'Trailer: X',
        'Connection: X-A, close',
        'X-A: 1',
        'X_B: 2',
        'Expect: 100-continue',
      ],
      reused,
    );
    parse(['GET / HTTP/1.1', 'Host: b', 'Connection: Upgrade', 'Upgrade: websocket'], reused);
    parse(['BAD'], reused);
    const second = ['GET /x HTTP/1.1', 'Host: a', 'X: y'];
    expect(parse(second, reused)).toEqual({ ...parse(second), judgeAgainAt: reused.judgeAgainAt });
    parse(['GET / HTTP/1.0'], reused);
    expect(reused).toMatchObject({ host: '', hostField: '', fields: [], fieldKinds: [] });
    expect(parse(['GET / HTTP/1.1', 'Host: A'], reused)).toMatchObject({ host: 'a', hostField: 'A' });
    expect(parse(['GET / HTTP/1.1', 'Host: a..b'], reused).rejection?.status).toBe(400);
    expect(parse(['GET / HTTP/1.1', 'Host: A'], reused)).toMatchObject({ host: 'a', rejection: null });
  });

  test.each([
    [8_192, 0],
    [8_193, 414],
  ])('a request line of %i bytes', (size, status) => {
    const line = `GET /${'a'.repeat(size - 'GET / HTTP/1.1'.length)} HTTP/1.1`;
    expect(line).toHaveLength(size);
    expect(parse([line, 'Host: a']).rejection?.status ?? 0).toBe(status);
  });

  test.each([
    [32_768, 0],
    [32_769, 431],
  ])('field lines of %i bytes', (size, status) => {
    const rest = size - 'Host: a\r\nX: \r\n'.length;
    expect(parse(['GET / HTTP/1.1', 'Host: a', `X: ${'y'.repeat(rest)}`]).rejection?.status ?? 0).toBe(status);
  });

  test.each([
    [100, 0],
    [101, 431],
  ])('%i fields', (count, status) => {
    const fields = Array.from({ length: count - 1 }, (_, i) => `X${i}: y`);
    expect(parse(['GET / HTTP/1.1', 'Host: a', ...fields]).rejection?.status ?? 0).toBe(status);
  });
});

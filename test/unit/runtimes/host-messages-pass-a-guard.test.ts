import { describe, expect, test } from '@jest/globals';
import { parseHostMessage } from '../../../pools/protocol/guard.js';

const beat = { type: 'heartbeat', inFlight: 2, quiet: true, delayMs: 1.5, utilization: 0.25, heapUsed: 1_000 };

describe('a message of the in-process host', () => {
  test.each([
    { type: 'hello', protocol: 1, node: 'v20.20.2', pid: 12, path: 'fast' },
    { type: 'listening', port: 8_080, how: 'listen' },
    { type: 'notice', code: 'late-server', text: 'a second server' },
    beat,
    { type: 'pong', id: 7 },
    { type: 'refused', code: 'http2-only', text: 'needs HTTP/1.1' },
    { type: 'fatal', text: 'Error: boom' },
  ])('passes as it is: $type', (message) => {
    expect(parseHostMessage(JSON.stringify(message))).toEqual({ ok: true, message });
  });

  test.each([
    ['{{', 'not JSON'],
    ['null', 'not an object'],
    ['[]', 'not an object'],
    ['"hello"', 'not an object'],
    ['{}', 'unknown message type'],
    ['{"type":"__proto__"}', 'unknown message type'],
    ['{"type":"constructor"}', 'unknown message type'],
    ['{"type":"listening","port":"80","how":"listen"}', 'listening.port is not a whole number up to 65535'],
    ['{"type":"listening","port":65536,"how":"listen"}', 'listening.port is not a whole number up to 65535'],
    ['{"type":"listening","port":1.5,"how":"listen"}', 'listening.port is not a whole number up to 65535'],
    ['{"type":"listening","port":80,"how":"magic"}', 'listening.how is not listen or export'],
    ['{"type":"listening","port":80}', 'listening.how is not listen or export'],
    ['{"type":"pong","id":-1}', 'pong.id is not a whole number up to 4294967295'],
    [
      '{"type":"heartbeat","inFlight":0,"quiet":1,"delayMs":0,"utilization":0,"heapUsed":0}',
      'heartbeat.quiet is not true or false',
    ],
    [
      '{"type":"heartbeat","inFlight":0,"quiet":false,"delayMs":null,"utilization":0,"heapUsed":0}',
      'heartbeat.delayMs is not a number',
    ],
    ['{"type":"fatal","text":{"toString":"x"}}', 'fatal.text is not text'],
    ['{"type":"pong","__proto__":{"id":1}}', 'pong.id is not a whole number up to 4294967295'],
  ])('is refused: %s', (json, problem) => {
    expect(parseHostMessage(json)).toEqual({ ok: false, problem });
  });

  test('carries only the fields that we know', () => {
    const result = parseHostMessage('{"type":"pong","id":1,"extra":true,"__proto__":{"polluted":1}}');
    expect(result).toEqual({ ok: true, message: { type: 'pong', id: 1 } });
    expect('polluted' in {}).toBe(false);
  });

  test('has its measured figures clamped and its texts cut', () => {
    const wild = parseHostMessage(JSON.stringify({ ...beat, delayMs: -5, utilization: 7, heapUsed: 1e300 }));
    expect(wild).toMatchObject({ message: { delayMs: 0, utilization: 1, heapUsed: Number.MAX_SAFE_INTEGER } });
    const long = parseHostMessage(JSON.stringify({ type: 'fatal', text: 'x'.repeat(60_000) }));
    expect(long).toMatchObject({ ok: true, message: { text: 'x'.repeat(16_384) } });
  });
});

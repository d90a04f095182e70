import { describe, expect, test } from '@jest/globals';
import { type AnswerCase, hostileResponses } from '../../conformance/corpus/index.js';
import { judgeAnswer } from './judge-answer.js';

const all = [...hostileResponses()];

/** After a chunk error the pure layer says `cut`; the listener answers 502 if nothing went out yet. */
function isRight(entry: AnswerCase, outcome: string): boolean {
  return entry.expect === '502-or-cut' ? outcome === 'cut' : entry.expect === outcome;
}

describe('answers of a hostile worker', () => {
  test.each(all.map((entry) => [entry.id, entry] as const))('%s', (_, entry) => {
    const whole = judgeAnswer(entry.bytes);
    expect({ outcome: whole.outcome, right: isRight(entry, whole.outcome), reason: whole.reason }).toEqual({
      outcome: whole.outcome,
      right: true,
      reason: whole.reason,
    });
    const sizes = entry.bytes.length < 5_000 ? [1, 2, 7] : [1_000];
    for (const size of sizes) expect(judgeAnswer(entry.bytes, 'GET', size)).toEqual(whole);
  });

  test('a body is complete only when its framing says so', () => {
    const good = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n');
    for (let length = 0; length < good.length; length++) {
      expect(judgeAnswer(good.subarray(0, length)).outcome).not.toBe('ok');
    }
    expect(judgeAnswer(good)).toMatchObject({ outcome: 'ok', body: 'hello', trailers: ['X', 'y'] });
  });

  test('forbidden trailers are dropped', () => {
    const entry = all.find(({ id }) => id === 'forbidden-trailers');
    expect(judgeAnswer(entry?.bytes ?? Buffer.alloc(0))).toMatchObject({
      outcome: 'ok',
      body: 'hello',
      trailers: null,
    });
  });

  test('HEAD, 204 and 304 have no body whatever the fields say', () => {
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
    expect(judgeAnswer(bytes, 'HEAD').outcome).toBe('ok');
    expect(judgeAnswer(bytes, 'GET').outcome).toBe('cut');
  });
});

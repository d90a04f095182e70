import { describe, expect, test } from '@jest/globals';
import { mustAccept, mustRefuse, type RequestCase } from '../../conformance/corpus/index.js';
import { Random } from '../../support/random.js';
import { judge, judgeSplit } from './judge.js';

const seed = Number(process.env['SLUICE_FUZZ_SEED'] ?? 4_711);
const all = [...mustRefuse(), ...mustAccept()];
const small = all.filter((entry) => entry.bytes.length <= 600);

function differing(entries: readonly RequestCase[], offsetsOf: (entry: RequestCase) => readonly number[][]): string[] {
  const wrong: string[] = [];
  for (const entry of entries) {
    const whole = JSON.stringify(judge(entry.bytes));
    for (const offsets of offsetsOf(entry)) {
      const split = JSON.stringify(judgeSplit(entry.bytes, offsets));
      if (split !== whole)
        wrong.push(
          `${entry.id} split at ${offsets.join(',').slice(0, 60)}: ${split} instead of ${whole}`.slice(0, 600),
        );
    }
  }
  return wrong;
}

function upTo(length: number): number[] {
  return Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
}

describe('a verdict does not depend on how the bytes arrive', () => {
  test('two pieces, at every offset', () => {
    const entries = small.filter((_, index) => index % 3 === 0);
    expect(differing(entries, (entry) => upTo(entry.bytes.length).map((offset) => [offset]))).toEqual([]);
  });

  test('one byte at a time', () => {
    expect(differing(small, (entry) => [upTo(entry.bytes.length)])).toEqual([]);
  });

  test(`random pieces, seed ${seed}`, () => {
    const random = new Random(seed);
    const pieces = (entry: RequestCase): number[][] => [
      Array.from({ length: 1 + random.below(6) }, () => random.below(entry.bytes.length)).sort((a, b) => a - b),
    ];
    expect(differing(all, pieces)).toEqual([]);
  });

  test('a pipeline of good requests and a bad one, at every offset', () => {
    const bytes = Buffer.concat([
      Buffer.from('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n'),
      Buffer.from(
        'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x="\\""\r\nabc\r\n0\r\nX: y\r\n\r\n',
      ),
      Buffer.from('POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'),
      Buffer.from('\r\nGET /4 HTTP/1.1\r\nHost: a\r\n\r\nGET /5 HTTP/1.1\nHost: a\r\n\r\n'),
    ]);
    const whole = judge(bytes);
    expect(whole.requests).toHaveLength(4);
    expect(whole.outcome).toBe('400 BareLf');
    for (const offset of upTo(bytes.length)) expect(judgeSplit(bytes, [offset])).toEqual(whole);
    expect(judgeSplit(bytes, upTo(bytes.length))).toEqual(whole);
  });

  test('a head of 32 kB in single bytes is scanned a bounded number of times', () => {
    const fields = Array.from({ length: 99 }, (_, i) => `X${i}: ${'y'.repeat(320)}\r\n`).join('');
    const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    expect(judgeSplit(bytes, upTo(bytes.length)).outcome).toBe('end');
  });
});

import { describe, expect, test } from '@jest/globals';
import { mustAccept, mustRefuse, type RequestCase } from '../../conformance/corpus/index.js';
import { judge } from './judge.js';

function classOf(entry: RequestCase): string {
  return entry.id.slice(0, entry.id.indexOf('/'));
}

const refused = [...mustRefuse()];
const accepted = [...mustAccept()];

describe('the corpus', () => {
  test('has a name for every case and more than a thousand requests to refuse', () => {
    const ids = [...refused, ...accepted].map((entry) => entry.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(refused.length).toBeGreaterThan(1_000);
  });

  test.each([...new Set(refused.map(classOf))])('every request of class %s is refused with its status', (name) => {
    const wrong = refused
      .filter((entry) => classOf(entry) === name)
      .map((entry) => ({ entry, verdict: judge(entry.bytes) }))
      .filter(({ entry, verdict }) => !entry.statuses.includes(verdict.status) || verdict.requests.length > 0)
      .map(
        ({ entry, verdict }) =>
          `${entry.id}: ${verdict.outcome}, accepted ${verdict.requests.join(' | ').slice(0, 200)}`,
      );
    expect(wrong).toEqual([]);
  });

  test('every valid request is accepted as exactly one', () => {
    const wrong = accepted
      .map((entry) => ({ entry, verdict: judge(entry.bytes) }))
      .filter(({ verdict }) => verdict.outcome !== 'end' || verdict.requests.length !== 1)
      .map(({ entry, verdict }) => `${entry.id}: ${verdict.outcome}`);
    expect(wrong).toEqual([]);
  });

  test('nothing behind a refused request is looked at', () => {
    const next = Buffer.from('GET /next HTTP/1.1\r\nHost: shop.localhost\r\n\r\n');
    const leaked = refused.filter((entry) => judge(Buffer.concat([entry.bytes, next])).requests.length > 0);
    expect(leaked.map((entry) => entry.id)).toEqual([]);
  });
});

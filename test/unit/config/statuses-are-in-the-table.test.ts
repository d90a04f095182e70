import { expect, test } from '@jest/globals';
import { statusEntry, statusGroups } from '../../../config/base/statuses.js';
import { badAnswer, badRequest } from '../../../server/http1/rejections.js';
import * as others from '../../../server/http1/rejections.js';

test('every verdict of the parsers has an entry', () => {
  const { badRequest: _requests, badAnswer: _answers, ...single } = others;
  for (const { status, subStatus, reason } of [badRequest, badAnswer, single].flatMap((one) => Object.values(one))) {
    expect({ reason, entry: statusEntry(status, subStatus, reason) }).not.toMatchObject({ entry: null });
  }
});

test('a pair of status and reason stands in one entry', () => {
  const keys = statusGroups
    .flatMap(({ entries }) => entries)
    .flatMap(({ status, subStatus, reasons }) =>
      (reasons.length === 0 ? [''] : reasons).map((word) => `${status}.${subStatus} ${word}`),
    );
  expect(new Set(keys).size).toBe(keys.length);
});

test('the entry of a reason goes before the one for all', () => {
  expect(statusEntry(502, 5, 'RapidFail')?.title).toContain('too often');
  expect(statusEntry(502, 3, 'AnswerBareLf')?.reasons).toEqual([]);
  expect(statusEntry(418, 0, '')).toBeNull();
});

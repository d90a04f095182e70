import { describe, expect, test } from '@jest/globals';
import { alone, hosted, subjects } from '../../support/behaviour/suite.js';
import { outOfProcess } from '../../support/hosting.js';

describe.each(subjects)('$name', (subject) => {
  test('hosted in-process answers as it does alone', async () => {
    const expected = await alone(subject);
    expect(expected.length).toBeGreaterThan(1);
    expect(await hosted(subject)).toEqual(expected);
  });

  test('hosted out-of-process answers as it does alone', async () => {
    expect(await hosted(subject, outOfProcess(subject.entry))).toEqual(await alone(subject));
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { alone, subjects, Together } from '../../support/behaviour/suite.js';

let together: Together;

beforeAll(async () => {
  together = await Together.start(subjects, ['in-process', 'out-of-process']);
});

afterAll(async () => {
  await together.sluice.stop();
});

describe.each(subjects)('$name', (subject) => {
  test('hosted both ways answers as it does alone', async () => {
    const expected = await alone(subject);
    expect(expected.length).toBeGreaterThan(1);
    expect(await together.behaviour(subject, 'in-process')).toEqual(expected);
    expect(await together.behaviour(subject, 'out-of-process')).toEqual(expected);
  });
});

import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { isTraced, moreNames, moreSubjects, nextSubject } from '../../support/behaviour/more-subjects.js';
import { alone, type Subject, Together } from '../../support/behaviour/suite.js';
import { appsWithPackages, isInstalled } from '../../support/more-frameworks.js';
import { testNeeding } from '../../support/needs.js';
import { removeFolder } from '../../support/temp-folder.js';

let root: string | null = null;
let subjects: readonly Subject[] = [];
let together: Together | null = null;

beforeAll(async () => {
  if (!isInstalled('more-frameworks')) return;
  root = appsWithPackages();
  subjects = moreSubjects(root);
  together = await Together.start(subjects, ['in-process', 'out-of-process']);
});

afterAll(async () => {
  await together?.sluice.stop();
  if (root !== null) removeFolder(root);
});

describe.each(moreNames)('%s', (name) => {
  testNeeding('more-frameworks')('hosted both ways answers as it does alone', async () => {
    const subject = subjects.find((one) => one.name === name);
    if (subject === undefined || together === null) throw new Error(name);
    const expected = await alone(subject);
    expect(expected.length).toBeGreaterThan(1);
    expect(await together.behaviour(subject, 'in-process')).toEqual(expected);
    if (!isTraced(subject)) expect(await together.behaviour(subject, 'out-of-process')).toEqual(expected);
  });
});

describe('next', () => {
  testNeeding('next-app')('a standalone build answers as it does alone', async () => {
    const subject = nextSubject();
    const expected = await alone(subject);
    const next = await Together.start([subject], ['in-process', 'out-of-process']);
    try {
      expect(await next.behaviour(subject, 'in-process')).toEqual(expected);
      expect(await next.behaviour(subject, 'out-of-process')).toEqual(expected);
    } finally {
      await next.sluice.stop();
    }
  });
});

import { expect } from '@jest/globals';
import { powerCut } from '../../acceptance/experiments/primary/broken-disks.js';
import { testNeeding } from '../../support/needs.js';

testNeeding('strace')(
  'content is synced before it gets its name, and the folder after it',
  async () => {
    expect(await powerCut()).toMatchObject({ broken: [] });
  },
  60_000,
);

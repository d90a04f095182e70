import { expect } from '@jest/globals';
import { dotnet } from '../../acceptance/experiments/dotnet.js';
import { testNeeding } from '../../support/needs.js';

testNeeding('dotnet')(
  dotnet.promise,
  async () => {
    expect(await dotnet.run(1)).toMatchObject({ broken: [] });
  },
  300_000,
);

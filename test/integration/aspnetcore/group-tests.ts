import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Group } from '../../acceptance/experiments/aspnetcore/group.js';
import { findProgram } from '../../support/find-program.js';
import { testNeeding } from '../../support/needs.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

/** Publishing is part of the first one. */
const startLimitMs = 600_000;
const checkLimitMs = 240_000;

/** The checks of a group as tests on one server. */
export function testGroup(group: Group): void {
  describe(`${group.promise}`, () => {
    let folder = '';
    let sluice: Sluice | null = null;

    beforeAll(async () => {
      if (findProgram('dotnet') === null) return;
      folder = tempFolder('net');
      sluice = await startSluice(await group.server(folder));
    }, startLimitMs);
    afterAll(async () => {
      await sluice?.stop();
      if (folder !== '') removeFolder(folder);
    }, checkLimitMs);

    for (const check of group.checks) {
      testNeeding('dotnet')(
        check.name,
        async () => {
          if (sluice === null) throw new Error('the server did not start');
          expect(await check.run(sluice)).toMatchObject({ broken: [] });
        },
        checkLimitMs,
      );
    }
  });
}

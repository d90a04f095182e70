import { writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { call } from '../../support/http-client.js';
import { testNeeding } from '../../support/needs.js';
import { app, sluiceMain } from '../../support/paths.js';
import { run, startProgram } from '../../support/program.js';
import { startSluice } from '../../support/sluice.js';
import { removeFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

// A run whose isolation was overridden stores nothing, and as root in a closed folder every test run is one.
const testStored = process.getuid?.() === 0 ? testNeeding('other users') : test;

testStored('with --last-good a broken file is told and the copy serves', async () => {
  const options = {
    applicationPools: [{ name: 'a' }],
    applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
  };
  const sluice = await startSluice(options);
  await sluice.call('/');
  await sluice.program.stop();
  // The top-level keys can still be read; the rest is nonsense.
  writeFileSync(sluice.file, `{ "stateDir": "${sluice.folder}/state", "sites": 7 }`);
  const refused = await run(process.execPath, [sluiceMain, 'start', sluice.file]);
  expect(refused.code).toBe(78);
  const second = startProgram(process.execPath, [sluiceMain, 'start', sluice.file, '--last-good']);
  await until('it serves', async () => {
    if (second.child.exitCode !== null) throw new Error(second.output());
    return (await call(sluice.port, '/').catch(() => null))?.text === 'plain\n';
  });
  // Listeners accept before the warnings are written.
  await until('the broken file is told', () => /sluice\.yaml:1:\d+: warning:/.test(second.output()), {
    state: () => second.output(),
  });
  expect(await second.stop()).toEqual({ code: 0, signal: null });
  removeFolder(sluice.folder);
});

import { statSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { storeLastGood } from '../../../config/change/last-good.js';
import { good, oneApplication, withFiles } from './support.js';

test('only when it is asked for, only for the same file, with the problems as warnings', async () => {
  await withFiles(async (files) => {
    files.write('app/server.js').write('sluice.yaml', `stateDir: ./state\n${oneApplication()}`);
    const served = good(await files.load());
    await storeLastGood(served);
    expect(statSync(files.path('state/last-good.json')).mode & 0o777).toBe(0o600);

    files.write('sluice.yaml', `stateDir: ./state\nwrong: 1\n${oneApplication()}`);
    expect((await files.load()).config).toBeNull();
    const result = await files.load({ lastGood: true });
    expect(good(result).applications).toEqual(served.applications);
    expect(good(result).version).toBe(served.version);
    expect(result.diagnostics.map((one) => [one.severity, one.code])).toEqual([
      ['warning', 'unknown-key'],
      ['warning', 'last-good'],
    ]);

    files.write('other.yaml', 'stateDir: ./state\nwrong: 1\n');
    expect((await files.load({ lastGood: true }, 'other.yaml')).config).toBeNull();
  });
});

test('a good file goes before the copy; a damaged copy is none', async () => {
  await withFiles(async (files) => {
    files.write('app/server.js').write('sluice.yaml', `stateDir: ./state\n${oneApplication()}`);
    await storeLastGood(good(await files.load()));
    files.write('sluice.yaml', `stateDir: ./state\nlisteners: 3\n${oneApplication()}`);
    expect(good(await files.load({ lastGood: true })).server.listeners).toBe(3);
    writeFileSync(files.path('state/last-good.json'), '{"format":1,"con');
    files.write('sluice.yaml', 'stateDir: ./state\nwrong: 1\n');
    expect((await files.load({ lastGood: true })).config).toBeNull();
  });
});

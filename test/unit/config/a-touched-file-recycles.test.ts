import { expect, test } from '@jest/globals';
import { utimesSync } from 'node:fs';
import { diffConfig } from '../../../config/change/diff.js';
import { good, oneApplication, webConfig, withFiles } from './support.js';

test('a file of recycleOnFileChange is watched; what happens to it recycles the pool and nothing else does', async () => {
  await withFiles(async (files) => {
    const inside = '<recycleOnFileChange><file path=".\\touch.txt" /></recycleOnFileChange>';
    files.write('app/web.config', webConfig(`<httpPlatform processPath="python3">${inside}</httpPlatform>`));
    files.write('sluice.yaml', oneApplication());
    const load = async () => good(await files.load());
    const absent = await load();
    expect(absent.applicationSources.flat()).toContain(files.path('app/touch.txt'));
    files.write('app/touch.txt', 'one').write('app/other.txt', 'x');
    const there = await load();
    expect(diffConfig(absent, there).pools).toEqual([{ pool: 'DefaultAppPool', change: 'recycle' }]);
    files.write('app/other.txt', 'y');
    const same = await load();
    expect(same).toEqual(there);
    utimesSync(files.path('app/touch.txt'), 1_000, 1_000);
    const touched = await load();
    expect(diffConfig(same, touched).pools).toEqual([{ pool: 'DefaultAppPool', change: 'recycle' }]);
    expect(touched.version).not.toBe(same.version);
  });
});

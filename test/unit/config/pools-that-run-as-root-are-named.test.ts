import { expect, test } from '@jest/globals';
import { oneApplication, withFiles } from './support.js';

const pools =
  'applicationPools:\n  - name: a\n    isolation: process\n  - { name: b, isolation: process }\n  - name: c\n';

async function warnings(text: string, uid: number, isolation?: 'process'): Promise<string[]> {
  let found: string[] = [];
  await withFiles(async (files) => {
    files.write('app/server.js').write('sluice.yaml', text);
    const { diagnostics } = await files.load({ uid, overrides: isolation === undefined ? {} : { isolation } });
    found = diagnostics.map(({ line, code, message }) => `${line} ${code} ${message}`);
  });
  return found;
}

test('one warning names them all, at the first', async () => {
  const text = `${pools}${oneApplication('applicationPool: c')}`;
  const [only, ...more] = await warnings(text, 0);
  expect(only).toMatch(/^3 pool-runs-as-root pools a, b run as root, not protected from other pools/);
  expect(more).toEqual([]);
});

test('the defaults are blamed where they say it, for pools that nobody declared too', async () => {
  const [only] = await warnings(`applicationPoolDefaults: { isolation: process }\n${oneApplication()}`, 0);
  expect(only).toMatch(/^1 pool-runs-as-root pool DefaultAppPool runs as root/);
});

test('nothing is said without root, or when the command line asks for it', async () => {
  const text = `${pools}${oneApplication('applicationPool: c')}`;
  expect(await warnings(text, 1000)).toEqual([]);
  expect(await warnings(text, 0, 'process')).toEqual([]);
});

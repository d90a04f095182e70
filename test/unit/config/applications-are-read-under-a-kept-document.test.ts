import { expect, test } from '@jest/globals';
import { good, oneApplication, onlyApplication, webConfig, withFiles } from './support.js';

const closed = webConfig('<security><ipSecurity allowUnlisted="false"/></security>');

test('a web.config acts although the file above it is half written; the file itself is not looked at', async () => {
  await withFiles(async (files) => {
    const served = await files.write('app/server.js').write('sluice.yaml', oneApplication()).load();
    const { document } = served;
    if (document === undefined) throw new Error('no document');
    const same = good(await files.write('sluice.yaml', 'sites: [').load({ document: structuredClone(document) }));
    expect(same).toEqual(good(served));
    const changed = await files.write('app/web.config', closed).load({ document });
    expect(onlyApplication(changed).failure?.subStatus).toBe(19);
    expect(good(changed).version).not.toBe(same.version);
    // The same contents have the same version, however they were read.
    expect(good(await files.write('sluice.yaml', oneApplication()).load()).version).toBe(good(changed).version);
  });
});

test('an application that is served alone keeps its failure to itself once it runs', async () => {
  await withFiles(async (files) => {
    const { document } = await files.write('app/server.js').load({}, 'app');
    files.write('app/web.config', closed);
    expect((await files.load({}, 'app')).config).toBeNull();
    if (document === undefined) throw new Error('no document');
    expect(onlyApplication(await files.load({ document }, 'app')).failure?.subStatus).toBe(19);
  });
});

test('contents tell whether the same was read, good or bad', async () => {
  await withFiles(async (files) => {
    const first = await files.write('app/server.js').write('sluice.yaml', 'sites: [').load();
    expect((await files.load()).contents).toBe(first.contents);
    expect((await files.write('sluice.yaml', 'sites: [[').load()).contents).not.toBe(first.contents);
  });
});

test('a folder that does not exist fails its application whatever runs it, and is waited for', async () => {
  await withFiles(async (files) => {
    files.write('sluice.yaml', oneApplication('hosting: { processPath: /usr/bin/env, arguments: x }'));
    const result = await files.load();
    expect(onlyApplication(result).failure?.diagnostic.message).toContain('does not exist');
    expect(good(result).applicationSources.flat()).toContain(files.path('app'));
  });
});

import { expect, test } from '@jest/globals';
import { good, places, withFiles } from './support.js';

const site = (name: string, port: number): string =>
  `sites:\n  - name: ${name}\n    bindings: [{ bindingInformation: "*:${port}:" }]\n    applications: [{ path: /, physicalPath: ../app }]\n`;

test('files of a pattern add to sites and pools; paths are relative to the file that holds them', async () => {
  await withFiles(async (files) => {
    files
      .write('app/server.js')
      .write('sites.d/b.yaml', site('b', 81))
      .write('sites.d/a.yaml', `${site('a', 80)}applicationPools: [{ name: pa }]\n`);
    files.write('sites.d/.hidden.yaml', 'broken: [').write('sites.d/a.yaml.bak', 'broken: [');
    files.write('sluice.yaml', 'include: sites.d/*.yaml\napplicationPools: [{ name: p0 }]\n');
    const config = good(await files.load());
    expect(config.sites.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(config.pools.map(({ name }) => name)).toEqual(['p0', 'pa', 'DefaultAppPool']);
    expect(config.applications[0]?.physicalPath).toBe(files.path('app'));
    expect(config.sources).toEqual(
      expect.arrayContaining([files.path('sites.d/a.yaml'), files.path('sites.d/*.yaml')]),
    );
  });
});

test('a problem names the included file', async () => {
  await withFiles(async (files) => {
    files.write('sites.d/a.yaml', 'sites:\n  - nam: x\n').write('sluice.yaml', 'include: [sites.d/?.yaml]\n');
    const { diagnostics } = await files.load();
    expect(diagnostics.every((one) => one.file === files.path('sites.d/a.yaml'))).toBe(true);
    expect(places(diagnostics)).toContain('2:5 unknown-key');
  });
});

test('one setting in two files, an include inside an include, a file that is not there: errors', async () => {
  await withFiles(async (files) => {
    files.write('a.yaml', 'watch: true\n').write('b.yaml', 'include: a.yaml\n');
    files.write('sluice.yaml', 'include: a.yaml\nwatch: false\n');
    expect(places((await files.load()).diagnostics)).toEqual(['1:1 set-twice']);
    files.write('sluice.yaml', 'include: b.yaml\n');
    expect(places((await files.load()).diagnostics)).toEqual(['1:1 nested-include']);
    files.write('sluice.yaml', 'include: none.yaml\n');
    expect(places((await files.load()).diagnostics)).toEqual(['0:0 file-missing']);
  });
});

test('the version follows the contents of every file', async () => {
  await withFiles(async (files) => {
    files.write('app/server.js').write('sites.d/a.yaml', site('a', 80)).write('sluice.yaml', 'include: sites.d/*\n');
    const first = good(await files.load()).version;
    expect(good(await files.load()).version).toBe(first);
    files.write('sites.d/a.yaml', `${site('a', 80)}# comment\n`);
    const second = good(await files.load()).version;
    expect(second).not.toBe(first);
    files.write('app/index.js');
    expect(good(await files.load()).version).not.toBe(second);
  });
});

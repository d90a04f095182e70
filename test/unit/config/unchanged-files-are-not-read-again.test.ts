import { rmSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { patched, patchOf } from '../../../config/change/patch.js';
import { LoadMemory } from '../../../config/compile/memory.js';
import type { CompiledConfig } from '../../../config/model.js';
import { TestAuthority } from '../../support/test-certificates.js';
import { type Files, good, places, withFiles } from './support.js';

function site(name: string, port = 80, more = ''): string {
  return [
    `applicationPools: [{ name: ${name} }]`,
    'sites:',
    `  - name: ${name}`,
    `    bindings: [{ bindingInformation: "*:${port}:${name}.test" }]`,
    `    applications: [{ path: /, applicationPool: ${name}, physicalPath: ../${name} }]`,
    more,
  ].join('\n');
}

/** Three sites in files of their own, loaded once; `next` loads again and may read only what is named. */
async function threeSites(
  body: (files: Files, first: CompiledConfig, next: (...changed: string[]) => Promise<CompiledConfig>) => Promise<void>,
): Promise<void> {
  await withFiles(async (files) => {
    for (const name of ['a', 'b', 'c']) files.write(`${name}/server.js`).write(`sites.d/${name}.yaml`, site(name));
    files.write('sluice.yaml', 'include: sites.d/*.yaml\n');
    const memory = new LoadMemory();
    const first = good(await files.load({ memory }));
    await body(files, first, async (...changed) => {
      const paths = new Set(changed.map((name) => files.path(name)));
      return good(await files.load({ memory, ...(changed.length === 0 ? {} : { changed: paths }) }));
    });
  });
}

test('after a change of one file everything else is the same object', async () => {
  await threeSites(async (files, first, next) => {
    files.write('sites.d/b.yaml', site('b', 81));
    const config = await next('sites.d/b.yaml');
    expect(config.version).not.toBe(first.version);
    expect(config.sites.map((one, index) => one === first.sites[index])).toEqual([true, false, true]);
    expect(config.sites[1]?.bindings[0]?.port).toBe(81);
    for (const list of ['pools', 'applications', 'applicationSources'] as const) {
      expect(config[list].filter((one, index) => Object.is(one, first[list][index])).length).toBeGreaterThanOrEqual(2);
    }
    expect(patched(first, structuredClone(patchOf(first, config)))).toEqual(config);
    // The same files have the same version, however much of them was read.
    expect(good(await files.load())).toEqual(config);
  });
});

test('only what is named is read; without names everything is', async () => {
  await threeSites(async (files, first, next) => {
    files.write('sites.d/b.yaml', site('b', 81)).write('c/web.config', 'no xml');
    expect((await next('sites.d/a.yaml')).version).toBe(first.version);
    const config = await next();
    expect(config.sites[1]?.bindings[0]?.port).toBe(81);
    expect(config.applications[2]?.failure?.subStatus).toBe(19);
    expect(config.applications[0]).toBe(first.applications[0]);
  });
});

test('a changed file of an application changes that application', async () => {
  await threeSites(async (files, first, next) => {
    files.write('c/web.config', 'no xml');
    const config = await next('c/web.config');
    expect(config.applications.map((one) => one.failure?.subStatus ?? 0)).toEqual([0, 0, 19]);
    rmSync(files.path('c/web.config'));
    expect((await next('c/web.config')).version).toBe(first.version);
  });
});

test('files come and go, and the others keep their ids', async () => {
  await threeSites(async (files, first, next) => {
    files.write('aa/server.js').write('sites.d/aa.yaml', site('aa'));
    const more = await next('sites.d/*.yaml');
    expect(more.sites.map(({ name }) => name)).toEqual(['a', 'aa', 'b', 'c']);
    expect(more.sites.filter((one) => first.sites.includes(one))).toHaveLength(3);
    rmSync(files.path('sites.d/aa.yaml'));
    rmSync(files.path('sites.d/a.yaml'));
    const less = await next('sites.d/*.yaml', 'sites.d/a.yaml', 'sites.d/aa.yaml');
    expect(less.sites).toEqual(first.sites.slice(1));
  });
});

test('what was good beside other files is judged again beside these', async () => {
  await threeSites(async (files, _first, next) => {
    files.write(
      'sites.d/a.yaml',
      site(
        'a',
        80,
        '  - { name: x, bindings: [{ bindingInformation: "*:80:c.test" }], applications: [{ path: /, physicalPath: ../b }] }',
      ),
    );
    await expect(next('sites.d/a.yaml')).rejects.toThrow('this binding is taken');
    files
      .write('sites.d/a.yaml', site('a'))
      .write('sluice.yaml', 'include: sites.d/*.yaml\napplicationPools: [{ name: b }]');
    await expect(next('sites.d/a.yaml', 'sluice.yaml')).rejects.toThrow('another pool named b');
    files.write('sluice.yaml', 'include: sites.d/*.yaml\napplicationPoolDefaults: { queueLength: 70 }');
    const config = await next('sluice.yaml');
    expect(config.pools.map(({ queueLength }) => queueLength)).toEqual([70, 70, 70]);
  });
});

test('a problem is said with every load until it is mended', async () => {
  await withFiles(async (files) => {
    for (const name of ['a', 'b']) files.write(`${name}/server.js`).write(`sites.d/${name}.yaml`, site(name));
    files.write('b/web.config', 'no xml').write('sluice.yaml', 'include: sites.d/*.yaml\n');
    const memory = new LoadMemory();
    const load = async (...changed: string[]): Promise<string[]> =>
      places((await files.load({ memory, changed: new Set(changed.map((name) => files.path(name))) })).diagnostics);
    const said = await load();
    expect(said).toHaveLength(1);
    expect(await load('sites.d/a.yaml')).toEqual(said);
    files.write('sites.d/a.yaml', 'sites: [');
    expect(await load('sites.d/a.yaml')).toContain('1:9 yaml-syntax');
    expect(await load('b/other')).toContain('1:9 yaml-syntax');
    files.write('sites.d/a.yaml', site('a'));
    expect(await load('sites.d/a.yaml')).toEqual(said);
  });
});

test('sites with certificates stay as they were too; what is wrong with a file is said until it is good', async () => {
  const secure = (name: string, more = ''): string =>
    [
      `applicationPools: [{ name: ${name} }]`,
      'sites:',
      `  - name: ${name}`,
      `    certificate: { certFile: ${name}.pem }`,
      `    bindings: [{ protocol: https, bindingInformation: "*:443:${name}.test" }]`,
      `    applications: [{ path: /, applicationPool: ${name}, physicalPath: ../${name} }]`,
      more,
    ].join('\n');
  await withFiles(async (files) => {
    const authority = new TestAuthority(files.path('ca'));
    for (const name of ['a', 'b', 'c']) files.write(`${name}/server.js`).write(`sites.d/${name}.yaml`, secure(name));
    const { cert, key } = authority.issue({ names: ['a.test'] });
    for (const name of ['a', 'b']) files.write(`sites.d/${name}.pem`, cert + key);
    files.write('sites.d/c.pem', 'nothing').write('sluice.yaml', 'include: sites.d/*.yaml\n');
    const memory = new LoadMemory();
    const load = async (...changed: string[]): Promise<[CompiledConfig, string[]]> => {
      const loaded = await files.load({ memory, changed: new Set(changed.map((name) => files.path(name))) });
      return [good(loaded), places(loaded.diagnostics)];
    };
    const [first, said] = await load();
    expect(said).toHaveLength(1);
    files.write('sites.d/b.yaml', secure('b', '    limits: { maxConnections: 7 }'));
    // A site in front of the others moves them.
    files
      .write('x/server.js')
      .write('sites.d/x.pem', cert + key)
      .write('sites.d/0.yaml', secure('x'));
    const [second, saidAgain] = await load('sites.d/b.yaml', 'sites.d/0.yaml', 'sites.d/*.yaml');
    expect(second.sites.map((one) => first.sites.includes(one))).toEqual([false, true, false, true]);
    expect(saidAgain).toEqual(said);
    files.write('sites.d/c.pem', cert + key);
    expect((await load('sites.d/a.yaml'))[1]).toEqual([]);
    // Another place of the store changes every site that has its certificate there; nobody else.
    files.write('sluice.yaml', 'include: sites.d/*.yaml\ncertificateStore: { path: ./store }\n');
    const [third] = await load('sluice.yaml');
    expect(third.sites).toEqual(second.sites);
    expect(third.version).not.toBe(second.version);
  });
});

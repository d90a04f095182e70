/** What golden files cannot hold: links, very many folders, and what the watcher gets to know. */
import { symlinkSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { subFolderEntriesMax, subFoldersPerApplicationMax } from '../../../config/base/limits.js';
import { type Files, good, oneApplication, onlyApplication, webConfig, withFiles } from './support.js';

const restricting = webConfig('<security><ipSecurity allowUnlisted="false"/></security>');

function application(files: Files): Files {
  return files.write('sluice.yaml', oneApplication()).write('app/server.js');
}

test('symbolic links to folders are not followed, a link as web.config closes', async () => {
  await withFiles(async (files) => {
    application(files).write('other/web.config', restricting).write('app/b/readme.txt');
    symlinkSync(files.path('other'), files.path('app/a'));
    expect(onlyApplication(await files.load()).failure).toBeNull();
    symlinkSync(files.path('other/web.config'), files.path('app/b/web.config'));
    expect(onlyApplication(await files.load()).failure?.diagnostic).toMatchObject({
      code: 'web-config-refused',
      file: files.path('app/b/web.config'),
    });
  });
});

test('files that were found are watched, and the application opens when the restriction goes', async () => {
  await withFiles(async (files) => {
    const file = files.path('app/a/b/web.config');
    const closed = good(await application(files).write('app/a/b/web.config', restricting).load());
    expect(closed.applicationSources.flat()).toContain(file);
    const open = good(await files.write('app/a/b/web.config', webConfig('')).load());
    expect(open.applications[0]?.failure).toBeNull();
    expect(open.version).not.toBe(closed.version);
  });
});

test('a search that ends early says where, upper folders come first', async () => {
  await withFiles(async (files) => {
    application(files).write('app/zz/web.config', restricting);
    for (let at = 0; at < subFoldersPerApplicationMax; at++) files.write(`app/a/${at}/x`);
    expect(onlyApplication(await files.load()).failure?.diagnostic.code).toBe('section-not-implemented');
    files.write('app/zz/web.config', webConfig(''));
    const ended = (await files.load()).diagnostics.filter(({ code }) => code === 'sub-folders-not-searched');
    // Names are sorted as text: of the 502 folders `a`, `zz`, `a/0` ... the last two are left.
    expect(ended).toMatchObject([{ severity: 'warning', file: files.path('app/a/98') }]);
  });
});

test('the entries of all folders together are bounded', async () => {
  await withFiles(async (files) => {
    application(files);
    for (const folder of ['a', 'b']) {
      for (let at = 0; at < subFolderEntriesMax / 2; at++) files.write(`app/${folder}/${at}`);
    }
    files.write('app/c/web.config', restricting);
    const result = await files.load();
    expect(onlyApplication(result).failure).toBeNull();
    expect(result.diagnostics).toMatchObject([{ code: 'sub-folders-not-searched', file: files.path('app/c') }]);
  });
});

test('the version does not depend on the order of reading', async () => {
  await withFiles(async (files) => {
    const names = Array.from({ length: 40 }, (_, at) => `a${at}`);
    for (const name of names) files.write(`${name}/server.js`).write(`${name}/package.json`, `{"name":"${name}"}`);
    const pools = names.map((name) => `{ name: ${name} }`).join(', ');
    const applications = names.map((name) => `{ path: /${name}, applicationPool: ${name}, physicalPath: ${name} }`);
    const site = `name: main, bindings: [{ bindingInformation: "*:8080:" }], applications: [${applications.join(', ')}]`;
    files.write('sluice.yaml', `applicationPools: [${pools}]\nsites: [{ ${site} }]\n`);
    const first = good(await files.load());
    expect(first.applications.map(({ path }) => path)).toEqual(names.map((name) => `/${name}`));
    for (let round = 0; round < 3; round++) expect(good(await files.load()).version).toBe(first.version);
  });
});

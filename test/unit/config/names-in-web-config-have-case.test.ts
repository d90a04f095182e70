import { describe, expect, test } from '@jest/globals';
import { detectionFolderEntriesMax } from '../../../config/base/limits.js';
import { type Files, good, oneApplication, onlyApplication, onlyHosting, webConfig, withFiles } from './support.js';

const closed = webConfig('<security><ipSecurity allowUnlisted="false"/></security>');
const hosted = webConfig('<aspNetCore processPath="node" arguments="other.js" hostingModel="OutOfProcess"/>');

function application(files: Files, webConfigs: Readonly<Record<string, string>>): Files {
  files.write('app/server.js').write('sluice.yaml', oneApplication());
  for (const [name, text] of Object.entries(webConfigs)) files.write(`app/${name}`, text);
  return files;
}

describe('the file is found under any case', () => {
  test.each(['web.config', 'Web.config', 'WEB.CONFIG', 'wEb.cOnfig'])('%s', async (name) => {
    await withFiles(async (files) => {
      const { failure } = onlyApplication(await application(files, { [name]: closed }).load());
      expect(failure).toMatchObject({ status: 500, subStatus: 19, diagnostic: { file: files.path(`app/${name}`) } });
      expect(onlyHosting(await application(files, { [name]: hosted }).load())).toMatchObject({
        source: 'web.config',
        arguments: ['other.js'],
      });
    });
  });

  test('two of them are the failure of the application and are both named', async () => {
    await withFiles(async (files) => {
      const { failure } = onlyApplication(
        await application(files, { 'web.config': hosted, 'Web.config': closed }).load(),
      );
      expect(failure).toMatchObject({ status: 500, subStatus: 19 });
      expect(failure?.diagnostic.message).toContain('Web.config and web.config');
    });
  });

  test('the watcher is told of the file that was found and of those that may come', async () => {
    await withFiles(async (files) => {
      const { applicationSources } = good(await application(files, { 'wEb.cOnfig': hosted }).load());
      const names = ['web.config', 'Web.config', 'wEb.cOnfig'].map((name) => files.path(`app/${name}`));
      expect(applicationSources.flat()).toEqual(expect.arrayContaining(names));
      expect(applicationSources.flat()).not.toContain(files.path('sluice.yaml'));
    });
  });

  test('also in a folder with more entries than are listed', async () => {
    await withFiles(async (files) => {
      application(files, { 'Web.config': closed });
      for (let index = 0; index <= detectionFolderEntriesMax; index += 1) files.write(`app/${index}`);
      expect(onlyApplication(await files.load()).failure?.subStatus).toBe(19);
    });
  }, 60_000);
});

describe('a name in another case is refused, as by IIS, and the right one is told', () => {
  test.each([
    ['<Security><IPSecurity allowUnlisted="false"/></Security>', '<security>'],
    ['<security><IPSecurity allowUnlisted="false"/></security>', '<ipSecurity>'],
    ['<security><ipSecurity AllowUnlisted="false"/></security>', 'allowUnlisted'],
    ['<security><ipSecurity><Add ipAddress="10.0.0.1"/></ipSecurity></security>', '<add>'],
    ['<security><requestFiltering><HiddenSegments/></requestFiltering></security>', '<hiddenSegments>'],
    ['<rewrite><rules><rule name="r"><action Type="AbortRequest"/></rule></rules></rewrite>', 'type'],
    ['<Handlers accessPolicy="None"/>', '<handlers>'],
    ['<ASPNETCore processPath="node"/>', '<aspNetCore>'],
  ])('%s', async (inside, right) => {
    await withFiles(async (files) => {
      const { failure } = onlyApplication(await application(files, { 'web.config': webConfig(inside) }).load());
      expect(failure).toMatchObject({ status: 500, subStatus: 19, diagnostic: { line: 4 } });
      expect(failure?.diagnostic.remedy).toBe(`write ${right}`);
    });
  });

  test.each([
    closed.replaceAll('system.webServer', 'System.WebServer'),
    closed
      .replace('<system.webServer>', '<Location path="a"><system.webServer>')
      .replace('</system.webServer>', '</system.webServer></Location>'),
  ])('around the sections too: %#', async (text) => {
    await withFiles(async (files) => {
      const { failure } = onlyApplication(await application(files, { 'web.config': text }).load());
      expect(failure?.diagnostic.remedy).toMatch(/^write <(system\.webServer|location)>$/);
    });
  });

  test('sections that others read may be named as they like', async () => {
    await withFiles(async (files) => {
      const text = '<configuration><appSettings><Add key="Rules"/></appSettings><Rules><Rule/></Rules></configuration>';
      expect(onlyApplication(await application(files, { 'web.config': text }).load()).failure).toBeNull();
    });
  });
});

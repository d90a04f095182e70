import { describe, expect, test } from '@jest/globals';
import { good, loadWebConfig, oneApplication, onlyApplication, places, webConfig, withFiles } from './support.js';

const security = (inside: string): string => webConfig(`<security>\n${inside}\n</security>`);
const filtering = (inside: string): string => security(`<requestFiltering>${inside}</requestFiltering>`);
const rule = (action: string, more = ''): string =>
  webConfig(
    `<rewrite><rules>\n<rule name="r"${more}><match url=".*"/><action type="${action}"/></rule></rules></rewrite>`,
  );

describe('answers 500.19 with file, line and element', () => {
  test.each([
    ['ipSecurity', security('<ipSecurity allowUnlisted="false"/>'), '5:1'],
    ['ipSecurity', security('<ipSecurity><add ipAddress="10.0.0.1"/></ipSecurity>'), '5:13'],
    [
      'dynamicIpSecurity',
      security('<dynamicIpSecurity><denyByRequestRate enabled="true"/></dynamicIpSecurity>'),
      '5:20',
    ],
    ['authorization', security('<authorization><add accessType="Deny" users="*"/></authorization>'), '5:16'],
    ['authorization', security('<authorization><add accessType="Allow" roles="admins"/></authorization>'), '5:16'],
    ['authorization', security('<authorization><clear/></authorization>'), '5:1'],
    ['access', security('<access sslFlags="Ssl, SslRequireCert"/>'), '5:1'],
    ['authentication', security('<authentication><anonymousAuthentication enabled="false"/></authentication>'), '5:17'],
    ['authentication', security('<authentication><windowsAuthentication enabled="true"/></authentication>'), '5:17'],
    ['requestFiltering', filtering('<verbs><add verb="TRACE" allowed="false"/></verbs>'), '5:19'],
    ['requestFiltering', filtering('<verbs allowUnlisted="false"><add verb="GET" allowed="true"/></verbs>'), '5:19'],
    [
      'requestFiltering',
      filtering('<fileExtensions><add fileExtension=".config" allowed="false"/></fileExtensions>'),
      '5:19',
    ],
    ['requestFiltering', filtering('<hiddenSegments><add segment="private"/></hiddenSegments>'), '5:19'],
    ['requestFiltering', filtering('<denyUrlSequences><add sequence=".."/></denyUrlSequences>'), '5:19'],
    ['requestFiltering', filtering('<filteringRules><filteringRule name="x"/></filteringRules>'), '5:19'],
    ['requestFiltering', filtering('<requestLimits maxUrl="100"/>'), '5:19'],
    [
      'requestFiltering',
      filtering('<requestLimits><headerLimits><add header="a" sizeLimit="1"/></headerLimits></requestLimits>'),
      '5:34',
    ],
    ['requestFiltering', security('<requestFiltering allowHighBitCharacters="false"/>'), '5:1'],
    ['rules', rule('AbortRequest'), '5:1'],
    ['rules', rule('CustomResponse'), '5:1'],
    ['ipSecurity', security('<ipSecurity configSource="ip.config"/>'), '5:1'],
    ['rules', webConfig('<rewrite>\n<rules configSource="rules.config"/></rewrite>'), '5:1'],
    ['handlers', webConfig('\n<handlers accessPolicy="None"/>'), '5:1'],
    ['handlers', webConfig('\n<handlers accessPolicy="Read"/>'), '5:1'],
    ['handlers', webConfig('\n<handlers accessPolicy="Read, Script, NoRemoteScript"/>'), '5:1'],
  ])('%s %#', async (section, text, place) => {
    await withFiles(async (files) => {
      const result = await loadWebConfig(files, text);
      const { failure } = onlyApplication(result);
      expect(failure).toMatchObject({ status: 500, subStatus: 19 });
      expect(failure?.diagnostic).toMatchObject({
        code: 'section-not-implemented',
        file: files.path('app/web.config'),
      });
      expect(`${failure?.diagnostic.line}:${failure?.diagnostic.column}`).toBe(place);
      expect(failure?.diagnostic.message).toContain(section);
      expect(failure?.diagnostic.remedy).toContain('ignoreSections');
    });
  });

  test('also for a part of the application', async () => {
    const text =
      '<configuration><location path="admin"><system.webServer><security><authorization><add accessType="Deny" users="?"/></authorization></security></system.webServer></location></configuration>';
    await withFiles(async (files) => {
      expect(onlyApplication(await loadWebConfig(files, text)).failure?.subStatus).toBe(19);
    });
  });
});

describe('what restricts nothing does not stop the application', () => {
  test.each([
    [security('<ipSecurity allowUnlisted="true"><clear/></ipSecurity>')],
    [security('<dynamicIpSecurity><denyByRequestRate enabled="false"/></dynamicIpSecurity>')],
    [security('<authorization><clear/><add accessType="Allow" users="*"/></authorization>')],
    [security('<access sslFlags="None"/>')],
    [security('<authentication><anonymousAuthentication enabled="true"/></authentication>')],
    [filtering('<hiddenSegments><remove segment="bin"/></hiddenSegments>')],
    [filtering('<requestLimits maxAllowedContentLength="5"/>')],
    [rule('Redirect')],
    [webConfig('<handlers accessPolicy="Read, Script"/>')],
    [rule('AbortRequest', ' enabled="false"')],
  ])('%#', async (text) => {
    await withFiles(async (files) => {
      expect(onlyApplication(await loadWebConfig(files, text)).failure).toBeNull();
    });
  });
});

describe('hosting.ignoreSections', () => {
  test.each(['ipSecurity', 'security/ipSecurity', 'system.webServer/security/ipSecurity', 'security', 'IPSECURITY'])(
    '%s',
    async (name) => {
      await withFiles(async (files) => {
        const text = security('<ipSecurity allowUnlisted="false"/>');
        const result = await loadWebConfig(files, text, `hosting: { ignoreSections: [${name}] }`);
        expect(onlyApplication(result).failure).toBeNull();
        expect(result.diagnostics).toEqual([]);
      });
    },
  );

  test('names only what it names', async () => {
    await withFiles(async (files) => {
      const text = security('<ipSecurity allowUnlisted="false"/>\n<access sslFlags="Ssl"/>');
      const { failure } = onlyApplication(
        await loadWebConfig(files, text, 'hosting: { ignoreSections: [ipSecurity] }'),
      );
      expect(failure?.diagnostic.line).toBe(6);
    });
  });
});

test('every other section is one warning, and the sections of the SDK are none', async () => {
  await withFiles(async (files) => {
    const text = webConfig(
      '<handlers><add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2"/></handlers>\n<httpErrors/>\n\n<staticContent/>\n<rewrite><outboundRules/></rewrite>',
    );
    const result = await loadWebConfig(files, text.replace('<system.webServer>', '<appSettings/><system.webServer>'));
    expect(places(result.diagnostics)).toEqual([
      '3:1 section-not-acting',
      '5:1 section-not-acting',
      '7:1 section-not-acting',
      '8:10 section-not-acting',
    ]);
    expect(good(result).applications[0]?.failure).toBeNull();
  });
});

test('a handler that is not the module is mentioned', async () => {
  await withFiles(async (files) => {
    const text = webConfig('<handlers>\n<add name="php" path="*.php" verb="*" modules="FastCgiModule"/></handlers>');
    expect(places((await loadWebConfig(files, text)).diagnostics)).toEqual(['5:1 section-not-acting']);
  });
});

test('a restriction flows into child applications of the same pool; others are told that it does not', async () => {
  await withFiles(async (files) => {
    const open = security('<ipSecurity allowUnlisted="false"/>');
    const wrapped = open
      .replace('<system.webServer>', '<location inheritInChildApplications="false"><system.webServer>')
      .replace('</system.webServer>', '</system.webServer></location>');
    const load = async (pool: string, text: string) => {
      files.write('child/server.js').write('app/web.config', text);
      const child = `      - { path: /c, applicationPool: ${pool}, physicalPath: ./child }\n`;
      const pools = 'applicationPools: [{ name: other }]\n';
      const result = await files.write('sluice.yaml', pools + oneApplication() + child).load();
      const answers = good(result).applications.map(({ failure }) => failure?.subStatus ?? 200);
      return [answers, result.diagnostics.some(({ code }) => code === 'restriction-not-inherited')];
    };
    expect(await load('DefaultAppPool', open)).toEqual([[19, 19], false]);
    expect(await load('DefaultAppPool', wrapped)).toEqual([[19, 200], false]);
    expect(await load('other', open)).toEqual([[19, 200], true]);
    expect(await load('other', wrapped)).toEqual([[19, 200], false]);
  });
});

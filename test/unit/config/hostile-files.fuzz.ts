import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitArguments } from '../../../config/compile/command-line.js';
import { readXml } from '../../../config/load/read-xml.js';
import { good, loadWebConfig, oneApplication, webConfig, withFiles } from './support.js';

const piece = fc.constantFrom(
  '<',
  '>',
  '/>',
  '</',
  '="',
  '"',
  "'",
  '&',
  '&amp;',
  '&#65;',
  '&#x0;',
  ';',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<?',
  '?>',
  '<!DOCTYPE a>',
  'configuration',
  'location',
  'system.webServer',
  'aspNetCore',
  'processPath',
  'a',
  ' ',
  '\n',
  '\0',
  '\ufeff',
  '__proto__',
  'é',
  '\ud800',
);
const soup = fc.array(piece, { maxLength: 60 }).map((parts) => parts.join(''));

test('no text makes the XML reader throw, and what it accepts has one root', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        soup,
        fc.string(),
        soup.map((text) => `<configuration>${text}</configuration>`),
      ),
      (text) => {
        const result = readXml(text);
        expect(result.ok ? result.root.name.length : result.line).toBeGreaterThan(0);
      },
    ),
    { numRuns: 3_000 },
  );
});

test('a cut or changed web.config is an application’s failure at most', async () => {
  const text = webConfig(
    '<handlers><remove name="a"/><add name="a" path="*" verb="*" modules="AspNetCoreModuleV2"/></handlers>\n<webSocket enabled="false"/>\n<aspNetCore processPath="dotnet" arguments=".\\Web.dll" requestTimeout="00:02:00"><environmentVariables><environmentVariable name="A" value="&quot;1&quot;"/></environmentVariables></aspNetCore>\n<security><ipSecurity allowUnlisted="false"/></security>',
  ).replace(
    '</configuration>',
    '<location path="." inheritInChildApplications="false" overrideMode="Deny"><system.webServer><httpPlatform processPath="x"><recycleOnFileChange><file path="a"/></recycleOnFileChange></httpPlatform></system.webServer></location></configuration>',
  );
  await withFiles(async (files) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), fc.nat(20), piece, async (at, length, insert) => {
        const { hosting, failure } =
          good(await loadWebConfig(files, text.slice(0, at) + insert + text.slice(at + length))).applications[0] ?? {};
        expect((hosting === null) !== (failure === null)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

test('a cut or changed sluice.yaml is compiled or refused with a place, never thrown', async () => {
  const text = `applicationPools: [{ name: a, environmentVariables: &v { A: "\${X:-1}" } }]\n${oneApplication('hosting: { processPath: x, environmentVariables: *v }')}`;
  await withFiles(async (files) => {
    files.write('app/server.js');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length),
        fc.nat(8),
        fc.constantFrom('', ':', '-', '{', ']', '&v', '*v', '${', '"', '\t', '!!map', '#', '? '),
        async (at, length, insert) => {
          const { config, diagnostics } = await files
            .write('sluice.yaml', text.slice(0, at) + insert + text.slice(at + length))
            .load();
          expect(config === null).toBe(diagnostics.some((one) => one.severity === 'error'));
          expect(diagnostics.map((one) => one.code)).not.toContain('internal-error');
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('splitting keeps every character but blanks, quotes and backslashes', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b', ' ', '"', '\\', '\t') }), (line) => {
      const letters = (text: string): string => text.replace(/[^ab]/g, '');
      expect(letters(splitArguments(line).join(''))).toBe(letters(line));
    }),
  );
});

import { describe, expect, test } from '@jest/globals';
import type { ApplicationConfig } from '../../../config/model.js';
import { type Files, good, oneApplication, onlyApplication, withFiles } from './support.js';

async function detected(
  contents: Readonly<Record<string, string | Buffer>>,
): Promise<{ app: ApplicationConfig; root: string; codes: string[] }> {
  let found: { app: ApplicationConfig; root: string; codes: string[] } | null = null;
  await withFiles(async (files: Files) => {
    files.write('sluice.yaml', oneApplication()).write('app/readme.txt');
    for (const [name, text] of Object.entries(contents)) files.write(`app/${name}`, text);
    const result = await files.load();
    found = { app: onlyApplication(result), root: files.path('app'), codes: result.diagnostics.map((one) => one.code) };
  });
  if (found === null) throw new Error('nothing was loaded');
  return found;
}

describe('Node', () => {
  test.each([
    [{ 'package.json': '{"main":"lib/main.js"}', 'lib/main.js': '', 'index.js': '' }, ''],
    [{ 'package.json': '{"main":"main"}', 'main.js': '' }, ''],
    [{ 'package.json': '{"main":"./lib"}', 'lib/index.js': '' }, ''],
    [{ 'package.json': '{"main":"gone.js"}', 'server.js': '' }, '/server.js'],
    [{ 'package.json': '{"name":"x"}', 'index.js': '', 'server.js': '' }, ''],
    [{ 'package.json': 'not json', 'app.js': '' }, '/app.js'],
    [{ 'package.json': '{"main":["a"]}', 'app.js': '' }, '/app.js'],
    [{ 'package.json': '{"__proto__":{"main":"app.js"},"x":1}', 'app.js': '', 'server.js': '' }, '/server.js'],
    [{ 'server.js': '', 'app.js': '' }, '/server.js'],
    [{ 'app.js': '' }, '/app.js'],
  ])('%j', async (contents, entry) => {
    const { app, root, codes } = await detected(contents as Record<string, string>);
    expect(app.hosting).toMatchObject({
      hostingModel: 'InProcess',
      source: 'detection',
      entry: `${root}${entry}`,
      isDotnet: false,
    });
    expect(codes).toEqual([]);
  });
});

const framework = (name: string): string =>
  JSON.stringify({ runtimeOptions: { tfm: 'net10.0', framework: { name, version: '10.0.0' } } });
const frameworks = JSON.stringify({
  runtimeOptions: { frameworks: [{ name: 'Microsoft.NETCore.App' }, { name: 'Microsoft.AspNetCore.App' }] },
});
const included = JSON.stringify({ runtimeOptions: { includedFrameworks: [{ name: 'Microsoft.AspNetCore.App' }] } });
const marker = Buffer.from('8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae', 'hex');

/** An ELF file with the apphost marker far inside, across a boundary of the pieces that are read. */
function appHost(bundleOffset: bigint, bundled = ''): Buffer {
  const offset = Buffer.alloc(8);
  offset.writeBigInt64LE(bundleOffset);
  return Buffer.concat([
    Buffer.from('\x7fELF'),
    Buffer.alloc(1_048_576 - 30),
    offset,
    marker,
    Buffer.alloc(500),
    Buffer.from(bundled),
  ]);
}

describe('published .NET', () => {
  test.each([
    [
      'portable',
      { 'Web.dll': '', 'Web.runtimeconfig.json': framework('Microsoft.AspNetCore.App'), Web: '' },
      'dotnet',
      ['Web.dll'],
    ],
    [
      'portable with several frameworks',
      { 'Web.dll': '', 'Web.runtimeconfig.json': frameworks },
      'dotnet',
      ['Web.dll'],
    ],
    [
      'self-contained',
      { Web: '', 'Web.dll': '', 'Web.runtimeconfig.json': included, 'libhostpolicy.so': '' },
      '/Web',
      [],
    ],
    [
      'single file',
      { Web: appHost(4096n), 'Web.staticwebassets.endpoints.json': '{}', 'appsettings.json': '{}' },
      '/Web',
      [],
    ],
    [
      'single file of an SDK before 9',
      { Web: appHost(4096n, '{"includedFrameworks":[{"name":"Microsoft.AspNetCore.App"}]}'), 'appsettings.json': '{}' },
      '/Web',
      [],
    ],
    [
      'portable beside a runtimeconfig without dll',
      { 'Web.dll': '', 'Web.runtimeconfig.json': frameworks, 'Old.runtimeconfig.json': frameworks },
      'dotnet',
      ['Web.dll'],
    ],
  ])('%s', async (_, contents, program, words) => {
    const { app, root, codes } = await detected(contents as Record<string, string | Buffer>);
    expect(app.hosting).toMatchObject({
      hostingModel: 'OutOfProcess',
      source: 'detection',
      isDotnet: true,
      arguments: words,
    });
    expect(app.hosting?.processPath).toBe(program.startsWith('/') ? `${root}${program}` : program);
    expect(codes).toEqual([]);
  });

  test.each([
    ['a worker', { 'W.dll': '', 'W.runtimeconfig.json': framework('Microsoft.NETCore.App') }, 'not a web application'],
    [
      'for Windows',
      { 'Web.dll': '', 'Web.exe': 'MZ', 'Web.runtimeconfig.json': included, 'hostpolicy.dll': '' },
      'built for Windows',
    ],
    ['a single file for Windows', { 'Web.exe': 'MZ', 'Web.staticwebassets.endpoints.json': '{}' }, 'built for Windows'],
    [
      'several',
      { 'A.dll': '', 'A.runtimeconfig.json': frameworks, 'B.dll': '', 'B.runtimeconfig.json': frameworks },
      'several .NET applications: A, B',
    ],
    ['source', { 'Web.csproj': '<Project/>', 'Program.cs': '' }, 'publish'],
    ['a solution', { 'Web.slnx': '<Solution/>' }, 'publish'],
    ['one source file', { 'app.cs': '' }, 'publish'],
    ['the single file of a worker', { Wk: appHost(4096n), 'appsettings.json': '{}' }, 'not a web application'],
    [
      'Node beside .NET',
      { 'server.js': '', 'Web.dll': '', 'Web.runtimeconfig.json': frameworks },
      'a Node application (server.js) and a published .NET application (Web.dll)',
    ],
    [
      'an apphost without its bundle',
      { Web: appHost(0n), 'Web.staticwebassets.endpoints.json': '{}' },
      'says how to run it',
    ],
    [
      'an ELF file without the marker',
      { Web: '\x7fELF', 'Web.staticwebassets.endpoints.json': '{}' },
      'says how to run it',
    ],
    ['bad json', { 'W.dll': '', 'W.runtimeconfig.json': '{' }, 'not valid JSON'],
    ['nothing', {}, 'says how to run it'],
  ])('%s is refused with a remedy', async (_, contents, words) => {
    const { app, codes } = await detected(contents as Record<string, string | Buffer>);
    expect(app.hosting).toBeNull();
    expect(app.failure?.status).toBe(500);
    expect(`${app.failure?.diagnostic.message} ${app.failure?.diagnostic.remedy}`).toContain(words);
    expect(app.failure?.diagnostic.remedy).not.toBe('');
    expect(codes).toEqual(['application-cannot-run']);
  });
});

const generated = (attributes: string): string =>
  `\ufeff<?xml version="1.0" encoding="utf-8"?>\n<configuration>\n  <location path="." inheritInChildApplications="false">\n    <system.webServer>\n      <handlers>\n        <add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" resourceType="Unspecified" />\n      </handlers>\n      <aspNetCore ${attributes} stdoutLogEnabled="false" stdoutLogFile=".\\logs\\stdout" hostingModel="inprocess" />\n    </system.webServer>\n  </location>\n</configuration>`;

describe('web.config that dotnet publish writes', () => {
  test('inprocess becomes out-of-process, and that is said once for all applications', async () => {
    await withFiles(async (files) => {
      files.write('app/Web.dll').write('app/web.config', generated('processPath="dotnet" arguments=".\\Web.dll"'));
      const more = '      - { path: /b, physicalPath: ./app }\n      - { path: /c, physicalPath: ./app }\n';
      const result = await files.write('sluice.yaml', oneApplication() + more).load();
      expect(good(result).applications.map((app) => [app.hosting?.hostingModel, app.hosting?.isDotnet])).toEqual([
        ['OutOfProcess', true],
        ['OutOfProcess', true],
        ['OutOfProcess', true],
      ]);
      expect(result.diagnostics.map((one) => [one.code, one.line])).toEqual([['dotnet-runs-out-of-process', 8]]);
      expect(result.diagnostics[0]?.message).toContain('and 2 more');
    });
  });

  test.each([
    [
      '-r linux-x64 with its web.config',
      'processPath=".\\Web"',
      { Web: appHost(0n), 'Web.dll': '', 'Web.runtimeconfig.json': frameworks },
      '/Web',
      [],
    ],
    [
      '-r win-x64 --no-self-contained',
      'processPath=".\\Web.exe"',
      { 'Web.exe': 'MZ', 'Web.dll': '', 'Web.runtimeconfig.json': frameworks },
      'dotnet',
      ['Web.dll'],
    ],
    ['a single file', 'processPath=".\\Web"', { Web: appHost(1n) }, '/Web', []],
  ])('%s', async (_, attributes, contents, program, words) => {
    const { app, root } = await detected({
      ...(contents as Record<string, string | Buffer>),
      'web.config': generated(attributes),
    });
    expect(app.hosting).toMatchObject({ hostingModel: 'OutOfProcess', isDotnet: true });
    expect(app.hosting?.processPath).toBe(program.startsWith('/') ? `${root}${program}` : program);
    expect(app.hosting?.arguments.map((word) => word.replace('./', ''))).toEqual(words);
  });

  test('a self-contained build for Windows is 502.5', async () => {
    const { app } = await detected({
      'Web.exe': 'MZ',
      'Web.dll': '',
      'Web.runtimeconfig.json': included,
      'web.config': generated('processPath=".\\Web.exe"'),
    });
    expect(app.failure).toMatchObject({ status: 502, subStatus: 5, diagnostic: { line: 8 } });
    expect(app.failure?.diagnostic.message).toContain('built for Windows');
  });
});

test('Node with the source of a .NET application beside it is Node', async () => {
  const { app } = await detected({ 'server.js': '', 'Web.csproj': '<Project/>' });
  expect(app.hosting).toMatchObject({ hostingModel: 'InProcess' });
});

test('dotnet in the folder of a project is told to publish, in a published one it may name any file', async () => {
  const text = generated('processPath="dotnet" arguments=".\\Web.dll"');
  const source = await detected({ 'web.config': text, 'Web.csproj': '<Project/>' });
  expect(source.app.failure).toMatchObject({ status: 502, subStatus: 5, diagnostic: { line: 8 } });
  const published = await detected({ 'web.config': text, 'Web.csproj': '<Project/>', 'Web.dll': '' });
  expect(published.app.hosting?.isDotnet).toBe(true);
});

test('a folder that does not exist is the failure of its application', async () => {
  await withFiles(async (files) => {
    const result = await files.write('sluice.yaml', oneApplication()).load();
    expect(onlyApplication(result).failure?.diagnostic.message).toContain('does not exist');
  });
});

describe('zero configuration', () => {
  test('a folder is one site on port 8080 with a pool of its name', async () => {
    await withFiles(async (files) => {
      files.write('my app!/server.js');
      const config = good(await files.load({}, 'my app!'));
      expect(config.pools.map(({ name }) => name)).toEqual(['my app-']);
      expect(config.sites[0]).toMatchObject({ name: 'my app-', bindings: [{ address: '*', port: 8080, host: '' }] });
      expect(config.applications[0]).toMatchObject({ path: '/', physicalPath: files.path('my app!') });
      expect(config.file).toBe(files.path('my app!'));
    });
  });

  test('a folder that cannot be run is an error', async () => {
    await withFiles(async (files) => {
      files.write('empty/readme.txt');
      const { config, diagnostics } = await files.load({}, 'empty');
      expect(config).toBeNull();
      expect(diagnostics.map((one) => [one.severity, one.code])).toEqual([['error', 'application-cannot-run']]);
    });
  });
});

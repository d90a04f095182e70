import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callJson } from '../../support/http-client.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { appFolder, recordsOnceThere } from './app-folder.js';

const shows = `
const { getHeapStatistics } = require('node:v8');
require('node:http').createServer((_request, response) => response.end(JSON.stringify({
  execArgv: process.execArgv,
  argv: process.argv.slice(2),
  entry: process.argv[1],
  main: require.main === module,
  cwd: process.cwd(),
  heapMb: Math.round(getHeapStatistics().heap_size_limit / 1048576),
  deprecations: process.noDeprecation === true,
  wrapped: process.env.WRAPPED ?? '',
}))).listen(process.env.PORT);
`;
const typed = `
import { createServer, type Server } from 'node:http';
interface Told { readonly text: string }
const told: Told = { text: 'typed' };
const server: Server = createServer((_request, response) => response.end(JSON.stringify(told)));
server.listen(Number(process.env.PORT));
`;
function listensOn(port: string): string {
  return `
const server = require('node:http').createServer((_request, response) =>
  response.end(JSON.stringify({ PORT: process.env.PORT, port: server.address().port })));
server.listen(${port});
`;
}
const twoServers = `
const http = require('node:http');
const first = http.createServer((_request, response) => response.end('"first"'));
first.listen(0, () => http.createServer((_request, response) => {
  http.get({ port: first.address().port }, (answer) => answer.pipe(response));
}).listen(3001));
`;
const webConfig = `<configuration><system.webServer>
  <aspNetCore processPath="node" arguments="--no-deprecation .\\sub\\server.js from &quot;web config&quot;" hostingModel="inprocess" />
</system.webServer></configuration>`;

/** Whether this Node, on which pools without nodePath run, strips types. */
const strips = 'typescript' in process.features && process.features.typescript !== false;

let root = '';
let sluice: Sluice;

/** A program that a pool may name as its Node. */
function program(name: string, text: string): string {
  const file = join(root, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return file;
}

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly arguments?: string;
  readonly pool?: Settings;
  readonly hosting?: Settings;
}

function cases(): readonly Case[] {
  const answersAs = (version: string): Settings => ({
    nodePath: program(`node-${version}`, `[ "$1" = --version ] && echo ${version} || exec ${process.execPath} "$@"`),
  });
  return [
    {
      name: 'words',
      files: { 'sub folder/app.js': shows },
      arguments: '--no-deprecation --max-old-space-size=123 "sub folder/app.js" one "two words" --flag=3 -- last',
    },
    { name: 'web-config', files: { 'web.config': webConfig, 'sub/server.js': shows } },
    { name: 'fixed-port', files: { 'index.js': listensOn('3000') } },
    {
      name: 'own-port',
      files: { 'index.js': listensOn('process.env.PORT') },
      arguments: 'index.js',
      hosting: { environmentVariables: { PORT: '3999' } },
    },
    {
      name: 'by-port',
      files: { 'index.js': twoServers },
      arguments: 'index.js',
      hosting: { port: 3001 },
    },
    {
      name: 'other-node',
      files: { 'index.js': shows },
      pool: { nodePath: program('other-node-binary', `WRAPPED=yes exec ${process.execPath} "$@"`) },
    },
    { name: 'old-node', files: { 'index.js': shows }, pool: answersAs('v18.20.4') },
    {
      name: 'no-node',
      files: { 'index.js': shows },
      pool: { nodePath: program('no-node-binary', 'echo I am a shell') },
    },
    { name: 'gone-node', files: { 'index.js': shows }, pool: { nodePath: program('gone-node-binary', 'exit 1') } },
    { name: 'typed', files: { 'app.mts': typed }, arguments: 'app.mts' },
    {
      name: 'typed-main',
      files: { 'package.json': '{"main":"src/app.ts"}', 'src/app.ts': typed },
      pool: answersAs('v20.19.6'),
    },
    { name: 'typed-off', files: { 'app.mts': typed }, arguments: '--no-experimental-strip-types app.mts' },
    { name: 'typed-loaded', files: { 'app.ts': shows, 'loads.cjs': '' }, arguments: '--require ./loads.cjs app.ts' },
    { name: 'bad-option', files: { 'index.js': shows }, arguments: '--no-such-option index.js' },
    { name: 'never-settles', files: { 'app.mjs': 'await new Promise(() => undefined);' }, arguments: 'app.mjs' },
    {
      name: 'export-waits',
      files: { 'index.js': 'setInterval(() => undefined, 1000); module.exports = (_q, r) => r.end();' },
      arguments: 'index.js',
      hosting: { startupTimeLimit: 4 },
    },
  ];
}

function hosting(one: Case): Settings {
  const words = one.arguments === undefined ? {} : { hostingModel: 'InProcess', arguments: one.arguments };
  return one.arguments === undefined && one.hosting === undefined ? {} : { hosting: { ...words, ...one.hosting } };
}

beforeAll(async () => {
  root = tempFolder('cmd');
  const all = cases();
  for (const one of all) {
    const folder = appFolder(root, one.name, null);
    for (const [file, text] of Object.entries(one.files)) {
      mkdirSync(join(folder, file, '..'), { recursive: true, mode: 0o755 });
      writeFileSync(join(folder, file), text);
    }
  }
  const inWords = { applicationPool: 'words', physicalPath: join(root, 'other-node') };
  sluice = await startSluice({
    applicationPools: all.map(({ name, pool }) => ({ name, ...pool })),
    applications: [
      ...all.map((one) => ({
        path: `/${one.name}`,
        applicationPool: one.name,
        physicalPath: join(root, one.name),
        ...hosting(one),
      })),
      { path: '/second-inside', ...inWords },
      {
        path: '/other-model',
        ...inWords,
        hosting: { hostingModel: 'OutOfProcess', processPath: 'node', arguments: 'index.js' },
      },
    ],
  });
});

afterAll(async () => {
  await sluice.stop();
  removeFolder(root);
});

function shown(name: string): Promise<unknown> {
  return callJson(sluice.port, `/${name}/`);
}

function heapMb(told: unknown): number {
  return (told as { readonly heapMb: number }).heapMb;
}

test('node options, entry and arguments arrive as written', async () => {
  const told = await shown('words');
  expect(told).toMatchObject({
    execArgv: ['--no-deprecation', '--max-old-space-size=123'],
    argv: ['one', 'two words', '--flag=3', '--', 'last'],
    entry: join(root, 'words', 'sub folder', 'app.js'),
    main: true,
    cwd: join(root, 'words'),
    deprecations: true,
  });
  expect(heapMb(told)).toBeLessThan(heapMb(await shown('other-node')) / 2);
  expect(await shown('web-config')).toMatchObject({
    execArgv: ['--no-deprecation'],
    argv: ['from', 'web config'],
    entry: join(root, 'web-config', 'sub', 'server.js'),
  });
});

test('nodePath runs the pool on another binary', async () => {
  expect(await shown('other-node')).toMatchObject({ wrapped: 'yes', argv: [] });
  expect(await shown('words')).toMatchObject({ wrapped: '' });
});

test('PORT is the binding, or what the configuration says; a port that the app insists on is as good', async () => {
  expect(await shown('fixed-port')).toEqual({ PORT: String(sluice.port), port: 3000 });
  expect(await shown('own-port')).toEqual({ PORT: '3999', port: 3999 });
});

test('hosting.port says which server is the app; the other one really listens', async () => {
  // The second server, on that port, asks the first one over TCP.
  expect(await shown('by-port')).toBe('first');
});

test('a loader among the options may know TypeScript: the entry is left to it', async () => {
  expect(await shown('typed-loaded')).toMatchObject({ argv: [] });
});

async function failure(name: string): Promise<Record<string, unknown>> {
  const answer = await sluice.call(`/${name}/`);
  const [record] = await recordsOnceThere(sluice, 'start-failed', `main/${name}`, 1);
  expect(answer.text).toContain(String(record?.['status']));
  return { ...record };
}

describe('a command that cannot run says why', () => {
  test.each([
    [
      'old-node',
      'node-version',
      /node-v18\.20\.4 is Node 18\.20; in-process hosting needs 20\.19 or newer/,
      /nodePath/,
    ],
    ['no-node', 'node-version', /no-node-binary does not answer --version/, /nodePath/],
    [
      'typed-main',
      'typescript-entry',
      /typed-main\/src\/app\.ts is TypeScript, which Node 20\.19 cannot run/,
      /22\.18/,
    ],
    ['typed-off', 'typescript-entry', /app\.mts is TypeScript.*cannot run with types not stripped/, /--import tsx/],
    ['bad-option', 'exited-early', /exit code 9.*Node refused one of its options/, /arguments/],
    ['never-settles', 'exited-early', /exit code 13.*a top-level await never settled/, /promise/],
  ])('%s', async (name, code, cause, remedy) => {
    expect(await failure(name)).toMatchObject({
      status: code === 'node-version' ? '500.31' : '500.30',
      code,
      cause: expect.stringMatching(cause) as unknown,
      remedy: expect.stringMatching(remedy) as unknown,
    });
  });

  test('a Node that was removed after the configuration was read', async () => {
    rmSync(join(root, 'gone-node-binary'));
    expect(await failure('gone-node')).toMatchObject({
      status: '500.31',
      cause: expect.stringMatching(/Node: .*gone-node-binary does not exist/) as unknown,
    });
  });

  test('an app that exports but is kept from ending is told so at the limit', async () => {
    expect(await failure('export-waits')).toMatchObject({
      status: '500.37',
      cause: expect.stringMatching(/did not listen within 4000 ms; its entry exports an app/) as unknown,
    });
  });

  test('a TypeScript entry runs where this Node strips types', async () => {
    const answer = strips ? await shown('typed') : await failure('typed');
    expect(answer).toMatchObject(strips ? { text: 'typed' } : { status: '500.30', code: 'typescript-entry' });
  });
});

test('a pool takes one in-process application and one hosting model, the later ones answer 500.35 and 500.34', async () => {
  const inside = await sluice.call('/second-inside/');
  const other = await sluice.call('/other-model/');
  expect([inside.status, other.status]).toEqual([500, 500]);
  expect(inside.text).toContain('500.35');
  expect(other.text).toContain('500.34');
  expect(inside.text + other.text).not.toContain(root);
  expect(await shown('words')).toMatchObject({ argv: expect.arrayContaining(['one']) as unknown });
  const start = sluice.output();
  expect(start).toMatch(/main\/second-inside answers 500\.35: pool words already hosts the in-process application/);
  expect(start).toMatch(/main\/other-model answers 500\.34: pool words hosts main\/words in-process/);
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { freePort } from '../../support/free-port.js';
import { call } from '../../support/http-client.js';
import { type Program, run, startProgram } from '../../support/program.js';
import { RawClient } from '../../support/raw-client.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { installPackage } from './packed.js';

const token = 'd3b07384-d9a0-4c9b-8f4e-0c3f2f3f1a11';
const paired = { 'ms-aspnetcore-token': token };
const shutdown = { ...paired, 'ms-aspnetcore-event': 'shutdown' };

let folder: string;
let programs: Program[] = [];

beforeAll(async () => {
  folder = tempFolder('pkg');
  await installPackage(folder);
}, 180_000);

afterAll(() => removeFolder(folder));

afterEach(async () => {
  for (const program of programs) await program.stop('SIGKILL');
  programs = [];
});

type Variables = Readonly<Record<string, string>>;

function start(entry: string, env: Variables): Program {
  const program = startProgram(process.execPath, [entry], { cwd: folder, env });
  programs.push(program);
  return program;
}

async function listens(program: Program): Promise<void> {
  await until('the program listens', () => program.output().includes('listening '), {
    state: () => program.output(),
  });
}

interface Joined {
  readonly program: Program;
  readonly port: number;
}

/** The program as the ASP.NET Core Module starts it. */
async function hosted(entry: string, more: Variables = {}): Promise<Joined> {
  const port = await freePort();
  const env = { ASPNETCORE_PORT: String(port), ASPNETCORE_APPL_PATH: '/Sub', ASPNETCORE_TOKEN: token, ...more };
  const program = start(entry, env);
  await listens(program);
  return { program, port };
}

const handshake = (fields: string): string =>
  `GET /Sub/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${fields}\r\n`;

describe('only the host is answered', () => {
  test.each(['program.cjs', 'module.mjs', 'fastify.cjs'])(
    '%s listens on loopback and wants the token',
    async (entry) => {
      const { program, port } = await hosted(entry);
      expect(program.output()).toContain(`"address":"127.0.0.1","family":"IPv4","port":${port}`);
      expect(await call(port, '/Sub/a')).toMatchObject({ status: 400, text: '' });
      expect(await call(port, '/Sub/a', { headers: paired })).toMatchObject({ status: 200 });
    },
  );

  test('wrong, shorter, upper-cased, doubled and empty tokens are refused, for upgrades too', async () => {
    const { port } = await hosted('program.cjs');
    const wrong = [token.replace('d3', 'e3'), token.slice(1), `${token}0`, token.toUpperCase(), '', [token, token]];
    for (const one of wrong) {
      const answer = await call(port, '/Sub/a', { headers: { 'ms-aspnetcore-token': one } });
      expect([one, answer.status, answer.text, answer.headers['content-length']]).toEqual([one, 400, '', '0']);
    }
    for (const fields of ['', 'MS-ASPNETCORE-TOKEN: no\r\n']) {
      const client = await RawClient.connect(port);
      client.send(handshake(fields));
      expect(await client.finishes()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      client.close();
    }
    const client = await RawClient.connect(port);
    client.send(`${handshake(`MS-ASPNETCORE-TOKEN: ${token}\r\n`)}ping`);
    await client.receives(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n/);
    client.send('pong');
    await client.receives('pong');
    client.close();
  });

  test('the application never sees the token, and Expect: 100-continue comes through', async () => {
    const { port } = await hosted('program.cjs');
    const { headers, rawHeaders, distinct } = JSON.parse((await call(port, '/Sub/a', { headers: paired })).text);
    expect(JSON.stringify([headers, rawHeaders, distinct])).not.toContain(token);
    const echo = { method: 'POST', body: 'body', headers: { ...paired, expect: '100-continue' } };
    expect(await call(port, '/Sub/echo', echo)).toMatchObject({ status: 200, text: 'body' });
    const refused = { ...echo, headers: { expect: '100-continue' } };
    expect(await call(port, '/Sub/echo', refused)).toMatchObject({ status: 400 });
  });
});

describe('the end', () => {
  const paths = ['/Sub/iisintegration', '/iisintegration', '/sub/IISINTEGRATION?x=1'];

  test.each(paths)('POST %s is answered 202; requests finish, clean-up runs, code 0', async (path) => {
    const { program, port } = await hosted('program.cjs');
    const held = await RawClient.connect(port);
    held.send(`GET /Sub/held HTTP/1.1\r\nHost: a\r\nMS-ASPNETCORE-TOKEN: ${token}\r\n\r\n`);
    await held.receives('begun');
    const large = call(port, '/Sub/large', { headers: paired });
    const idle = await RawClient.connect(port);
    const asked = await call(port, path, {
      method: 'POST',
      headers: { ...shutdown, 'ms-aspnetcore-event': 'ShutDown' },
    });
    expect(asked).toMatchObject({ status: 202, text: '' });
    expect(await held.finishes()).toContain('finished');
    expect((await large).body.length).toBe(30_000_000);
    await idle.finishes();
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.output()).toContain('cleaned up\n');
    held.close();
    idle.close();
  });

  test('SIGTERM does the same', async () => {
    const { program, port } = await hosted('program.cjs');
    const held = await RawClient.connect(port);
    held.send(`GET /Sub/held HTTP/1.1\r\nHost: a\r\nMS-ASPNETCORE-TOKEN: ${token}\r\n\r\n`);
    await held.receives('begun');
    expect(await program.stop('SIGTERM', 30_000)).toEqual({ code: 0, signal: null });
    expect(held.text()).toContain('finished');
    held.close();
  });

  test('other requests of that name reach the application', async () => {
    const { program, port } = await hosted('program.cjs');
    const others = [
      call(port, '/Sub/iisintegration', { method: 'GET', headers: shutdown }),
      call(port, '/Sub/iisintegration', { method: 'POST', headers: paired }),
      call(port, '/Sub/iisintegration/', { method: 'POST', headers: shutdown }),
      call(port, '/other/iisintegration', { method: 'POST', headers: shutdown }),
    ];
    expect((await Promise.all(others)).map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    expect(await call(port, '/iisintegration', { method: 'POST' })).toMatchObject({ status: 400 });
    expect(program.child.exitCode).toBeNull();
  });

  test('a failing clean-up is told and makes the code 1', async () => {
    const { program, port } = await hosted('program.cjs', { FAIL_ON_STOP: '1' });
    await call(port, '/iisintegration', { method: 'POST', headers: shutdown });
    expect(await program.exited).toEqual({ code: 1, signal: null });
    expect(program.output()).toContain('onStop failed: Error: no clean-up today');
  });

  test("the application's own listeners for SIGTERM run too and keep the last word", async () => {
    const { program, port } = await hosted('program.cjs', { OWN_LISTENER: '1' });
    await call(port, '/iisintegration', { method: 'POST', headers: shutdown });
    expect(await program.exited).toEqual({ code: 7, signal: null });
    expect(program.output()).toContain('own listener\n');
  });

  test('Fastify closes its plugins', async () => {
    const { program, port } = await hosted('fastify.cjs');
    expect(await call(port, '/iisintegration', { method: 'POST', headers: shutdown })).toMatchObject({ status: 202 });
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.output()).toContain('fastify closed\n');
  });
});

describe('where it listens', () => {
  test.each(['', '0;http://unix:'])('a unix socket whose path comes after %j', async (before) => {
    const path = join(folder, 'a.sock');
    const program = start('program.cjs', { ASPNETCORE_PORT: `${before}${path}`, ASPNETCORE_TOKEN: token });
    await listens(program);
    expect(await call(path, '/')).toMatchObject({ status: 400 });
    const seen = JSON.parse((await call(path, '/', { headers: paired })).text);
    expect(seen).toMatchObject({ isHosted: true, path: '/' });
    await call(path, '/iisintegration', { method: 'POST', headers: shutdown });
    expect(await program.exited).toEqual({ code: 0, signal: null });
  });

  test('nobody hosts it: PORT, else the port option, everybody is answered and SIGTERM is as always', async () => {
    for (const name of ['PORT', 'OPTIONS']) {
      const port = await freePort();
      const value = name === 'PORT' ? String(port) : JSON.stringify({ port, host: '127.0.0.1' });
      const program = start('program.cjs', { [name]: value });
      await listens(program);
      const seen = JSON.parse((await call(port, '/', { headers: { 'x-forwarded-for': '203.0.113.7' } })).text);
      expect(seen).toMatchObject({ isHosted: false, path: '/', remoteAddress: expect.stringContaining('127.0.0.1') });
      expect(await call(port, '/iisintegration', { method: 'POST', headers: shutdown })).toMatchObject({ status: 200 });
      expect(await program.stop('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    }
  });

  const refusals: readonly (readonly [Variables, string])[] = [
    [{ ASPNETCORE_PORT: '5000' }, 'ASPNETCORE_PORT is set and ASPNETCORE_TOKEN is not'],
    [{ ASPNETCORE_TOKEN: token }, 'ASPNETCORE_TOKEN is set and ASPNETCORE_PORT is not'],
    [{ ASPNETCORE_PORT: 'abc', ASPNETCORE_TOKEN: token }, 'ASPNETCORE_PORT is neither a port nor'],
    [{ ASPNETCORE_PORT: '70000', ASPNETCORE_TOKEN: token }, 'ASPNETCORE_PORT is neither a port nor'],
  ];

  test.each(refusals)('%j ends with an error that says so', async (env, message) => {
    const program = start('program.cjs', env);
    expect(await program.exited).toEqual({ code: 1, signal: null });
    expect(program.output()).toContain(message);
    expect(program.output()).not.toContain(token);
  });

  test('a port in use, a server that listens and no server at all are errors', async () => {
    const { port } = await hosted('program.cjs');
    const second = start('program.cjs', { ASPNETCORE_PORT: String(port), ASPNETCORE_TOKEN: token });
    expect((await second.exited).code).toBe(1);
    expect(second.output()).toContain('EADDRINUSE');
    const script = `const { attach } = require('@sluice/integration');
      const { createServer } = require('node:http');
      const tell = (error) => console.log(error.message);
      attach(() => undefined).catch(tell);
      attach(require('node:https').createServer()).catch(tell);
      const server = createServer().listen(0, () => attach(server).catch(tell).then(() => server.close()));`;
    const env = { ASPNETCORE_PORT: String(port), ASPNETCORE_TOKEN: token };
    const { output } = await run(process.execPath, ['-e', script], { cwd: folder, env });
    expect(output).toContain('attach takes a server: give it what http.createServer returns');
    expect(output).toContain('the host speaks plain HTTP: give it what http.createServer returns');
    expect(output).toContain('attach listens itself');
  });
});

describe('forwarded fields', () => {
  const seen = async (port: number, fields: Variables): Promise<Record<string, unknown>> =>
    JSON.parse((await call(port, '/Sub/', { headers: { ...paired, ...fields } })).text);

  test('are left alone unless asked for', async () => {
    const { port } = await hosted('program.cjs');
    const one = await seen(port, { 'x-forwarded-for': '203.0.113.7:51234', 'x-forwarded-proto': 'https' });
    expect(one).toMatchObject({ remoteAddress: '127.0.0.1', headers: { 'x-forwarded-proto': 'https' } });
    expect(one['encrypted']).toBeUndefined();
  });

  const clients: readonly (readonly [string, string, number | undefined])[] = [
    ['203.0.113.7:51234', '203.0.113.7', 51_234],
    ['203.0.113.7', '203.0.113.7', undefined],
    ['[2001:db8::1]:51234', '2001:db8::1', 51_234],
    ['2001:db8::1', '2001:db8::1', undefined],
    ['1.1.1.1:1, 2.2.2.2:2', '2.2.2.2', 2],
  ];

  test('are the client and scheme of the request, the last of each', async () => {
    const { port } = await hosted('program.cjs', { OPTIONS: '{"forwardedHeaders":true}' });
    for (const [value, remoteAddress, remotePort] of clients) {
      const one = await seen(port, { 'x-forwarded-for': value, 'x-forwarded-proto': 'http, https' });
      expect([value, one['remoteAddress'], one['remotePort']]).toEqual([value, remoteAddress, remotePort]);
      expect(one).toMatchObject({
        encrypted: true,
        headers: { 'x-original-for': expect.stringMatching(/^127\.0\.0\.1:\d+$/), 'x-original-proto': 'http' },
      });
      expect((one['headers'] as Variables)['x-forwarded-for']).toBe(value.startsWith('1.1') ? '1.1.1.1:1' : undefined);
      expect((one['headers'] as Variables)['x-forwarded-proto']).toBe('http');
    }
    for (const value of ['unknown', '_hidden:80', '1.2.3.4:70000', '[1.2.3.4]:1', '']) {
      const one = await seen(port, { 'x-forwarded-for': value, 'x-forwarded-proto': 'https' });
      expect([value, one['remoteAddress'], one['encrypted']]).toEqual([value, '127.0.0.1', undefined]);
    }
  });
});

test('types are found by import and by require, and a wrong option is an error', async () => {
  const imports = `import { createServer } from 'node:http';
    import { attach, readHosting, type Attached } from '@sluice/integration';\n`;
  const right = `const result: Promise<Attached> = attach(createServer(), { port: 1, onStop: () => undefined });
    const path: string | undefined = readHosting()?.path;
    export { result, path };`;
  writeFileSync(join(folder, 'import.mts'), imports + right);
  writeFileSync(join(folder, 'require.cts'), imports + right);
  writeFileSync(join(folder, 'wrong.mts'), `${imports}attach(createServer(), { port: 'x' });`);
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  // A tsconfig.json in a folder above (/tmp) is none of ours.
  const flags = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--pretty',
    'false',
    '--module',
    'nodenext',
    '--types',
    'node',
  ];
  const files = ['import.mts', 'require.cts', 'wrong.mts'];
  const { output } = await run(process.execPath, [tsc, ...flags, ...files], { cwd: folder, limitMs: 120_000 });
  expect(output.trim().split('\n')).toEqual([expect.stringMatching(/^wrong\.mts\(3,.*'string' is not assignable/)]);
}, 150_000);

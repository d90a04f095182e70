import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { WebSocket } from 'ws';
import type { Seen } from '../../support/aspnetcore/app-client.js';
import { published } from '../../support/aspnetcore/published.js';
import { testNeeding } from '../../support/needs.js';
import { findProgram } from '../../support/find-program.js';
import { call } from '../../support/http-client.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until, within } from '../../support/time.js';
import { type ObservedWorker, RuntimeHarness, type StartOptions } from './harness.js';

const withDotnet = testNeeding('dotnet');

function web(physicalPath: string, more: StartOptions['hosting'] = {}): StartOptions {
  return { physicalPath, hosting: { processPath: 'dotnet', arguments: ['Web.dll'], isDotnet: true, ...more } };
}

function probe(physicalPath: string, kind: string, more: StartOptions['hosting'] = {}): StartOptions {
  return web(physicalPath, { arguments: ['Probe.dll', kind], ...more });
}

function endpointOf(worker: ObservedWorker): { readonly port: number; readonly token: string } {
  const { endpoint } = worker;
  if (endpoint?.kind !== 'tcp') throw new Error('no TCP endpoint');
  return { port: endpoint.port, token: endpoint.pairingToken };
}

describe('a published ASP.NET Core app', () => {
  let folder: string;
  let publish: string;
  let harness: RuntimeHarness;

  beforeAll(async () => {
    folder = tempFolder('dotnet');
    harness = new RuntimeHarness({ isolate: true });
    if (findProgram('dotnet') !== null) publish = await published('web');
  }, 300_000);
  afterAll(async () => {
    await harness.close();
    removeFolder(folder);
  });

  /** A copy of the published app with one file changed. */
  function changed(name: string, file: string, change: (text: string) => string): string {
    const copy = join(folder, name);
    cpSync(publish, copy, { recursive: true });
    writeFileSync(join(copy, file), change(readFileSync(join(copy, file), 'utf8')));
    return copy;
  }

  for (const path of ['/', '/sub']) {
    withDotnet(`at ${path}: token, and the shutdown request ends it with exit code 0`, async () => {
      const worker = harness.start({ ...web(publish), path });
      await worker.whenReady();
      const { port, token } = endpointOf(worker);
      expect((await call(port, '/', { headers: { 'MS-ASPNETCORE-TOKEN': 'wrong' } })).status).toBe(400);
      expect((await call(port, '/', { headers: { 'MS-ASPNETCORE-TOKEN': token } })).status).toBe(200);
      worker.handle?.terminate();
      expect(await worker.whenExited()).toMatchObject({ code: 0, signal: null });
      expect(worker.exit?.outputTail).toContain('Application is shutting down');
    });
  }

  withDotnet('over a unix socket, at /sub: the whole protocol, nothing for other users, exit code 0', async () => {
    const worker = harness.start({ ...web(publish, { socket: 'unix' }), path: '/sub' });
    const endpoint = await worker.whenReady();
    if (endpoint.kind !== 'unix') throw new Error('no unix endpoint');
    const { path, pairingToken } = endpoint;
    expect(statSync(path).mode & 0o007).toBe(0);
    const token = { 'MS-ASPNETCORE-TOKEN': pairingToken };
    expect((await call(path, '/sub/', { headers: { 'MS-ASPNETCORE-TOKEN': 'wrong' } })).status).toBe(400);
    const headers = { ...token, 'X-Forwarded-For': '203.0.113.7:51234', 'X-Forwarded-Proto': 'https' };
    const seen = JSON.parse((await call(path, '/sub/seen', { headers })).text) as Seen;
    expect(seen).toMatchObject({ scheme: 'https', pathBase: '/sub', remoteAddress: '203.0.113.7', remotePort: 51_234 });
    worker.handle?.ping();
    await until('a pong', () => worker.pongs === 1);
    worker.handle?.terminate();
    expect(await worker.whenExited()).toMatchObject({ code: 0, signal: null });
    expect(existsSync(dirname(path))).toBe(false);
  });

  withDotnet('has time to clean up within shutdownTimeLimit, unless it says otherwise itself', async () => {
    const own = [{ name: 'ASPNETCORE_SHUTDOWNTIMEOUTSECONDS', value: '3' }];
    const said = async (hosting: StartOptions['hosting']): Promise<string | undefined> => {
      const worker = harness.start(web(publish, hosting));
      await worker.whenReady();
      const environment = readFileSync(`/proc/${worker.pid}/environ`, 'latin1').split('\0');
      worker.handle?.terminate();
      expect(await worker.whenExited()).toMatchObject({ code: 0 });
      return environment.find((line) => line.startsWith('DOTNET_SHUTDOWNTIMEOUTSECONDS='))?.split('=')[1];
    };
    expect(await said({})).toBe('8');
    expect(await said({ shutdownTimeLimitMs: 2_500 })).toBeUndefined();
    expect(await said({ environmentVariables: own })).toBeUndefined();
  });

  withDotnet('with AllowedHosts restricted is stopped by the same request', async () => {
    const settings = JSON.stringify({ AllowedHosts: 'shop.example' });
    const worker = harness.start(web(changed('allowed', 'appsettings.json', () => settings)));
    await worker.whenReady();
    worker.handle?.terminate();
    expect(await worker.whenExited()).toMatchObject({ code: 0, signal: null });
  });

  withDotnet('that answers the shutdown request with 500 gets SIGTERM and ends with code 0', async () => {
    const worker = harness.start(probe(await published('probe'), 'startup-throws'));
    await worker.whenReady();
    const { port, token } = endpointOf(worker);
    const headers = { 'MS-ASPNETCORE-TOKEN': token, 'MS-ASPNETCORE-EVENT': 'shutdown' };
    expect((await call(port, '/iisintegration', { method: 'POST', headers })).status).toBe(500);
    worker.handle?.terminate();
    expect(await worker.whenExited()).toMatchObject({ code: 0, signal: null });
  });

  withDotnet('with an open WebSocket ends by itself before shutdownTimeLimit', async () => {
    const worker = harness.start(probe(await published('probe'), 'hub', { shutdownTimeLimitMs: 4_000 }));
    await worker.whenReady();
    const { port, token } = endpointOf(worker);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/seen/ws`, { headers: { 'MS-ASPNETCORE-TOKEN': token } });
    const closed = new Promise((resolve) => {
      socket.once('error', resolve);
      socket.once('close', resolve);
    });
    await within(
      30_000,
      'the echo',
      new Promise((resolve) => {
        socket.once('open', () => socket.send('held'));
        socket.once('message', resolve);
      }),
    );
    worker.handle?.terminate();
    expect(await worker.whenExited()).toMatchObject({ code: 0, signal: null });
    // The framework cuts it: no close frame.
    expect(await within(30_000, 'the WebSocket ends', closed)).toBe(1006);
  });

  withDotnet('that is killed leaves no diagnostics files in its temp folder', async () => {
    const worker = harness.start({ ...web(publish), pool: { name: 'killed' } });
    await worker.whenReady();
    worker.handle?.kill();
    await worker.whenExited();
    const left = readdirSync(join(harness.stateDir, 'tmp'), { recursive: true }).map(String);
    expect(left.filter((name) => name.includes(`-${worker.pid}-`))).toEqual([]);
  });

  withDotnet('for a framework that is not installed: its name and version, one attempt', async () => {
    const copy = changed('future', 'Web.runtimeconfig.json', (text) =>
      text.replaceAll(/"version": "[^"]+"/g, '"version": "99.0.0"'),
    );
    const worker = harness.start(web(copy));
    const failure = await worker.whenFailed();
    expect(failure).toMatchObject({ status: 502, subStatus: 5, code: 'framework-missing' });
    expect(failure.cause).toMatch(/Microsoft\.\S+App 99\.0\.0/);
    expect(worker.pids).toHaveLength(1);
  });

  withDotnet('whose dll is missing', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const worker = harness.start(
      web(empty, { environmentVariables: [{ name: 'DOTNET_CLI_TELEMETRY_OPTOUT', value: '1' }] }),
    );
    expect(await worker.whenFailed()).toMatchObject({ code: 'entry-missing' });
  });

  withDotnet('without its runtimeconfig.json', async () => {
    const copy = changed('incomplete', 'appsettings.json', (text) => text);
    renameSync(join(copy, 'Web.runtimeconfig.json'), join(folder, 'moved.json'));
    expect(await harness.start(web(copy)).whenFailed()).toMatchObject({ code: 'framework-missing' });
  });
});

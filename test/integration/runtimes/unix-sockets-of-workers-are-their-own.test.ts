import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cpSync, existsSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { call } from '../../support/http-client.js';
import { testNeeding } from '../../support/needs.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { misbehaving, type ObservedWorker, RuntimeHarness, type StartOptions } from './harness.js';

const node = process.execPath;

describe('a worker that is reached over a unix socket', () => {
  let harness: RuntimeHarness;
  let apps: string;
  beforeAll(() => {
    harness = new RuntimeHarness({ isolate: true });
    apps = tempFolder('apps');
    cpSync(misbehaving, join(apps, 'app'), { recursive: true });
  });
  afterAll(async () => {
    await harness.close();
    removeFolder(apps);
  });

  function unix(args: readonly string[], hosting: StartOptions['hosting'] = {}): StartOptions {
    const common = { processPath: node, arguments: args, socket: 'unix', startupTimeLimitMs: 5_000 } as const;
    return { physicalPath: join(apps, 'app'), hosting: { ...common, ...hosting } };
  }

  async function pathOf(worker: ObservedWorker): Promise<string> {
    const endpoint = await worker.whenReady();
    if (endpoint.kind !== 'unix') throw new Error('no unix endpoint');
    return endpoint.path;
  }

  test('is told its path by every name of a port, and answers there', async () => {
    const worker = harness.start(unix(['well-behaved.js', '--at=%PORT%', '%HTTP_PLATFORM_PORT%']));
    const path = await pathOf(worker);
    const report = JSON.parse((await call(path, '/')).text) as { env: Record<string, string>; argv: string[] };
    expect(report.env).toMatchObject({ PORT: path, ASPNETCORE_PORT: path, HTTP_PLATFORM_PORT: path });
    expect(report.argv).toEqual([`--at=${path}`, path]);
    worker.handle?.terminate();
    expect(await worker.whenExited()).toMatchObject({ signal: 'SIGTERM' });
    expect(existsSync(dirname(path))).toBe(false);
  });

  test('that is killed leaves nothing that stands in the way of the next', async () => {
    const first = harness.start(unix(['well-behaved.js']));
    const before = await pathOf(first);
    first.handle?.kill();
    await first.whenExited();
    const second = harness.start(unix(['well-behaved.js']));
    expect(await pathOf(second)).not.toBe(before);
    second.handle?.kill();
    await second.whenExited();
    expect(readdirSync(join(harness.runDir, 'w'))).toEqual([]);
  });

  testNeeding('other users')('cannot put anything else in its place once it listens', async () => {
    const script = `
      const fs = require('node:fs'), path = process.env.PORT;
      const attempt = (what) => { try { what(); return 'done'; } catch (error) { return error.code; } };
      require('node:http').createServer((_, response) => response.end(JSON.stringify([
        attempt(() => fs.unlinkSync(path)),
        attempt(() => fs.symlinkSync('/run/other.sock', path + '2')),
        attempt(() => fs.chmodSync(path.slice(0, path.lastIndexOf('/')), 0o777)),
      ]))).listen(path);`;
    const worker = harness.start(unix(['-e', script]));
    const path = await pathOf(worker);
    expect(JSON.parse((await call(path, '/')).text)).toEqual(['EACCES', 'EACCES', 'EPERM']);
    expect(statSync(dirname(path))).toMatchObject({ uid: 0, gid: harness.identities.forListeners()?.gid });
    expect(statSync(path).gid).toBe(harness.identities.forListeners()?.gid);
    worker.handle?.kill();
    await worker.whenExited();
  });

  test('that is a link to a neighbour’s socket is refused', async () => {
    const neighbour = createServer((_request, response) => response.end('neighbour'));
    const target = join(apps, 'neighbour.sock');
    await new Promise<void>((done) => void neighbour.listen(target, done));
    const script = `require('node:fs').symlinkSync(${JSON.stringify(target)}, process.env.PORT); setInterval(() => 0, 1000)`;
    const failure = await harness.start(unix(['-e', script])).whenFailed();
    expect(failure).toMatchObject({ status: 502, subStatus: 5, code: 'socket-failed' });
    neighbour.close();
  });

  test('that listens on a port instead is told where', async () => {
    const failure = await harness.start(unix(['listens-elsewhere.js'], { startupTimeLimitMs: 1_500 })).whenFailed();
    expect(failure.code).toBe('listening-elsewhere');
    const chosen = /port=(\d+)/.exec(failure.outputTail)?.[1];
    expect(failure.cause).toContain(`listens on port ${chosen} instead of the unix socket`);
    expect(failure.remedy).toContain('socket: tcp');
  });

  test('that never listens is late', async () => {
    const worker = harness.start(unix(['never-listens.js'], { startupTimeLimitMs: 1_000, startAttempts: 3 }));
    expect(await worker.whenFailed()).toMatchObject({ code: 'startup-timeout', attempts: 3 });
    expect(worker.pids).toHaveLength(3);
  });

  testNeeding('python3')('may be a Python server, which makes its socket its own way', async () => {
    const script = [
      'import os, socketserver, http.server',
      'class Server(socketserver.UnixStreamServer):',
      '  def get_request(self): return (super().get_request()[0], ("local", 0))',
      'Server(os.environ["PORT"], http.server.SimpleHTTPRequestHandler).serve_forever()',
    ].join('\n');
    const worker = harness.start(unix(['-c', script], { processPath: 'python3' }));
    expect((await call(await pathOf(worker), '/package.json')).status).toBe(200);
    worker.handle?.terminate();
    await worker.whenExited();
  });

  test('may leave files in its folder: they go with the runtimes', async () => {
    const other = new RuntimeHarness({ isolate: true });
    const script = `
      require('node:fs').writeFileSync(process.env.PORT + '.left', 'x');
      require('node:http').createServer().listen(process.env.PORT);`;
    const worker = other.start(unix(['-e', script]));
    const path = await pathOf(worker);
    worker.handle?.kill();
    await worker.whenExited();
    expect(existsSync(`${path}.left`)).toBe(true);
    await other.runtimes.close();
    expect(existsSync(join(other.runDir, 'w'))).toBe(false);
    await other.close();
  });
});

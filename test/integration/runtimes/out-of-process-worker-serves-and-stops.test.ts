import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { request } from 'node:http';
import { freePort } from '../../support/free-port.js';
import { isAlive } from '../../support/processes.js';
import { testNeeding } from '../../support/needs.js';
import { until } from '../../support/time.js';
import { misbehaving, type ObservedWorker, RuntimeHarness, type StartOptions } from './harness.js';

interface Report {
  readonly pid: number;
  readonly uid: number;
  readonly groups: readonly number[];
  readonly umask: string;
  readonly cwd: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly noNewPrivileges: string;
  readonly oomScoreAdj: string;
}

const node = process.execPath;

function ask(worker: ObservedWorker): Promise<Report> {
  const { endpoint } = worker;
  if (endpoint?.kind !== 'tcp') throw new Error('no TCP endpoint');
  return new Promise((resolve, reject) => {
    const { host, port } = endpoint;
    const call = request({ host, port, agent: false }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.on('end', () => resolve(JSON.parse(body) as Report));
    });
    call.once('error', reject).end();
  });
}

function wellBehaved(hosting: StartOptions['hosting'] = {}): StartOptions {
  return { physicalPath: misbehaving, hosting: { processPath: node, arguments: ['well-behaved.js'], ...hosting } };
}

describe('an out-of-process worker', () => {
  let harness: RuntimeHarness;
  beforeAll(() => {
    process.env['SLUICE_TEST_SECRET'] = 'not for tenants';
    harness = new RuntimeHarness();
  });
  afterAll(async () => {
    delete process.env['SLUICE_TEST_SECRET'];
    await harness.close();
  });

  test('gets the variables of the protocol and nothing of ours', async () => {
    const options = wellBehaved({
      environmentVariables: [
        { name: 'MODE', value: 'prod' },
        { name: 'BOTH', value: 'application' },
      ],
    });
    const pool = { environmentVariables: [{ name: 'BOTH', value: 'pool' }] };
    const worker = harness.start({ ...options, pool, path: '/legacy' });
    const endpoint = await worker.whenReady();
    const { env, cwd, umask, oomScoreAdj } = await ask(worker);
    if (endpoint.kind !== 'tcp') throw new Error('no TCP endpoint');
    const port = String(endpoint.port);
    expect(env).toMatchObject({
      ASPNETCORE_PORT: port,
      PORT: port,
      HTTP_PLATFORM_PORT: port,
      ASPNETCORE_TOKEN: endpoint.pairingToken,
      ASPNETCORE_APPL_PATH: '/legacy',
      ASPNETCORE_IIS_HTTPAUTH: 'anonymous;',
      ASPNETCORE_IIS_WEBSOCKETS_SUPPORTED: 'true',
      ASPNETCORE_IIS_APPLICATION_ID: '/LM/W3SVC/3/ROOT/legacy',
      ASPNETCORE_HOSTINGSTARTUPASSEMBLIES: 'Microsoft.AspNetCore.Server.IISIntegration',
      APP_POOL_ID: 'shop',
      MODE: 'prod',
      BOTH: 'application',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    });
    expect(endpoint.pairingToken).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(env['SLUICE_TEST_SECRET']).toBeUndefined();
    expect(Object.keys(env).filter((name) => name.startsWith('SLUICE'))).toEqual([]);
    expect({ cwd, umask, oomScoreAdj }).toEqual({ cwd: misbehaving, umask: '22', oomScoreAdj: '300' });
    expect(endpoint.port).toBeGreaterThanOrEqual(10_000);
    expect(endpoint.port).toBeLessThanOrEqual(48_000);
    worker.handle?.terminate();
    await worker.whenExited();
  });

  test('is stopped by SIGTERM and told to be gone exactly once', async () => {
    const worker = harness.start(wellBehaved());
    await worker.whenReady();
    worker.handle?.terminate();
    expect(await worker.whenExited()).toMatchObject({ code: null, signal: 'SIGTERM', violation: null });
    expect(worker.order).toEqual(['spawned', 'ready', 'exited']);
    expect(isAlive(worker.pid)).toBe(false);
  });

  test('that ignores SIGTERM goes by kill', async () => {
    const worker = harness.start(wellBehaved({ arguments: ['ignores-sigterm.js'] }));
    await worker.whenReady();
    worker.handle?.terminate();
    worker.handle?.kill();
    expect(await worker.whenExited()).toMatchObject({ signal: 'SIGKILL' });
  });

  test('answers a ping by accepting a connection', async () => {
    const worker = harness.start(wellBehaved());
    await worker.whenReady();
    worker.handle?.ping();
    await until('a pong', () => worker.pongs > 0);
    expect(worker.pongs).toBe(1);
    worker.handle?.kill();
    await worker.whenExited();
  });

  test.each([
    ['0.0.0.0', undefined, '127.0.0.1'],
    ['::', undefined, '127.0.0.1'],
    ['::', '1', '::1'],
    ['::1', undefined, '::1'],
  ])('on %s (IPv6 only: %s) is reached at %s', async (bind, v6only, host) => {
    const variables = [
      { name: 'BIND', value: bind },
      ...(v6only === undefined ? [] : [{ name: 'V6ONLY', value: v6only }]),
    ];
    const worker = harness.start(wellBehaved({ environmentVariables: variables }));
    expect(await worker.whenReady()).toMatchObject({ kind: 'tcp', host });
    expect((await ask(worker)).pid).toBe(worker.pid);
    worker.handle?.kill();
    await worker.whenExited();
  });

  test('gets its port in place of %PORT% in the arguments', async () => {
    const worker = harness.start(
      wellBehaved({ arguments: ['well-behaved.js', '--port=%PORT%', '%HTTP_PLATFORM_PORT%'] }),
    );
    const endpoint = await worker.whenReady();
    const port = endpoint.kind === 'tcp' ? String(endpoint.port) : '';
    expect((await ask(worker)).argv).toEqual([`--port=${port}`, port]);
    worker.handle?.kill();
    await worker.whenExited();
  });

  test('may get an argument that is longer than any file name', async () => {
    const worker = harness.start(wellBehaved({ arguments: ['well-behaved.js', 'x'.repeat(5_000)] }));
    await worker.whenReady();
    expect((await ask(worker)).argv[0]).toHaveLength(5_000);
    worker.handle?.kill();
    await worker.whenExited();
  });

  test('loads what its pool wants loaded at the start as well as the module’s assembly', async () => {
    const name = 'ASPNETCORE_HOSTINGSTARTUPASSEMBLIES';
    const seen = async (pool: string | null, application: string | null): Promise<string | undefined> => {
      const list = (value: string | null) => (value === null ? [] : [{ name, value }]);
      const options = wellBehaved({ environmentVariables: list(application) });
      const worker = harness.start({ ...options, pool: { environmentVariables: list(pool) } });
      await worker.whenReady();
      const { env } = await ask(worker);
      worker.handle?.kill();
      await worker.whenExited();
      return env[name];
    };
    const own = 'Microsoft.AspNetCore.Server.IISIntegration';
    expect(await Promise.all([seen('Trace', null), seen('Trace', 'Only'), seen(null, '')])).toEqual([
      `Trace;${own}`,
      'Only',
      '',
    ]);
  });

  test('uses the token and the fixed port of the configuration', async () => {
    const port = await freePort();
    const variables = [
      { name: 'ASPNETCORE_TOKEN', value: 'chosen' },
      { name: 'ASPNETCORE_PORT', value: String(port) },
    ];
    const worker = harness.start(wellBehaved({ environmentVariables: variables }));
    expect(await worker.whenReady()).toEqual({ kind: 'tcp', host: '127.0.0.1', port, pairingToken: 'chosen' });
    worker.handle?.kill();
    await worker.whenExited();
  });

  test('that is killed before it runs still ends once', async () => {
    const worker = harness.start(wellBehaved());
    worker.handle?.kill();
    await worker.whenExited();
    expect(worker.order.filter((what) => what === 'exited')).toHaveLength(1);
    expect(worker.failure).toBeNull();
  });

  testNeeding('python3')('may be a Python program found by its name', async () => {
    const script =
      'import os,http.server as h;h.HTTPServer(("127.0.0.1",int(os.environ["PORT"])),h.SimpleHTTPRequestHandler).serve_forever()';
    const worker = harness.start({
      physicalPath: misbehaving,
      hosting: { processPath: 'python3', arguments: ['-c', script] },
    });
    await worker.whenReady();
    worker.handle?.terminate();
    expect(await worker.whenExited()).toMatchObject({ signal: 'SIGTERM' });
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { until } from '../../support/time.js';
import { misbehaving, type ObservedWorker, RuntimeHarness, type StartOptions } from './harness.js';

interface HostReport {
  readonly start: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
  readonly descriptors: readonly string[];
}

function ask(worker: ObservedWorker): Promise<HostReport> {
  const { endpoint } = worker;
  if (endpoint?.kind !== 'link') throw new Error('no link endpoint');
  return new Promise((resolve, reject) => {
    let body = '';
    const socket = connect(endpoint.socketPath);
    socket.on('data', (chunk: Buffer) => (body += chunk.toString()));
    socket.once('error', reject).once('end', () => resolve(JSON.parse(body) as HostReport));
  });
}

function app(hosting: StartOptions['hosting'] = {}): StartOptions {
  return {
    physicalPath: misbehaving,
    hosting: { hostingModel: 'InProcess', entry: 'empty.js', arguments: ['--flag'], ...hosting },
  };
}

describe('an in-process worker (with a fake host)', () => {
  let harness: RuntimeHarness;
  beforeAll(() => {
    harness = new RuntimeHarness({ hostFile: join(misbehaving, 'fake-host.js') });
  });
  afterAll(() => harness.close());

  test('says hello, listens on the inherited socket, beats, answers pings and drains', async () => {
    const worker = harness.start(app());
    const endpoint = await worker.whenReady();
    if (endpoint.kind !== 'link') throw new Error('no link endpoint');
    expect(worker.order).toEqual(['spawned', 'hello', 'ready']);
    const report = await ask(worker);
    expect(report.start).toMatchObject({ linkToken: endpoint.linkToken, slot: 1, poolName: 'shop', envPort: 8080 });
    expect(report.argv.slice(1)).toEqual([join(misbehaving, 'empty.js'), '--flag']);
    expect(report.env).toMatchObject({ PORT: '8080', ASPNETCORE_APPL_PATH: '/', APP_POOL_ID: 'shop' });
    expect(report.env['ASPNETCORE_TOKEN']).toBeUndefined();
    worker.handle?.ping();
    worker.handle?.drain();
    await until('pong, heartbeat and notice', () => {
      return worker.pongs === 1 && worker.beats.length > 0 && harness.logger.has('worker-notice');
    });
    expect(worker.beats[0]).toMatchObject({ inFlight: 1 });
    worker.handle?.terminate();
    expect(await worker.whenExited()).toMatchObject({ signal: 'SIGTERM' });
    expect(existsSync(endpoint.socketPath)).toBe(false);
  });

  test('inherits nothing but 0 to 2, the control pipe, the link socket and the pipe of the watchdog', async () => {
    const worker = harness.start(app());
    const endpoint = await worker.whenReady();
    const { descriptors } = await ask(worker);
    const ofNodeItself = / (?:anon_inode:|pipe:|\/proc\/|\/dev\/null$)/;
    const sockets = descriptors.filter((line) => line.includes('socket:'));
    const others = descriptors.filter((line) => !line.includes('socket:') && !ofNodeItself.test(line));
    expect(others).toEqual([]);
    // 1, 2, 3, 4, 5 and the connection that asked.
    expect(sockets.map((line) => Number(line.split(' ')[0])).sort((a, b) => a - b)).toHaveLength(6);
    expect(descriptors).toContain('0 /dev/null');
    const socketPath = endpoint.kind === 'link' ? endpoint.socketPath : '';
    expect(statSync(dirname(socketPath)).mode & 0o777).toBe(0o700);
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    worker.handle?.kill();
    await worker.whenExited();
  });

  test('is not found to hang while the heap snapshot is taken that was ordered', async () => {
    const worker = harness.start(app());
    await worker.whenReady();
    const dumping = worker.handle?.dump({ kind: 'heap', seconds: 0 });
    worker.handle?.examine(true);
    expect(worker.order.at(-1)).toBe('examined debugged');
    worker.handle?.kill();
    await expect(dumping).rejects.toMatchObject({ code: 'dump-failed' });
    await worker.whenExited();
  });

  test('passes node options before the host and arguments behind the entry', async () => {
    const worker = harness.start(app({ nodeOptions: ['--no-warnings'], arguments: ['a b', '--c'] }));
    await worker.whenReady();
    const report = await ask(worker);
    expect(report.execArgv).toEqual(['--no-warnings', '--require', join(misbehaving, 'fake-host.js')]);
    expect(report.argv.slice(2)).toEqual(['a b', '--c']);
    worker.handle?.kill();
    await worker.whenExited();
  });

  test('takes PORT from the configuration', async () => {
    const worker = harness.start(app({ environmentVariables: [{ name: 'PORT', value: '3456' }] }));
    await worker.whenReady();
    const report = await ask(worker);
    expect(report.start).toMatchObject({ envPort: 3456 });
    expect(report.env['PORT']).toBe('3456');
    worker.handle?.kill();
    await worker.whenExited();
  });

  test('whose entry is missing fails before anything is spawned', async () => {
    const worker = harness.start(app({ entry: 'nowhere.js' }));
    const failure = await worker.whenFailed();
    expect(failure).toMatchObject({ status: 500, subStatus: 30, code: 'entry-missing' });
    expect(failure.cause).toContain(join(misbehaving, 'nowhere.js'));
    expect(worker.order).toEqual(['startFailed', 'exited']);
  });
});

describe('an app that does not get as far as listening', () => {
  test('exits: 500.30 with code and output', async () => {
    const harness = new RuntimeHarness({ hostFile: join(misbehaving, 'exits-at-start.js') });
    const worker = harness.start(app());
    const failure = await worker.whenFailed();
    expect(failure).toMatchObject({ status: 500, subStatus: 30, code: 'exited-early' });
    expect(failure.cause).toContain('exit code 3');
    expect(failure.outputTail).toContain('no database here');
    expect(worker.order).toEqual(['spawned', 'startFailed', 'exited']);
    await harness.close();
  });

  test('says nothing: 500.37 at the limit, killed', async () => {
    const harness = new RuntimeHarness({ hostFile: join(misbehaving, 'never-listens.js') });
    const worker = harness.start({ ...app(), pool: { processModel: { startupTimeLimitMs: 1_000 } } });
    expect(await worker.whenFailed()).toMatchObject({ status: 500, subStatus: 37, code: 'startup-timeout' });
    expect(worker.exit).toMatchObject({ signal: 'SIGKILL' });
    await harness.close();
  });
});

describe('a worker that writes garbage to the control pipe is killed', () => {
  test.each([
    ['not-json', 'not JSON'],
    ['unknown-type', 'unknown message type'],
    ['huge-length', 'message of 4294967295 bytes'],
    ['wrong-field', 'listening.port'],
    ['flood', 'more bytes or messages in a second than allowed'],
  ])('%s', async (kind, problem) => {
    const harness = new RuntimeHarness({ hostFile: join(misbehaving, 'writes-garbage.js') });
    const worker = harness.start(app({ environmentVariables: [{ name: 'GARBAGE', value: kind }] }));
    const exit = await worker.whenExited();
    expect(exit.signal).toBe('SIGKILL');
    expect(exit.violation).toContain(problem);
    await harness.close();
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { freePort } from '../../support/free-port.js';
import { isAlive } from '../../support/processes.js';
import { misbehaving, RuntimeHarness, type StartOptions } from './harness.js';

const node = process.execPath;

function run(script: string, hosting: StartOptions['hosting'] = {}): StartOptions {
  return { physicalPath: misbehaving, hosting: { processPath: node, arguments: [script], ...hosting } };
}

describe('an out-of-process start that fails', () => {
  let harness: RuntimeHarness;
  beforeAll(() => {
    harness = new RuntimeHarness();
  });
  afterAll(() => harness.close());

  test('because the app exits: two attempts, then its exit code and its output, escaped', async () => {
    const worker = harness.start(run('exits-at-start.js'));
    const failure = await worker.whenFailed();
    expect(failure).toMatchObject({ status: 502, subStatus: 5, code: 'exited-early' });
    expect(failure.cause).toContain('exit code 3');
    expect(failure.outputTail).toBe('no database here\\x1b[31m');
    expect(worker.order).toEqual(['spawned', 'spawned', 'startFailed', 'exited']);
    expect(failure.journey.at(-1)).toMatchObject({ step: 'listen', outcome: 'failed' });
  });

  test('because the app never listens: startup-timeout, and the process is gone', async () => {
    const worker = harness.start(run('never-listens.js', { startupTimeLimitMs: 1_500 }));
    const failure = await worker.whenFailed();
    expect(failure).toMatchObject({ code: 'startup-timeout', outputTail: 'waiting for nothing' });
    expect(worker.pids).toHaveLength(2);
    expect(worker.pids.some(isAlive)).toBe(false);
  });

  test('because it is given no time: startupTimeLimit 0 is not infinite', async () => {
    const worker = harness.start(run('well-behaved.js', { startupTimeLimitMs: 0, startAttempts: 1 }));
    expect(await worker.whenFailed()).toMatchObject({ code: 'startup-timeout', attempts: 1 });
    expect(worker.pids).toHaveLength(1);
  });

  test('because the app listens elsewhere: the port it chose is named', async () => {
    const worker = harness.start(run('listens-elsewhere.js', { startupTimeLimitMs: 3_000 }));
    const failure = await worker.whenFailed();
    expect(failure.code).toBe('listening-elsewhere');
    const chosen = /port=(\d+)/.exec(failure.outputTail)?.[1];
    expect(failure.cause).toContain(`listens on port ${chosen} instead of`);
    expect(worker.pids).toHaveLength(1);
  });

  test('because the fixed port is taken', async () => {
    const other = await listening();
    const variables = [{ name: 'ASPNETCORE_PORT', value: String(other.port) }];
    const worker = harness.start(run('well-behaved.js', { environmentVariables: variables }));
    expect(await worker.whenFailed()).toMatchObject({ code: 'port-refused' });
    expect(worker.pids).toEqual([]);
    other.server.close();
  });

  test('because somebody else takes the port while the app starts', async () => {
    const port = await freePort();
    const worker = harness.start(
      run('never-listens.js', { environmentVariables: [{ name: 'ASPNETCORE_PORT', value: String(port) }] }),
    );
    const thief = spawn(node, ['-e', `require('net').createServer().listen(${port}, '127.0.0.1')`], {
      stdio: 'ignore',
    });
    try {
      expect(await worker.whenFailed()).toMatchObject({ code: 'port-refused', status: 502 });
    } finally {
      thief.kill('SIGKILL');
    }
  });

  test.each(['abc', '80', '70000', '-1', '0;http://unix:/x'])('because ASPNETCORE_PORT is %s', async (value) => {
    const worker = harness.start(
      run('well-behaved.js', { environmentVariables: [{ name: 'ASPNETCORE_PORT', value }] }),
    );
    expect(await worker.whenFailed()).toMatchObject({ code: 'port-refused' });
    expect(worker.pids).toEqual([]);
  });

  test('because ASPNETCORE_TOKEN could not be sent in a header', async () => {
    const variables = [{ name: 'ASPNETCORE_TOKEN', value: 'a\r\nX-Evil: 1' }];
    const worker = harness.start(run('well-behaved.js', { environmentVariables: variables }));
    expect(await worker.whenFailed()).toMatchObject({ code: 'token-refused' });
  });

  test('because the program does not exist', async () => {
    const named = harness.start({ physicalPath: misbehaving, hosting: { processPath: 'no-such-program' } });
    const absolute = harness.start({ physicalPath: misbehaving, hosting: { processPath: '/opt/none/app' } });
    for (const worker of [named, absolute]) {
      const failure = await worker.whenFailed();
      expect(failure).toMatchObject({ code: 'entry-missing', status: 502, subStatus: 5 });
      expect(failure.remedy).not.toBe('');
      expect(worker.order).toEqual(['startFailed', 'exited']);
    }
  });

  test('because the program cannot be executed', async () => {
    const worker = harness.start({ physicalPath: misbehaving, hosting: { processPath: `${misbehaving}/empty.js` } });
    const failure = await worker.whenFailed();
    expect(['folder-unreachable', 'spawn-failed']).toContain(failure.code);
    expect(failure.cause).toContain('empty.js');
  });
});

async function listening(): Promise<{ readonly server: Server; readonly port: number }> {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return { server, port };
}

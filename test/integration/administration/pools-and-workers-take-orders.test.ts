import { statSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { ReceiptView, WorkerView } from '../../../pools/supervisor/ports.js';
import type { OperationView } from '../../../server/admin/control-plane.js';
import { call, callJson } from '../../support/http-client.js';
import { hostingModels } from '../../support/hosting.js';
import { app, sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { RawClient, webSocketHandshake } from '../../support/raw-client.js';
import { adminToken, type Sluice, withSluice, withToken } from '../../support/sluice.js';
import { until } from '../../support/time.js';

const handshake = webSocketHandshake('/ws');
const nothing = { inFlight: 0, drained: 0, late: 0, retried: 0, cut: 0, socketsNoticed: 0 };

async function cli(sluice: Sluice, ...args: readonly string[]) {
  return run(process.execPath, [sluiceMain, ...args, '--admin', sluice.adminSocket]);
}

async function lastReceipt(sluice: Sluice): Promise<ReceiptView | undefined> {
  return (await sluice.pool('a')).receipts.at(-1);
}

async function running(sluice: Sluice): Promise<WorkerView> {
  return until('a worker runs', async () => {
    return (await sluice.pool('a')).workers.find(({ state }) => state === 'running') ?? null;
  });
}

/** Waits until the worker itself counts so many requests; they were begun just before. */
async function inFlight(sluice: Sluice, count: number): Promise<void> {
  await until(`${count} requests are under way`, async () => (await running(sluice)).inFlight === count);
}

describe.each(hostingModels)('$model', ({ settings }) => {
  const options = {
    applicationPools: [{ name: 'a', processModel: { shutdownTimeLimit: '00:00:06' } }],
    applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain'), ...settings }],
  };

  test('every order ends with what it cost, told by the command line, the API, log and metrics', async () => {
    await withSluice(options, async (sluice) => {
      await sluice.call('/');
      const first = await running(sluice);

      // A recycle waits for the requests of the old worker.
      const slow = [1, 2, 3].map(() => sluice.call('/slow?ms=4000'));
      await inFlight(sluice, 3);
      const recycled = await cli(sluice, 'pool', 'recycle', 'a');
      expect(recycled.output).toMatch(/recycle done \(on-demand\) .*3 in flight, 3 drained, 0 late, 0 retried, 0 cut/);
      expect(recycled.code).toBe(0);
      for (const answer of await Promise.all(slow)) expect(answer.text).toBe(`slow ${first.pid}`);
      const second = await running(sluice);
      expect(await lastReceipt(sluice)).toMatchObject({
        kind: 'recycle',
        cause: 'on-demand',
        outcome: 'done',
        eventId: 5079,
        old: { pid: first.pid, ended: 'recycle' },
        successor: { pid: second.pid },
        requests: { ...nothing, inFlight: 3, drained: 3 },
      });
      expect(sluice.output()).toMatch(/receipt.*on-demand/);

      // A tunnel is told and closed at the limit.
      const socket = await RawClient.connect(sluice.port);
      socket.send(handshake);
      await socket.receives('101 ');
      expect((await cli(sluice, 'worker', 'recycle', String(second.workerId))).code).toBe(0);
      expect((await socket.finishes()).endsWith('\x88\x02\x03\xf4')).toBe(true);
      expect((await lastReceipt(sluice))?.requests).toEqual({ ...nothing, inFlight: 1, socketsNoticed: 1 });

      // What does not end in time is cut, and counted.
      const held = sluice.call('/hold', { method: 'POST', body: 'x' }).catch(() => null);
      await inFlight(sluice, 1);
      const stopped = await cli(sluice, 'pool', 'stop', 'a', '--json');
      expect(stopped.code).toBe(0);
      const operation = JSON.parse(stopped.output) as OperationView;
      expect(operation).toMatchObject({ action: 'pool stop', target: 'a', state: 'done', error: null });
      const ended = { kind: 'stop', cause: 'pool-stopped', successor: null };
      expect(operation.receipts).toMatchObject([{ ...ended, requests: { ...nothing, inFlight: 1, cut: 1 } }]);
      expect((await held)?.status ?? 502).toBe(502);
      expect((await sluice.call('/')).status).toBe(503);
      expect((await cli(sluice, 'pool', 'list')).output).toMatch(/^a +Stopped +Disabled +0 /m);

      expect((await cli(sluice, 'pool', 'start', 'a')).code).toBe(0);
      expect((await sluice.call('/')).status).toBe(200);
      const metrics = await sluice.metrics();
      expect(metrics).toContain('sluice_receipts_total{pool="a",kind="recycle",outcome="done"} 2');
      expect(metrics).toContain('sluice_receipt_requests_total{pool="a",kind="recycle",result="drained"} 3');
      expect(metrics).toContain('sluice_receipt_requests_total{pool="a",kind="recycle",result="noticed"} 1');
      expect(metrics).toContain('sluice_receipt_requests_total{pool="a",kind="stop",result="cut"} 1');
    });
  }, 180_000);

  test('a crash leaves an obituary and the receipt of its restart', async () => {
    await withSluice(options, async (sluice) => {
      await sluice.call('/');
      const { pid } = await running(sluice);
      const post = sluice.call('/hold', { method: 'POST', body: 'x' });
      const get = sluice.call('/slow?ms=3000');
      await inFlight(sluice, 2);
      process.kill(pid, 'SIGKILL');
      expect((await post).status).toBe(502);
      expect((await get).status).toBe(200);
      const receipt = await until('the restart is accounted for', async () => (await lastReceipt(sluice)) ?? null);
      expect(receipt).toMatchObject({
        kind: 'restart',
        cause: 'signal',
        outcome: 'done',
        eventId: 5009,
        old: { pid, ended: 'signal' },
        successor: { pid: (await running(sluice)).pid },
        requests: { ...nothing, inFlight: 2, retried: 1, cut: 1 },
      });
      const [obituary] = (await sluice.pool('a')).obituaries;
      expect(obituary).toMatchObject({
        pid,
        reason: 'signal',
        signal: 'SIGKILL',
        cause: '',
        inFlight: 2,
        suspects: [],
      });
      expect(new Set(obituary?.requestsInFlight)).toEqual(new Set(['POST /hold', 'GET /slow?ms=3000']));
      expect(obituary?.journey.map(({ step }) => step)).toContain('spawn');
      expect((await cli(sluice, 'pool', 'show', 'a')).output).toContain('SIGKILL after');
    });
  }, 120_000);

  test('a worker can be dumped and stopped; it comes back with the next request', async () => {
    await withSluice(options, async (sluice) => {
      await sluice.call('/');
      const { workerId, pid } = await running(sluice);
      const listed = await cli(sluice, 'worker', 'list');
      expect(listed.output).toMatch(new RegExp(`^${workerId} +${pid} +a +`, 'm'));
      const dumped = await cli(sluice, 'worker', 'dump', String(workerId));
      expect({ code: dumped.code, output: dumped.output }).toEqual({ code: 0, output: expect.stringMatching(/: \//) });
      const file = dumped.output.trim().split(': ').at(-1) ?? '';
      expect(statSync(file)).toMatchObject({ size: expect.any(Number) });
      expect(statSync(file).mode & 0o077).toBe(0);
      expect((await cli(sluice, 'worker', 'stop', String(workerId))).code).toBe(0);
      expect(await lastReceipt(sluice)).toMatchObject({ kind: 'stop', cause: 'worker-stopped', requests: nothing });
      expect((await sluice.pool('a')).workers).toEqual([]);
      expect((await sluice.call('/')).status).toBe(200);
      const again = await cli(sluice, 'worker', 'stop', String(workerId));
      expect(again).toMatchObject({ code: 1, output: expect.stringContaining(`there is no worker ${workerId}`) });
    });
  }, 120_000);
});

test('orders are taken by POST, on TCP with a token only, and unknown targets are named', async () => {
  const options = {
    applicationPools: [{ name: 'a b' }],
    applications: [{ path: '/', applicationPool: 'a b', physicalPath: app('plain') }],
  };
  await withSluice(options, async (sluice) => {
    const action = '/api/v1/pools/a%20b/stop';
    expect((await call(sluice.adminPort, action, { method: 'POST' })).status).toBe(401);
    for (const target of [sluice.adminPort, sluice.adminSocket]) {
      expect((await call(target, action)).status).not.toBe(200);
      expect((await call(target, '/api/v1/pools/nobody', { headers: withToken })).status).toBe(404);
      expect((await call(target, '/api/v1/pools/a%20b', { method: 'DELETE', headers: withToken })).status).toBe(405);
    }
    expect((await call(sluice.adminSocket, action)).headers['allow']).toBe('POST');
    expect((await sluice.pool('a b')).state).toBe('Started');
    expect((await call(sluice.adminSocket, '/api/v1/pools/nobody/stop', { method: 'POST' })).status).toBe(404);
    expect((await call(sluice.adminSocket, '/api/v1/workers/x/stop', { method: 'POST' })).status).toBe(400);
    expect((await call(sluice.adminSocket, '/api/v1/operations/999')).status).toBe(404);
    const begun = await call(sluice.adminSocket, action, { method: 'POST' });
    expect(begun).toMatchObject({ status: 202, headers: { location: '/api/v1/operations/1' } });
    await until('it is done', async () => {
      const operation = (await callJson(sluice.adminSocket, '/api/v1/operations/1')) as OperationView;
      return operation.state === 'done';
    });

    // The command line: usage is 2, everything that the server says against it is 1.
    const url = `http://127.0.0.1:${sluice.adminPort}`;
    const refused = await run(process.execPath, [sluiceMain, 'pool', 'start', 'a b', '--admin', url]);
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('needs a token') });
    const env = { ...process.env, SLUICE_TOKEN: adminToken };
    const listed = await run(process.execPath, [sluiceMain, 'pool', 'list', '--admin', url], { env });
    expect(listed).toMatchObject({ code: 0, output: expect.stringContaining('a b') });
    expect((await cli(sluice, 'pool', 'recycle')).code).toBe(2);
    expect(await cli(sluice, 'pool', 'recycle', 'a b')).toMatchObject({
      code: 1,
      output: expect.stringContaining('is not started'),
    });
    const configured = await run(process.execPath, [sluiceMain, 'pool', 'start', 'a b'], { cwd: sluice.folder });
    expect(configured).toMatchObject({ code: 0, output: expect.stringContaining('pool start a b: done') });
    const unreachable = await run(process.execPath, [sluiceMain, 'pool', 'list', '--admin', `${sluice.folder}/none`]);
    expect(unreachable).toMatchObject({ code: 1, output: expect.stringContaining('is the server running') });
  });
}, 120_000);

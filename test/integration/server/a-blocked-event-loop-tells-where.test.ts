import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nodes } from '../../support/nodes.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { blocks, stallAt, stallsOptions } from '../../support/stalls.js';
import { until } from '../../support/time.js';
import { WebSocket } from 'ws';

describe.each(nodes())('%s', (node) => {
  let sluice: Sluice;
  beforeAll(async () => void (sluice = await startSluice(stallsOptions('00:00:02', node))), 60_000);
  afterAll(async () => void (await sluice.stop()), 60_000);

  test.each(blocks)(
    '$path: the worker is replaced, and its obituary names the place',
    async ({ path, says }) => {
      const { obituary, attachment } = await stallAt(sluice, path);
      expect(obituary).toMatchObject({ reason: 'hang', signal: 'SIGKILL' });
      expect(attachment?.text).toMatch(says);
      expect((await sluice.call('/')).status).toBe(200);
      const lines = await until('the black box is in the file', () => {
        const file = attachment?.file ?? '';
        // It is written beside the replacement.
        if (!existsSync(file)) return undefined;
        const text = readFileSync(file, 'utf8');
        return text.includes(`"pid":${obituary.pid},`) ? text.trim().split('\n') : undefined;
      });
      const record = JSON.parse(lines.at(-1) ?? '') as { requestsInFlight: string[]; summary: string };
      expect(record).toMatchObject({ pid: obituary.pid, requestsInFlight: [`POST ${path}`] });
      expect(record.summary).toMatch(says);
      const receipt = (await sluice.pool('a')).receipts.at(-1);
      expect(receipt).toMatchObject({ kind: 'restart', cause: 'hang' });
    },
    120_000,
  );

  test('stopped by a signal: the obituary says so', async () => {
    const { attachment } = await stallAt(sluice, '/short?ms=0', async (pid) => {
      process.kill(pid, 'SIGSTOP');
      await Promise.resolve();
    });
    expect(attachment?.text).toMatch(/^stopped by a signal/);
  }, 120_000);

  test('blocked for less than the limit, or at a breakpoint for longer: left alone and unaware', async () => {
    const pid = (await sluice.call('/')).text;
    expect((await sluice.call('/short?ms=1200')).text).toBe(pid);
    expect(JSON.parse((await sluice.call('/events')).text)).toEqual({ events: [], url: null });
    const debuggerUrl = (await sluice.call('/inspector')).text;
    const debug = await attach(debuggerUrl);
    const held = sluice.call('/', { limitMs: 60_000 });
    await until('the primary has looked at it more than once', () => debug.pauses >= 1);
    const sinceMs = performance.now();
    await until('twice the limit is over', () => performance.now() - sinceMs > 6_000, { withinMs: 30_000 });
    expect(await sluice.workerPids('a')).toEqual([Number(pid)]);
    debug.resume();
    expect((await held).text).toBe(pid);
    debug.close();
  }, 120_000);
});

interface Debug {
  pauses: number;
  resume(): void;
  close(): void;
}

/** Stops the main thread at its next statement. */
async function attach(url: string): Promise<Debug> {
  const socket = new WebSocket(url);
  const debug: Debug = {
    pauses: 0,
    resume: () => socket.send(JSON.stringify({ id: 9, method: 'Debugger.resume' })),
    close: () => socket.close(),
  };
  socket.on('message', (data: Buffer) => {
    if (data.toString('utf8').includes('"Debugger.paused"')) debug.pauses += 1;
  });
  await new Promise<void>((resolve) => socket.once('open', () => resolve()));
  socket.send(JSON.stringify({ id: 1, method: 'Debugger.enable' }));
  socket.send(JSON.stringify({ id: 2, method: 'Debugger.pause' }));
  return debug;
}

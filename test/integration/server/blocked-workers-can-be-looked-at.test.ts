import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { nodes } from '../../support/nodes.js';
import { app, sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

/** A Node whose permission model knows the inspector, where this checkout has one. */
const permitted = nodes().find((node) => /node2[5-9]\//.test(node));
const hangs = { hangDetection: '00:00:02', rapidFailProtection: false };

interface Pool extends Settings {
  readonly name: string;
}

const pools: readonly Pool[] = [
  { name: 'dumped', failure: { hangDetection: '00:00:00' } },
  { name: 'spare', processModel: { spareHost: true }, failure: hangs },
  ...(permitted === undefined
    ? []
    : [
        { name: 'closed', nodePath: permitted, nodePermissions: { enabled: true }, failure: hangs },
        // Threads may be started, but not look at another one: Node ends a process that tries.
        { name: 'threads', nodePath: permitted, nodePermissions: { enabled: true, worker: true }, failure: hangs },
        { name: 'open', nodePath: permitted, nodePermissions: { enabled: true, worker: true }, failure: hangs },
      ]),
];

function inspects(name: string): Settings {
  return name === 'open' ? { hosting: { arguments: '--allow-inspector app.js' } } : {};
}

/** Of every pool: the requests that block are not waited for when the server stops. */
const server = { applicationPoolDefaults: { processModel: { shutdownTimeLimit: '00:00:02' } } };

describe('a worker whose event loop is blocked', () => {
  let sluice: Sluice;
  // The host has ten seconds to answer: the other tests need not wait for that.
  let dumping: ReturnType<typeof dump>;
  beforeAll(async () => {
    const sites = (port: number): Settings[] =>
      pools.map(({ name }) => ({
        name,
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${name}.test` }],
        applications: [{ path: '/', applicationPool: name, physicalPath: app('stalls'), ...inspects(name) }],
      }));
    sluice = await startSluice({ listeners: 1, applicationPools: pools, sites, server });
    dumping = dump();
  }, 60_000);
  // Stopping it is part of the test: a blocked worker does not obey SIGTERM.
  afterAll(async () => {
    await sluice.stop();
  }, 60_000);

  const pidOf = async (pool: string): Promise<number> =>
    Number((await sluice.call('/', { host: `${pool}.test` })).text);
  const block = (pool: string): void => {
    const how = { method: 'POST', body: 'x', limitMs: 60_000, host: `${pool}.test` };
    sluice.call('/spin', how).catch(() => undefined);
  };
  /** What its black box says. */
  const found = async (pool: string): Promise<string> => {
    const pid = await pidOf(pool);
    block(pool);
    const obituary = await until(
      `the blocked worker of ${pool} is dead`,
      async () => (await sluice.pool(pool)).obituaries.find((one) => one.pid === pid),
      { withinMs: 60_000 },
    );
    expect(obituary.reason).toBe('hang');
    return obituary.attachments.find(({ kind }) => kind === 'stall')?.text ?? '';
  };

  test('is found with its stack when it was a spare host', async () => {
    await until('a spare waits', async () => (await sluice.pool('spare')).applications[0]?.spare === 'waiting');
    expect(await found('spare')).toMatch(/^blocked in spinForEver \(/);
  }, 90_000);

  if (permitted !== undefined) {
    test('is found under the permission model; its stack is known where threads and inspector are allowed', async () => {
      const all = await Promise.all([found('closed'), found('threads'), found('open')]);
      const unknown = /^blocked at a place that is not known, because the worker has no watchdog \(computing\)/;
      for (const [index, says] of [unknown, unknown, /^blocked in spinForEver \(/].entries()) {
        expect(all[index]).toMatch(says);
      }
    }, 120_000);
  }

  async function dump() {
    const pid = await pidOf('dumped');
    const [worker] = (await sluice.pool('dumped')).workers;
    block('dumped');
    const args = ['worker', 'dump', String(worker?.workerId), '--admin', sluice.adminSocket];
    return { pid, ...(await run(process.execPath, [sluiceMain, ...args], { limitMs: 90_000 })) };
  }

  test('gets its dump from the kernel, which says where each thread is', async () => {
    const { pid, code, output } = await dumping;
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/: \/.*\/dumps\/dumped-/) });
    const report = readFileSync(output.trim().split(': ').at(-1) ?? '', 'utf8');
    expect(report).toContain(`== thread ${pid}\n`);
    expect(report).toContain('== status\n');
  }, 120_000);
});

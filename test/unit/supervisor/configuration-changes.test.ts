import { describe, expect, test } from '@jest/globals';
import type { ApplicationConfig } from '../../../config/model.js';
import { goodProcess } from '../../simulation/fake-runtime.js';
import { type ApplicationChanges, sampleApplication, samplePool } from '../../support/sample-pools.js';
import { Stage } from './stage.js';

const variable = (value: string): ApplicationChanges => ({ hosting: { environmentVariables: [{ name: 'V', value }] } });
const other = sampleApplication('other', '/other');

async function serving(): Promise<Stage> {
  const stage = new Stage();
  stage.apply([samplePool('shop'), samplePool('other')], [sampleApplication('shop'), other]);
  expect(await stage.visit()).toBe('answered');
  expect(await stage.visit('main/other')).toBe('answered');
  return stage;
}

test('an equal configuration touches nothing', async () => {
  const stage = await serving();
  const publications = stage.listeners.published.length;
  stage.apply([samplePool('shop'), samplePool('other')], [sampleApplication('shop'), other]);
  await stage.clock.advance(10_000);
  expect(stage.listeners.published).toHaveLength(publications);
  expect(stage.runtime.processes).toHaveLength(2);
});

describe('a changed application', () => {
  test('gets new workers in overlap; its neighbours are not touched', async () => {
    const stage = await serving();
    stage.apply([samplePool('shop'), samplePool('other')], [sampleApplication('shop', '/', variable('2')), other]);
    await stage.clock.advance(1_000);
    expect(stage.runtime.alive().map((process) => process.request.application.path)).toEqual(['/other', '/']);
    expect(stage.last().request.hosting.environmentVariables).toEqual([{ name: 'V', value: '2' }]);
    expect(stage.pool().obituaries).toMatchObject([{ reason: 'config-change' }]);
    expect(stage.pool('other').obituaries).toEqual([]);
  });

  test('a second change while the replacement starts: the worker that serves knows the last one', async () => {
    const stage = await serving();
    stage.next.push({ ...goodProcess, startMs: 2_000 });
    const apply = (application: ApplicationConfig): void =>
      stage.apply([samplePool('shop'), samplePool('other')], [application, other]);
    apply(sampleApplication('shop', '/', variable('2')));
    await stage.clock.advance(500);
    apply(sampleApplication('shop', '/', variable('3')));
    await stage.clock.advance(5_000);
    const [worker] = stage.upstreams().workers;
    const serves = stage.runtime.process(worker?.workerId ?? 0)?.request.hosting.environmentVariables;
    expect(serves).toEqual([{ name: 'V', value: '3' }]);
    expect(stage.runtime.alive()).toHaveLength(2);
  });

  test('the old worker keeps serving when the new configuration does not start', async () => {
    const stage = await serving();
    stage.next.push({ ...goodProcess, start: 'exits' });
    stage.apply([samplePool('shop'), samplePool('other')], [sampleApplication('shop', '/', variable('bad')), other]);
    await stage.clock.advance(1_000);
    expect(await stage.visit()).toBe('answered');
    expect(stage.upstreams().workers).toMatchObject([{ generation: 1 }]);
    expect(stage.logged('recycle-failed')).toHaveLength(1);
  });

  test('limits and counters apply without new processes', async () => {
    const stage = await serving();
    const hosting = { requestTimeoutMs: 5_000, rapidFailsPerMinute: 3, startupTimeLimitMs: 1_000 };
    const pool = samplePool('shop', { queueLength: 10, failure: { rapidFailProtectionMaxCrashes: 1 } });
    stage.apply([pool, samplePool('other')], [sampleApplication('shop', '/', { hosting }), other]);
    await stage.clock.advance(1_000);
    expect(stage.runtime.processes).toHaveLength(2);
    stage.runtime.process(1)?.die(1, null);
    expect(stage.pool().stoppedReason).toBe('AppOffline');
  });

  test('disallowRotationOnConfigChange: the next natural start takes it', async () => {
    const stage = await serving();
    const pool = samplePool('shop', { recycling: { disallowRotationOnConfigChange: true } });
    stage.apply([pool, samplePool('other')], [sampleApplication('shop', '/', variable('2')), other]);
    await stage.clock.advance(1_000);
    expect(stage.runtime.processes).toHaveLength(2);
    stage.runtime.process(1)?.die(0, null);
    await stage.visit();
    expect(stage.last().request.hosting.environmentVariables).toEqual([{ name: 'V', value: '2' }]);
  });

  test('a touched restart file, and a changed file that is watched, replace the worker whatever else is said', async () => {
    const stage = await serving();
    const pool = samplePool('shop', { recycling: { disallowRotationOnConfigChange: true } });
    const looksLike = async (watched: string, restart: string): Promise<unknown> => {
      const hosting = {
        recycleOnFileChange: [{ path: '/srv/touch.txt', stamp: watched }],
        restartFile: { path: '/srv/tmp/restart.txt', stamp: restart },
      };
      stage.apply([pool, samplePool('other')], [sampleApplication('shop', '/', { hosting }), other]);
      await stage.clock.advance(5_000);
      return stage.upstreams().workers[0]?.generation;
    };
    // Watched from now on, and not touched since.
    expect(await looksLike('1', '')).toBe(1);
    expect(await looksLike('2', '')).toBe(2);
    expect(await looksLike('2', '0 1')).toBe(3);
    expect(await looksLike('2', '0 2')).toBe(4);
    // Removed by the next deployment: no order. Written by it: one.
    expect(await looksLike('2', '')).toBe(4);
    expect(await looksLike('2', '0 2')).toBe(5);
    expect(stage.pool().obituaries.map(({ reason }) => reason)).toEqual(Array(4).fill('file-change'));
  });

  test('disallowRotationOnConfigChange of one application leaves its neighbours alone', async () => {
    const stage = await serving();
    const handlerSettings = {
      forwardResponseConnectionHeader: false,
      enableOutOfProcessConsoleRedirection: true,
      disallowRotationOnConfigChange: true,
    };
    const hosting = { environmentVariables: [{ name: 'V', value: '2' }], handlerSettings };
    stage.apply([samplePool('shop'), samplePool('other')], [sampleApplication('shop', '/', { hosting }), other]);
    await stage.clock.advance(1_000);
    expect(stage.runtime.processes).toHaveLength(2);
    stage.runtime.process(1)?.die(0, null);
    await stage.visit();
    expect(stage.last().request.hosting.environmentVariables).toEqual([{ name: 'V', value: '2' }]);
  });

  test('a refused configuration answers its status and stops the workers; repaired, it starts again', async () => {
    const stage = await serving();
    const diagnostic = {
      severity: 'error',
      code: 'xml-syntax',
      file: 'web.config',
      line: 3,
      column: 1,
      path: '',
      message: 'not XML',
      remedy: '',
    } as const;
    const failure = { status: 500, subStatus: 19, diagnostic };
    const broken = sampleApplication('shop', '/', { failure, hosting: null });
    stage.apply([samplePool('shop'), samplePool('other')], [broken, other]);
    await stage.clock.advance(1_000);
    expect(stage.upstreams().failure).toMatchObject({ status: 500, subStatus: 19 });
    expect(stage.runtime.alive()).toHaveLength(1);
    expect(stage.pool().applications[0]?.state).toBe('misconfigured');
    stage.apply([samplePool('shop'), samplePool('other')], [sampleApplication('shop'), other]);
    await stage.clock.advance(10);
    expect(await stage.visit()).toBe('answered');
  });
});

describe('pools and applications come and go', () => {
  test('a removed pool drains its workers and is forgotten; a new one of that name is new', async () => {
    const stage = await serving();
    stage.apply([samplePool('other')], [other]);
    expect(stage.upstreams()).toMatchObject({ workers: [], failure: { reason: 'AppShutdown' } });
    await stage.clock.advance(5_000);
    expect(stage.supervisor.view().map((pool) => pool.name)).toEqual(['other']);
    expect(stage.supervisor.upstreams().map((upstreams) => upstreams.applicationId)).toEqual(['main/other']);
    stage.apply([samplePool('shop'), samplePool('other')], [sampleApplication('shop'), other]);
    await stage.clock.advance(10);
    expect(await stage.visit()).toBe('answered');
  });

  test('an application that moves to another pool is served there', async () => {
    const stage = await serving();
    stage.apply([samplePool('shop'), samplePool('other')], [sampleApplication('other'), other]);
    await stage.clock.advance(1_000);
    expect(await stage.visit()).toBe('answered');
    expect(stage.last().request.pool.name).toBe('other');
    expect(stage.pool('shop').applications).toEqual([]);
  });

  test('a larger maxProcesses adds workers, a smaller one lets some go', async () => {
    const stage = await serving();
    const sized = (maxProcesses: number): void =>
      stage.apply(
        [samplePool('shop', { processModel: { maxProcesses }, startMode: 'AlwaysRunning' }), samplePool('other')],
        [sampleApplication('shop'), other],
      );
    sized(3);
    await stage.clock.advance(1_000);
    expect(stage.upstreams().workers.map((worker) => worker.slot)).toEqual([1, 2, 3]);
    sized(1);
    await stage.clock.advance(1_000);
    expect(stage.upstreams().workers).toMatchObject([{ slot: 1, generation: 1 }]);
    expect(stage.runtime.alive()).toHaveLength(2);
  });
});

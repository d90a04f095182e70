import { describe, expect, test } from '@jest/globals';
import { goodProcess } from '../../simulation/fake-runtime.js';
import { sampleApplication, samplePool } from '../../support/sample-pools.js';
import { Stage } from './stage.js';

const failure = { rapidFailProtectionMaxCrashes: 3, rapidFailProbeMs: 60_000 } as const;

async function crash(stage: Stage, times: number, code = 1): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    expect(await stage.visit()).toBe('answered');
    stage.last().die(code, null);
    await stage.clock.advance(10);
  }
}

describe('rapid-fail protection of a pool', () => {
  test('trips at the Nth crash: 503 AppOffline at once, and the pool is stopped', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop', { failure })], [sampleApplication('shop')]);
    await crash(stage, 2);
    expect(stage.pool().state).toBe('Started');
    await crash(stage, 1);
    expect(stage.pool()).toMatchObject({ state: 'Stopped', stoppedReason: 'AppOffline', restarts: 3 });
    expect(stage.pool().applications[0]?.state).toBe('rapid-failed');
    expect(stage.upstreams().failure).toMatchObject({
      status: 503,
      subStatus: 0,
      reason: 'AppOffline',
      retryAfterSeconds: 60,
    });
    expect(stage.happened.filter((what) => what === 'rapid-fail shop')).toHaveLength(1);
    expect(stage.listeners.request('main/').state).toBe('failed');
  });

  test('does not count crashes that are further apart, nor exit 0 of a listening app', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop', { failure })], [sampleApplication('shop')]);
    for (let n = 0; n < 6; n += 1) {
      await crash(stage, 1);
      await stage.clock.advance(150_000);
    }
    await crash(stage, 10, 0);
    expect(stage.pool().state).toBe('Started');
  });

  test('one half-open probe, by the first request; an answered request closes it again', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop', { failure, processModel: { maxProcesses: 2 } })], [sampleApplication('shop')]);
    await stage.visit();
    for (const process of stage.runtime.processes) process.die(1, null);
    await stage.clock.advance(500);
    stage.last().die(1, null);
    await stage.clock.advance(59_000);
    const before = stage.runtime.processes.length;
    expect(await stage.visit()).toBe('failed');
    await stage.clock.advance(2_000);
    expect(stage.pool().state).toBe('Stopped');
    const request = stage.listeners.request('main/');
    await stage.clock.advance(50);
    expect(stage.pool().state).toBe('Starting');
    expect(stage.runtime.processes.length).toBe(before + 1);
    await stage.clock.advance(500);
    expect(request.state).toBe('answered');
    expect(stage.pool().state).toBe('Started');
    expect(stage.upstreams().workers).toHaveLength(2);
  });

  test('a probe that crashes trips at once and waits again', async () => {
    const stage = new Stage();
    stage.apply([samplePool('shop', { failure, startMode: 'AlwaysRunning' })], [sampleApplication('shop')]);
    await crash(stage, 3);
    await stage.clock.advance(60_500);
    expect(stage.pool().state).toBe('Starting');
    stage.last().die(1, null);
    await stage.clock.advance(10);
    expect(stage.pool()).toMatchObject({ state: 'Stopped', stoppedReason: 'AppOffline' });
    expect(stage.happened.filter((what) => what === 'rapid-fail shop')).toHaveLength(2);
  });

  test('rapidFailProbe 0 never tries by itself; a start by hand does', async () => {
    const stage = new Stage();
    const never = { ...failure, rapidFailProbeMs: 0 };
    stage.apply([samplePool('shop', { failure: never })], [sampleApplication('shop')]);
    await crash(stage, 3);
    await stage.clock.advance(86_400_000);
    expect(await stage.visit()).toBe('failed');
    expect(stage.upstreams().failure?.retryAfterSeconds).toBe(0);
    await stage.supervisor.startPool('shop');
    await stage.clock.advance(10);
    expect(await stage.visit()).toBe('answered');
  });

  test('rapidFailProtection false: never', async () => {
    const stage = new Stage();
    stage.apply(
      [samplePool('shop', { failure: { ...failure, rapidFailProtection: false } })],
      [sampleApplication('shop')],
    );
    await crash(stage, 20);
    expect(stage.pool()).toMatchObject({ state: 'Started', restarts: 20 });
  });
});

describe('rapidFailsPerMinute of an out-of-process application', () => {
  test('is off with the rapidFailProtection of its pool', async () => {
    const stage = new Stage();
    const hosting = { hostingModel: 'OutOfProcess', rapidFailsPerMinute: 2 } as const;
    const pool = samplePool('shop', { failure: { ...failure, rapidFailProtection: false } });
    stage.apply([pool], [sampleApplication('shop', '/', { hosting })]);
    await crash(stage, 20);
    expect(await stage.visit()).toBe('answered');
    expect(stage.pool()).toMatchObject({ state: 'Started', restarts: 20 });
  });

  test('trips above N with 502.5, leaves the pool and its neighbour alone, and recovers by itself', async () => {
    const stage = new Stage();
    const hosting = { hostingModel: 'OutOfProcess', rapidFailsPerMinute: 2 } as const;
    const applications = [
      sampleApplication('shop', '/', { hosting }),
      sampleApplication('shop', '/quiet', { hosting }),
    ];
    stage.apply([samplePool('shop', { failure })], applications);
    await crash(stage, 2);
    expect(await stage.visit()).toBe('answered');
    stage.last().die(0, null);
    await stage.clock.advance(10);
    expect(stage.upstreams().failure).toMatchObject({ status: 502, subStatus: 5, reason: 'RapidFail' });
    expect(await stage.visit('main/quiet')).toBe('answered');
    expect(stage.pool().state).toBe('Started');
    expect(stage.happened).not.toContain('rapid-fail shop');
    await stage.clock.advance(60_000);
    expect(stage.upstreams().failure).toBeNull();
    expect(await stage.visit()).toBe('answered');
  });
});

test('a start by hand of a pool that is started ends a back-off, and the minute of a program that failed too often', async () => {
  const stage = new Stage();
  const hosting = { hostingModel: 'OutOfProcess', rapidFailsPerMinute: 1 } as const;
  const pools = [samplePool('slow'), samplePool('tripped')];
  stage.apply(pools, [sampleApplication('slow', '/'), sampleApplication('tripped', '/t', { hosting })]);
  const exits = { ...goodProcess, start: 'exits', startMs: 10 } as const;
  for (const [id, pool] of [
    ['main/', 'slow'],
    ['main/t', 'tripped'],
  ] as const) {
    for (let n = 0; n < 2; n += 1) {
      stage.next.push(exits);
      stage.listeners.request(id);
      await stage.clock.advance(50);
    }
    const { applications } = stage.pool(pool);
    expect(applications).toMatchObject([{ state: pool === 'slow' ? 'backing-off' : 'rapid-failed' }]);
    await stage.supervisor.startPool(pool);
    await stage.clock.advance(1);
    const request = stage.listeners.request(id);
    expect(request.state).toBe('waiting');
    await stage.clock.advance(500);
    expect(request.state).toBe('answered');
  }
});

import { describe, expect, test } from '@jest/globals';
import { goodProcess } from '../../simulation/fake-runtime.js';
import {
  type ApplicationChanges,
  type PoolChanges,
  sampleApplication,
  samplePool,
} from '../../support/sample-pools.js';
import { Stage } from './stage.js';

async function serving(pool: PoolChanges = {}, application: ApplicationChanges = {}, quiet = false): Promise<Stage> {
  const stage = new Stage();
  stage.next.push({ ...goodProcess, heartbeatMs: 250, quiet });
  stage.apply([samplePool('shop', pool)], [sampleApplication('shop', '/', application)]);
  expect(await stage.visit()).toBe('answered');
  return stage;
}

describe('heartbeat', () => {
  test('1 s late is told to the listeners, and so is its return', async () => {
    const stage = await serving();
    await stage.clock.advance(5_000);
    expect(stage.listeners.lates).toEqual([]);
    stage.last().hung = true;
    await stage.clock.advance(1_500);
    expect(stage.listeners.lates).toEqual([{ workerId: 1, late: true }]);
    stage.last().hung = false;
    await stage.clock.advance(500);
    expect(stage.listeners.lates.at(-1)).toEqual({ workerId: 1, late: false });
  });

  test('of a worker that nobody asks for anything comes seldom, and is late when that one is', async () => {
    const stage = await serving({}, {}, true);
    await stage.clock.advance(60_000);
    expect(stage.listeners.lates).toEqual([]);
    stage.last().hung = true;
    await stage.clock.advance(3_500);
    expect(stage.listeners.lates).toEqual([{ workerId: 1, late: true }]);
    stage.supervisor.activity(1, 1, 2);
    await stage.clock.advance(6_000);
    expect(stage.last().asked.kill).toBe(0);
    await stage.clock.advance(4_000);
    expect(stage.runtime.process(1)?.asked.kill).toBe(1);
  });

  test('of a quiet worker that blocks in a request is missed as early as that of a busy one', async () => {
    const stage = await serving({}, {}, true);
    await stage.clock.advance(60_000);
    const ageMs = () => stage.pool().workers[0]?.heartbeat?.ageMs ?? Infinity;
    while (ageMs() > 10) await stage.clock.advance(10);
    stage.last().hung = true;
    await stage.clock.advance(800);
    expect(stage.pool().workers[0]?.heartbeat?.intervalMs).toBe(2_000);
    stage.supervisor.activity(1, 1, 2, 800);
    expect(stage.pool().workers[0]?.heartbeat?.intervalMs).toBeLessThan(270);
    expect(stage.listeners.lates).toEqual([]);
    await stage.clock.advance(250);
    expect(stage.listeners.lates).toEqual([{ workerId: 1, late: true }]);
    await stage.clock.advance(8_950);
    expect(stage.last().asked.kill).toBe(0);
    await stage.clock.advance(1_200);
    expect(stage.runtime.process(1)?.asked.kill).toBe(1);
  });

  test('of a quiet worker that goes on in its request: nothing is late, whoever tells first', async () => {
    const stage = await serving({}, {}, true);
    await stage.clock.advance(60_000);
    stage.last().inFlight = 1;
    for (let seconds = 0; seconds < 30; seconds += 1) {
      await stage.clock.advance(1_000);
      stage.supervisor.activity(1, 1, 2, 300 + seconds * 1_000);
    }
    expect(stage.listeners.lates).toEqual([]);
    expect(stage.last().asked.kill).toBe(0);
  });

  test('missing for hangDetection with requests in flight: killed, counted, replaced', async () => {
    const stage = await serving();
    stage.last().hung = true;
    stage.supervisor.activity(1, 3, 10);
    await stage.clock.advance(9_000);
    expect(stage.last().asked.kill).toBe(0);
    await stage.clock.advance(2_000);
    expect(stage.runtime.process(1)?.asked.kill).toBe(1);
    expect(stage.listeners.gones).toEqual([{ workerId: 1, reason: 'killed' }]);
    expect(stage.pool()).toMatchObject({ restarts: 1, obituaries: [{ reason: 'hang' }] });
    expect(await stage.visit()).toBe('answered');
  });

  test('missing without any request in flight is not a hang, until a request comes', async () => {
    const stage = await serving();
    stage.last().hung = true;
    await stage.clock.advance(60_000);
    expect(stage.last().asked.kill).toBe(0);
    stage.supervisor.activity(1, 1, 2);
    await stage.clock.advance(1_500);
    expect(stage.runtime.process(1)?.asked.kill).toBe(1);
  });

  test('hangDetection 0: never', async () => {
    const stage = await serving({ failure: { hangDetectionMs: 0 } });
    stage.last().hung = true;
    stage.supervisor.activity(1, 1, 2);
    await stage.clock.advance(600_000);
    expect(stage.last().asked.kill).toBe(0);
  });
});

describe('an inspector', () => {
  const killsOf = async (nodeOptions: readonly string[]): Promise<number | undefined> => {
    const stage = await serving({}, { hosting: { nodeOptions } });
    stage.last().hung = true;
    stage.supervisor.activity(1, 1, 2);
    await stage.clock.advance(60_000);
    return stage.runtime.process(1)?.asked.kill;
  };

  test.each(['--inspect', '--inspect=127.0.0.1:0', '--inspect-brk', '--inspect-wait=9230'])(
    '%s: a breakpoint is not a hang',
    async (option) => {
      expect(await killsOf(['--enable-source-maps', option])).toBe(0);
    },
  );

  test.each(['--inspect-port=9230', '--inspect-publish-uid=http'])('%s opens none', async (option) => {
    expect(await killsOf([option])).toBe(1);
  });
});

describe('ping', () => {
  const processModel = { pingingEnabled: true, pingIntervalMs: 30_000, pingResponseTimeMs: 90_000 };

  test('answered: goes on; unanswered for pingResponseTime: killed', async () => {
    const stage = await serving({ processModel });
    await stage.clock.advance(300_000);
    expect(stage.last().asked).toMatchObject({ ping: 10, kill: 0 });
    stage.last().hung = true;
    await stage.clock.advance(125_000);
    expect(stage.pool().obituaries[0]).toMatchObject({ reason: 'ping-timeout' });
  });
});

describe('a worker that a listener cannot reach', () => {
  test('in-process: lives when its link opens again, else it is killed soon', async () => {
    const stage = await serving();
    stage.supervisor.unreachable(1, 'link closed');
    await stage.clock.advance(5_000);
    expect(stage.last().asked.kill).toBe(0);
    stage.last().hung = true;
    stage.supervisor.unreachable(1, 'link closed');
    await stage.clock.advance(3_000);
    expect(stage.last().asked.kill).toBe(1);
  });

  test('out-of-process: lives when a connect succeeds, else it is killed soon', async () => {
    const stage = await serving({}, { hosting: { hostingModel: 'OutOfProcess' } });
    stage.supervisor.unreachable(1, 'ECONNREFUSED');
    await stage.clock.advance(5_000);
    expect(stage.last().asked).toMatchObject({ ping: 1, kill: 0 });
    stage.last().hung = true;
    stage.supervisor.unreachable(1, 'ECONNREFUSED');
    await stage.clock.advance(3_000);
    expect(stage.last().asked.kill).toBe(1);
  });
});

describe('a worker whose link keeps breaking', () => {
  test('is killed when the time of the first report is over, whatever is reported meanwhile', async () => {
    const stage = await serving();
    for (let ms = 0; ms < 1_950; ms += 50) {
      stage.supervisor.unreachable(1, 'link closed');
      await stage.clock.advance(50);
    }
    expect(stage.last().asked.kill).toBe(0);
    await stage.clock.advance(48);
    stage.supervisor.unreachable(1, 'link closed');
    await stage.clock.advance(50);
    expect(stage.runtime.process(1)?.asked.kill).toBe(1);
    expect(stage.logged('worker-unreachable')).toHaveLength(1);
    expect(stage.pool()).toMatchObject({ restarts: 1, obituaries: [{ reason: 'ping-timeout' }] });
    expect(await stage.visit()).toBe('answered');
  });

  test('is killed at the fourth suspicion within a minute although each link opens again', async () => {
    const stage = await serving();
    for (let round = 0; round < 3; round += 1) {
      stage.supervisor.unreachable(1, 'link closed');
      await stage.clock.advance(10_000);
    }
    expect(stage.last().asked.kill).toBe(0);
    stage.supervisor.unreachable(1, 'link closed');
    await stage.clock.advance(10);
    expect(stage.runtime.process(1)?.asked.kill).toBe(1);
    expect(stage.logged('worker-unreachable')).toHaveLength(4);
  });

  test('lives when that happens now and then', async () => {
    const stage = await serving();
    for (let round = 0; round < 20; round += 1) {
      stage.supervisor.unreachable(1, 'link closed');
      await stage.clock.advance(30_000);
    }
    expect(stage.last().asked.kill).toBe(0);
  });
});

describe('idleTimeout', () => {
  test('stops a worker without requests, which is no crash, and the next request starts one', async () => {
    const stage = await serving({ processModel: { idleTimeoutMs: 60_000 } });
    stage.supervisor.activity(1, 0, 1);
    await stage.clock.advance(59_000);
    expect(stage.runtime.alive()).toHaveLength(1);
    await stage.clock.advance(70_000);
    expect(stage.runtime.alive()).toHaveLength(0);
    expect(stage.pool()).toMatchObject({ restarts: 0, obituaries: [{ reason: 'idle' }] });
    expect(await stage.visit()).toBe('answered');
  });

  test('not while requests come or run', async () => {
    const stage = await serving({ processModel: { idleTimeoutMs: 60_000 } });
    for (let n = 1; n < 10; n += 1) {
      stage.supervisor.activity(1, 0, n);
      await stage.clock.advance(30_000);
    }
    stage.supervisor.activity(1, 1, 9);
    await stage.clock.advance(600_000);
    expect(stage.runtime.alive()).toHaveLength(1);
  });
});

describe('the record of a crash', () => {
  test('names as many requests as were lost, told before or after the end, if that is more than the last count', async () => {
    const stage = await serving();
    stage.supervisor.activity(1, 1, 5);
    stage.supervisor.lost(1, ['GET /a'], []);
    stage.last().die(null, 'SIGKILL');
    stage.supervisor.lost(1, ['GET /b', 'GET /c'], []);
    await stage.clock.advance(1_000);
    expect(stage.logged('worker-crashed')).toMatchObject([{ worker: 1, inFlight: 3 }]);
  });

  test('is written before a stop is over', async () => {
    const stage = await serving();
    stage.supervisor.activity(1, 2, 5);
    stage.last().die(null, 'SIGKILL');
    const stopped = stage.supervisor.stopAll(1_000);
    await stage.clock.advance(200);
    await stopped;
    expect(stage.logged('worker-crashed')).toMatchObject([{ worker: 1, inFlight: 2 }]);
  });
});

describe('obituaries', () => {
  test('carry the requests that were in flight, told before or after the end, and the last 50 are kept', async () => {
    const stage = await serving({ failure: { rapidFailProtection: false } });
    stage.supervisor.lost(1, ['GET /a'], []);
    stage.last().die(null, 'SIGSEGV');
    stage.supervisor.lost(1, ['GET /b'], []);
    expect(stage.pool().obituaries).toMatchObject([{ signal: 'SIGSEGV', requestsInFlight: ['GET /a', 'GET /b'] }]);
    for (let n = 0; n < 60; n += 1) {
      await stage.visit();
      stage.last().die(n, null);
    }
    const codes = stage.pool().obituaries.map((obituary) => obituary.code);
    expect(codes).toHaveLength(50);
    expect(codes.at(-1)).toBe(59);
  });
});

import { expect, test } from '@jest/globals';
import { Deadlines } from '../../../server/proxy/deadlines.js';
import type { ProxyCore } from '../../../server/proxy/core.js';
import type { Exchange } from '../../../server/proxy/exchange.js';
import { HttpPool } from '../../../server/proxy/http-pool.js';
import type { HttpUpstream } from '../../../server/proxy/http-upstream.js';
import { ApplicationState, Worker } from '../../../server/proxy/worker.js';
import { ManualClock } from '../../support/manual-clock.js';

class Kept {
  deadlineMs = Infinity;
  closed = 0;
  requests = 0;
  close(): void {
    this.closed += 1;
  }
  request(): void {
    this.requests += 1;
  }
}

test('a tick that is late does not hand a request to a connection that the worker is closing', () => {
  const clock = new ManualClock();
  const core = { clock, deadlines: new Deadlines(clock) } as unknown as ProxyCore;
  const endpoint = { kind: 'tcp', host: '127.0.0.1', port: 1, pairingToken: '' } as const;
  const worker = new Worker({ workerId: 1, slot: 1, generation: 1, endpoint }, new ApplicationState('a'));
  const pool = new HttpPool(worker, core, endpoint);
  const [long, short] = [new Kept(), new Kept()];
  pool.keep(long as unknown as HttpUpstream, 60);
  pool.keep(short as unknown as HttpUpstream, 5);
  // Nobody ticks.
  clock.advance(4_500);
  const exchange = { retries: 0, application: null } as unknown as Exchange;
  expect(pool.begin(exchange)).toBe(long);
  expect(short).toMatchObject({ closed: 1, requests: 0 });
  expect(long).toMatchObject({ closed: 0, requests: 1, deadlineMs: Infinity });
});

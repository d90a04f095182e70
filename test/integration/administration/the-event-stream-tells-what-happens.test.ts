import { expect, test } from '@jest/globals';
import { eventSchema, type NodeSample } from '../../../server/admin/events/event.js';
import { openEvents } from '../../support/event-client.js';
import { app } from '../../support/paths.js';
import { withSluice, withToken } from '../../support/sluice.js';
import { call } from '../../support/http-client.js';

const options = {
  applicationPools: [{ name: 'a' }, { name: 'idle' }],
  applications: [
    { path: '/', applicationPool: 'a', physicalPath: app('plain') },
    { path: '/idle', applicationPool: 'idle', physicalPath: app('plain') },
  ],
};

test('a start, traffic, a crash, an order and a reload are heard, each as its schema says', async () => {
  await withSluice(options, async (sluice) => {
    const client = await openEvents(sluice.adminPort, withToken);
    await client.first('hello');
    await sluice.call('/');
    await client.first('worker-started');
    const busy = ({ data }: { readonly data: unknown }): boolean =>
      (data as NodeSample).pools.some(({ name, requestsPerSecond }) => name === 'a' && requestsPerSecond > 0);
    const sample = (await client.first('sample', busy)).data as unknown as NodeSample;
    expect(sample.pools.map(({ name }) => name)).toEqual(['a']);
    expect(sample.pools[0]).toMatchObject({ state: 'Started', errorsPerSecond: 0, queue: 0 });
    expect(sample.pools[0]?.p99Ms).toBeGreaterThan(0);
    expect(sample.node.primaryMemoryBytes).toBeGreaterThan(0);
    const [pid = -1] = await sluice.workerPids('a');
    process.kill(pid, 'SIGKILL');
    const ended = await client.first('worker-ended');
    expect(ended.data).toMatchObject({
      pool: 'a',
      eventId: 5009,
      obituary: { pid, reason: 'signal', signal: 'SIGKILL' },
    });
    await sluice.call('/');
    const path = '/api/v1/pools/a/stop';
    expect((await call(sluice.adminPort, path, { method: 'POST', headers: withToken })).status).toBe(202);
    await client.first('pool', ({ data }) => (data['now'] as { state: string }).state === 'Stopped');
    await client.first('operation', ({ data }) => (data['operation'] as { state: string }).state === 'done');
    await client.first('receipt', ({ data }) => (data['receipt'] as { kind: string }).kind === 'stop');
    const changed = await client.first('change');
    expect(changed.data).toMatchObject({
      event: 'admin-change',
      fields: { caller: 'test', via: 'token', target: 'name=a' },
    });
    sluice.program.child.kill('SIGHUP');
    await client.first('configuration', ({ data }) => data['event'] === 'configuration-unchanged');
    for (const { data } of client.heard) eventSchema.parse(data);
    // Somebody who still listens does not hold up the stop.
    expect(client.isOpen()).toBe(true);
  });
}, 120_000);

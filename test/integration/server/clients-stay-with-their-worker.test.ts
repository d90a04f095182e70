import { expect, test } from '@jest/globals';
import { io, type Socket } from 'socket.io-client';
import { outOfProcess } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { type Settings, type Sluice, withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

const workers = 3;

const models = [
  { model: 'in-process', settings: {} },
  { model: 'out-of-process', settings: outOfProcess('app.js') },
];

async function withGarden(settings: Settings, body: (sluice: Sluice) => Promise<void>): Promise<void> {
  const pool = { name: 'a', affinity: 'cookie', startMode: 'AlwaysRunning', processModel: { maxProcesses: workers } };
  const application = { path: '/', applicationPool: 'a', physicalPath: app('frameworks/socketio'), ...settings };
  await withSluice({ applicationPools: [pool], applications: [application] }, async (sluice) => {
    await until('the garden is there', async () => (await sluice.workerPids('a')).length === workers);
    await body(sluice);
  });
}

/** A browser's client, with cookies; each transport request is a connection of its own. */
function connect(sluice: Sluice, transports: readonly string[]): Socket {
  return io(`http://127.0.0.1:${sluice.port}`, {
    transports: [...transports],
    withCredentials: true,
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
  });
}

async function who(client: Socket, limitMs = 10_000): Promise<number> {
  return (await client.timeout(limitMs).emitWithAck('who')) as number;
}

function transportOf(client: Socket): string {
  return client.io.engine.transport.name;
}

async function talks(clients: readonly Socket[]): Promise<number[]> {
  const pids: number[] = [];
  for (const client of clients) {
    const pid = await who(client);
    for (let n = 0; n < 5; n += 1) {
      expect(await client.timeout(10_000).emitWithAck('ask', n)).toEqual({ youAsked: n });
      expect(await who(client)).toBe(pid);
    }
    pids.push(pid);
  }
  return pids;
}

async function killed(sluice: Sluice, pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await until('its slot is filled', async () => {
    const pids = await sluice.workerPids('a');
    return pids.length === workers && !pids.includes(pid);
  });
}

async function talksNow(clients: readonly Socket[]): Promise<number[]> {
  const asked = await Promise.allSettled(clients.map((client) => who(client, 1_000)));
  return asked.map((one) => (one.status === 'fulfilled' ? one.value : 0));
}

test.each(models)('$model: socket.io works on three workers and survives the loss of one', async ({ settings }) => {
  await withGarden(settings, async (sluice) => {
    const polling = Array.from({ length: 6 }, () => connect(sluice, ['polling']));
    const upgrading = Array.from({ length: 3 }, () => connect(sluice, ['polling', 'websocket']));
    const clients = [...polling, ...upgrading];
    try {
      for (const client of clients) await until('it connects', () => client.connected);
      const pids = await talks(clients);
      expect(new Set(pids).size).toBe(workers);
      expect(polling.map(transportOf)).toEqual(Array(polling.length).fill('polling'));
      for (const client of upgrading) await until('it upgrades', () => transportOf(client) === 'websocket');
      expect(await talks(clients)).toEqual(pids);

      const [lost = 0] = pids;
      await killed(sluice, lost);
      await until('nobody is with the lost worker', async () =>
        (await talksNow(clients)).every((pid) => pid !== 0 && pid !== lost),
      );
      // Who was with another worker still is.
      const after = await talks(clients);
      expect(after.map((pid, index) => (pids[index] === lost ? lost : pid))).toEqual(pids);
    } finally {
      for (const client of clients) client.disconnect();
    }
  });
});

test('plain requests: a cookie once, the same worker with it, its successor when that is gone', async () => {
  await withGarden({}, async (sluice) => {
    const ask = (cookie: string) => sluice.call('/', { headers: cookie === '' ? {} : { cookie } });
    const [given = ''] = (await ask('')).headers['set-cookie'] ?? [];
    expect(given).toMatch(/^SluiceAffinity=\d\.1\.[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/);
    const cookie = given.split(';')[0] ?? '';
    for (let n = 0; n < 10; n += 1) expect((await ask(cookie)).headers['set-cookie']).toBeUndefined();
    const [, slot] = /=(\d)\./.exec(cookie) ?? [];
    const worker = (await sluice.pool('a')).workers.find((one) => String(one.slot) === slot);
    await killed(sluice, worker?.pid ?? 0);
    const [next = ''] = (await ask(cookie)).headers['set-cookie'] ?? [];
    expect(next).toContain(`SluiceAffinity=${slot}.2.`);
    const forged = cookie.replace(/=\d/, (text) => `=${(Number(text.slice(1)) % workers) + 1}`);
    expect((await ask(forged)).headers['set-cookie']).toHaveLength(1);
  });
});

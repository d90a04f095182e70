/** How new connections spread over the listeners, which all accept on one socket. */
import { descriptorCount } from '../../../support/processes.js';
import { RawClient } from '../../../support/raw-client.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { quietHost, twoTenants } from './two-tenants.js';

/** Opens so many connections, `atOnce` together, and keeps them. @returns the smallest share of a listener. */
async function smallestShare(sluice: Sluice, connections: number, atOnce: number): Promise<number> {
  const pids = listenerPids(sluice);
  const before = pids.map(descriptorCount);
  const clients: RawClient[] = [];
  const served = async (): Promise<void> => {
    const client = await RawClient.connect(sluice.port);
    clients.push(client);
    client.send(`GET / HTTP/1.1\r\nHost: ${quietHost}\r\n\r\n`);
    await client.receives('HTTP/1.1 200');
  };
  for (let opened = 0; opened < connections; opened += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, served));
  }
  const counts = pids.map((pid, index) => descriptorCount(pid) - (before[index] ?? 0));
  for (const client of clients) client.close();
  await until('the connections are closed', () =>
    pids.every((pid, index) => descriptorCount(pid) <= (before[index] ?? 0) + 8),
  );
  return Math.min(...counts) / counts.reduce((sum, count) => sum + count, 0);
}

async function run(connections: number): Promise<Outcome> {
  const shares: [name: string, share: number][] = [];
  await withSluice({ ...twoTenants(), listeners: 2 }, async (sluice) => {
    await sluice.call('/', { host: quietHost });
    await until('both listeners run', () => listenerPids(sluice).length === 2);
    shares.push(['one after the other', await smallestShare(sluice, connections, 1)]);
    shares.push(['20 at once', await smallestShare(sluice, connections, 20)]);
  });
  const text = shares.map(([name, share]) => `${name}: the smaller share is ${Math.round(share * 100)} %`).join('; ');
  return {
    measured: `${connections} connections, 2 listeners; ${text}`,
    broken: [],
    missed: shares.flatMap(([name, share]) =>
      violations({ [`${name}: ${Math.round(share * 100)} %, under 25`]: share >= 0.25 }),
    ),
  };
}

export const acceptSpread: Experiment = {
  name: 'accept-spread',
  promise: 'new connections spread over two listeners: each gets at least a quarter',
  run: (scale) => run(scaled(2_000, scale, 200)),
};

/** Fault 5: a worker with many WebSockets is killed. */
import type { HostingChoice } from '../../../support/hosting.js';
import { app } from '../../../support/paths.js';
import { RawClient, webSocketHandshake } from '../../../support/raw-client.js';
import { monotonicMs, pause } from '../../../support/time.js';
import { percentile } from '../../../support/load.js';
import { scaled, violations } from '../../experiment.js';
import { fault, type FaultRow, models, signal, startTraffic, withScene } from './rig.js';

const handshake = webSocketHandshake('/a/ws');

async function opened(port: number, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < count) {
    const some = await Promise.all(
      Array.from({ length: Math.min(50, count - clients.length) }, () => RawClient.connect(port)),
    );
    for (const client of some) client.send(handshake);
    for (const client of some) await client.receives('\r\n\r\n', 60_000);
    clients.push(...some);
  }
  return clients;
}

/** Of a close frame (RFC 6455 5.5.1) at the end of what came after the handshake; 1006 = the connection just ended. */
function closeCode(client: RawClient): number {
  const bytes = client.bytes().subarray(client.bytes().indexOf('\r\n\r\n') + 4);
  return bytes.length >= 4 && bytes[0] === 0x88 ? bytes.readUInt16BE(2) : 1006;
}

async function tunnels(choice: HostingChoice, count: number, quietMs: number): Promise<FaultRow> {
  let row: FaultRow | null = null;
  await withScene({ choice, physicalPath: app('plain') }, async (scene) => {
    const { sluice } = scene;
    await sluice.call('/a/');
    const clients = await opened(sluice.port, count);
    const none = { get: 0, fresh: 0, post: 0 };
    const before = startTraffic(scene, none);
    await pause(quietMs);
    const quiet = await before.stop();
    const during = startTraffic(scene, none);
    await pause(quietMs / 4);
    const killedMs = signal(await sluice.workerPids('a'), 'SIGKILL');
    const times = await Promise.all(
      clients.map(async (client) => {
        await client.finishes(60_000);
        return monotonicMs() - killedMs;
      }),
    );
    await pause(quietMs);
    const { neighbour } = await during.stop();
    const codes = [...new Set(clients.map(closeCode))].join(', ');
    for (const client of clients) client.close();
    const last = Math.round(Math.max(...times));
    row = {
      name: choice.model,
      measured: `${count} sockets closed after ${Math.round(percentile(times, 0.5))} ms (last ${last} ms), code ${codes}; neighbour failed ${neighbour.failed}, p99 ${neighbour.p99Ms} ms (before ${quiet.neighbour.p99Ms} ms)`,
      broken: violations({ [`the neighbour lost ${neighbour.failed}`]: neighbour.failed === 0 }),
      missed: violations({
        [`the last socket was closed after ${last} ms`]: last < 1_000,
        [`neighbour p99 ${neighbour.p99Ms} ms`]: neighbour.p99Ms <= Math.max(20, quiet.neighbour.p99Ms * 2),
      }),
    };
  });
  if (row === null) throw new Error('did not run');
  return row;
}

export const webSockets = fault(
  'web-sockets',
  'kill -9 of a worker with 1,000 WebSockets: all closed in under 1 s, the other pool unchanged',
  (scale) =>
    models(scale, 'out-of-process').map(
      (choice) => () => tunnels(choice, scaled(1_000, scale, 100), scaled(4_000, scale, 500)),
    ),
);

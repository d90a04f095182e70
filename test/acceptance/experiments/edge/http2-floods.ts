/** What HTTP/2 clients that break the rules cost in memory, and in another tenant's answers. */
import { join } from 'node:path';
import { failed, percentile, startLoad } from '../../../support/load.js';
import { app } from '../../../support/paths.js';
import { residentBytes } from '../../../support/processes.js';
import { startProgram } from '../../../support/program.js';
import type { Sluice } from '../../../support/sluice.js';
import { monotonicMs, pause } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { type Over, overs, withCertificate, withTenants } from './http2-fronts.js';
import { attackedHost, quietHost } from './two-tenants.js';

const attacker = join(app('attacker'), 'http2.js');

export const floods = [
  'made-you-reset',
  'settings-flood',
  'settings-ack',
  'ping-flood',
  'ping-ack',
  'window-flood',
  'priority-flood',
  'empty-data',
  'tiny-data',
  'tiny-data-mixed',
  'reset-headers',
  'continuation',
  'hpack-bomb',
  'cookie-crumbs',
  'zero-window',
  'tiny-window',
  'unread-bodies',
  'unread-answers',
] as const;

const mega = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

export interface Flood {
  readonly kind: string;
  readonly connections: number;
  readonly seconds: number;
  readonly over: Over;
  readonly port: number;
}

/** @returns the most that the listeners grew, and what another tenant lost. */
export async function flood(
  sluice: Sluice,
  { kind, connections, seconds, over, port }: Flood,
): Promise<{ grownBytes: number; lost: number; p99Ms: number }> {
  const rss = (): number => listenerPids(sluice).reduce((sum, pid) => sum + residentBytes(pid), 0);
  const before = rss();
  const load = startLoad({ target: sluice.port, host: quietHost, ratePerSecond: 50, path: () => '/' });
  const args = [attacker, String(port), kind, String(connections), attackedHost, '0', over];
  const program = startProgram(process.execPath, args);
  let grownBytes = 0;
  const untilMs = monotonicMs() + seconds * 1_000;
  while (monotonicMs() < untilMs) {
    await pause(100);
    grownBytes = Math.max(grownBytes, rss() - before);
  }
  await program.stop('SIGKILL');
  const report = await load.stop();
  return { grownBytes, lost: failed(report), p99Ms: percentile(report.latenciesMs, 0.99) };
}

async function run(connections: number, seconds: number): Promise<Outcome> {
  const measured: string[] = [];
  const broken: string[] = [];
  const missed: string[] = [];
  await withCertificate((certificate) =>
    withTenants(certificate, async (sluice, { ports }) => {
      for (const over of overs) {
        const port = ports[over];
        // The heap of a listener that never worked grows by itself, and so does what OpenSSL keeps.
        await flood(sluice, { kind: 'settings-flood', connections, seconds: 3, over, port });
        for (const kind of floods) {
          const { grownBytes, lost, p99Ms } = await flood(sluice, { kind, connections, seconds, over, port });
          const each = grownBytes / connections;
          const name = `${kind} over ${over}`;
          measured.push(`${name}: ${mega(each)} MB per connection, p99 ${p99Ms.toFixed(0)} ms, ${lost} lost`);
          broken.push(...violations({ [`${name}: ${lost} requests of another tenant lost`]: lost === 0 }));
          missed.push(...violations({ [`${name}: ${mega(each)} MB per connection`]: each <= 2 ** 20 }));
        }
      }
    }),
  );
  return { measured: measured.join('; '), broken, missed };
}

export const http2Floods: Experiment = {
  name: 'h2-abuse-floods',
  promise:
    'HTTP/2 bombs and floods, with prior knowledge and over TLS: at most 1 MB of listener memory per attacker connection, another tenant loses nothing',
  run: (scale) => run(50, scaled(8, scale, 2)),
};

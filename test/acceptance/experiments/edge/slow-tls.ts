/** Slow and unfinished clients behind TLS and over HTTP/2, and a healthy one with a new handshake for each request. */
import { join } from 'node:path';
import { freePort } from '../../../support/free-port.js';
import { describeLoad, failed, percentile, startLoad } from '../../../support/load.js';
import { app } from '../../../support/paths.js';
import { residentBytes } from '../../../support/processes.js';
import { startProgram } from '../../../support/program.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { TestAuthority } from '../../../support/test-certificates.js';
import { pause } from '../../../support/time.js';
import { tlsCall } from '../../../support/tls-client.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { attackedHost, quietHost } from './two-tenants.js';

const attacker = join(app('attacker'), 'slow.js');

const kinds = [
  'no-hello',
  'half-a-hello',
  'hello-and-nothing',
  'idle',
  'slow-head',
  'slow-body',
  'slow-read',
  'churn',
  'h2-idle',
  'h2-no-settings',
  'h2-slow-head',
  'h2-half-a-frame',
  'h2-slow-body',
  'h2-slow-read',
] as const;

interface Attack {
  /** With commas: of each in turn. */
  readonly kind: string;
  readonly connections: number;
  readonly seconds: number;
}

async function under(sluice: Sluice, port: number, { kind, connections, seconds }: Attack): Promise<Outcome> {
  const rss = (): number => listenerPids(sluice).reduce((sum, pid) => sum + residentBytes(pid), 0);
  const before = rss();
  const attack = startProgram('nice', [
    '-n',
    '19',
    process.execPath,
    attacker,
    String(port),
    kind,
    String(connections),
  ]);
  const load = startLoad({
    target: port,
    ratePerSecond: 20,
    path: () => '/',
    send: async () => {
      const { status, body } = await tlsCall(port, { servername: quietHost });
      return { status, text: body };
    },
  });
  await pause(seconds * 1_000);
  const each = (rss() - before) / connections;
  const report = await load.stop();
  await attack.stop('SIGKILL');
  const p99 = Math.round(percentile(report.latenciesMs, 0.99));
  return {
    measured: `${kind}: ${report.sent} healthy handshakes and requests, ${failed(report)} failed, p99 ${p99} ms, ${Math.round(each / 1_024)} kB per connection`,
    broken: violations({ [`${kind}: ${describeLoad(report)}`]: failed(report) === 0 }),
    missed: [],
  };
}

async function run(attacks: readonly Attack[]): Promise<Outcome> {
  const folder = tempFolder('slow-tls');
  const outcomes: Outcome[] = [];
  const { certFile, keyFile } = new TestAuthority(folder).issue({ names: [attackedHost, quietHost] });
  let tlsPort = 0;
  const site = (host: string): Record<string, unknown> => ({
    name: host.split('.')[0],
    bindings: [{ protocol: 'https', bindingInformation: `*:${tlsPort}:${host}`, certificate: { certFile, keyFile } }],
    applications: [{ path: '/', applicationPool: host.split('.')[0], physicalPath: app('plain') }],
  });
  const options = {
    applicationPools: [{ name: 'attacked' }, { name: 'quiet' }],
    sites: async () => {
      tlsPort = await freePort();
      return [site(attackedHost), site(quietHost)];
    },
  };
  try {
    await withSluice(options, async (sluice) => {
      for (const servername of [attackedHost, quietHost]) await tlsCall(tlsPort, { servername });
      for (const attack of attacks) outcomes.push(await under(sluice, tlsPort, attack));
    });
  } finally {
    removeFolder(folder);
  }
  return {
    measured: outcomes.map(({ measured }) => measured).join('; '),
    broken: outcomes.flatMap(({ broken }) => broken),
    missed: [],
  };
}

export const slowTls: Experiment = {
  name: 'slow-tls-and-http2',
  promise:
    'handshakes that are never finished, slow heads, bodies and readers behind TLS and over HTTP/2, 1,000 connections each: 0 requests of another tenant fail',
  // In its short form all of them at once.
  run: (scale) =>
    run(
      scale < 0.1
        ? [{ kind: kinds.join(), connections: kinds.length * 10, seconds: 2 }]
        : kinds.map((kind) => ({ kind, connections: scaled(1_000, scale, 100), seconds: scaled(30, scale, 5) })),
    ),
};

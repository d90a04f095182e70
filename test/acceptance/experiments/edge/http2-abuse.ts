/** What HTTP/2 clients that break the rules cost: in CPU beside nginx and HAProxy, and in memory. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../../support/find-program.js';
import { freePort } from '../../../support/free-port.js';
import { failed, percentile, startLoad } from '../../../support/load.js';
import { app } from '../../../support/paths.js';
import { cpuSeconds, processTree, residentBytes } from '../../../support/processes.js';
import { type Program, run as runProgram, startProgram } from '../../../support/program.js';
import { type Sluice, type SluiceOptions, withSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { call } from '../../../support/http-client.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { attackedHost, quietHost } from './two-tenants.js';

const attacker = join(app('attacker'), 'http2.js');

/** As `twoTenants`, and the port takes HTTP/2 with prior knowledge. */
export function twoTenantsOverHttp2(): SluiceOptions {
  const site = (port: number, name: string): Record<string, unknown> => ({
    name,
    bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${name}.test`, http2: true }],
    applications: [{ path: '/', applicationPool: name, physicalPath: app('plain') }],
  });
  return {
    applicationPools: [{ name: 'attacked' }, { name: 'quiet' }],
    sites: (port) => [site(port, 'attacked'), site(port, 'quiet')],
  };
}

interface Attacked {
  readonly port: number;
  /** Of HTTP/1.1: nginx before 1.25 speaks one protocol on a port without TLS. */
  readonly quietPort: number;
  /** Front and workers. */
  readonly pids: () => number[];
}

interface ResetFigures {
  readonly name: string;
  readonly cpuSeconds: number;
  readonly p99Ms: number;
  readonly lost: number;
  readonly seconds: number;
  readonly words: string;
}

async function rapidResets(name: string, { port, quietPort, pids }: Attacked, resets: number): Promise<ResetFigures> {
  const load = startLoad({
    target: quietPort,
    host: quietHost,
    ratePerSecond: 100,
    path: () => '/',
    keepAliveConnections: 8,
  });
  await pause(1_000);
  load.report.latenciesMs.length = 0;
  const quiet = cpuSeconds(pids());
  await pause(2_000);
  const ownPerSecond = (cpuSeconds(pids()) - quiet) / 2;
  const before = cpuSeconds(pids());
  const startedMs = monotonicMs();
  const args = [attacker, String(port), 'rapid-reset', '4', attackedHost, String(resets)];
  const { output } = await runProgram(process.execPath, args, { limitMs: 120_000 });
  const seconds = (monotonicMs() - startedMs) / 1_000;
  // What was begun has its end before the account is closed.
  await pause(1_000);
  const used = cpuSeconds(pids()) - before - ownPerSecond * (seconds + 1);
  const report = await load.stop();
  return {
    name,
    cpuSeconds: used,
    p99Ms: percentile(report.latenciesMs, 0.99),
    lost: failed(report),
    seconds,
    words: output.trim(),
  };
}

interface Ports {
  readonly port: number;
  readonly quietPort: number;
  readonly attacked: number;
  readonly quiet: number;
}

/** Two node processes and a front that tells them apart by host. */
async function behind(
  program: string,
  configure: (ports: Ports, folder: string) => readonly [string, readonly string[]],
  body: (front: Attacked) => Promise<ResetFigures>,
): Promise<ResetFigures | null> {
  const path = findProgram(program);
  if (path === null) return null;
  const folder = tempFolder('h2');
  const ports = {
    port: await freePort(),
    quietPort: await freePort(),
    attacked: await freePort(),
    quiet: await freePort(),
  };
  const { port, quietPort } = ports;
  const [text, args] = configure(ports, folder);
  writeFileSync(join(folder, 'front.conf'), text);
  const apps = [ports.attacked, ports.quiet].map((one) =>
    startProgram(process.execPath, [join(app('plain'), 'index.js')], { env: { ...process.env, PORT: String(one) } }),
  );
  const front = startProgram(path, args, { cwd: folder });
  const all: readonly Program[] = [...apps, front];
  try {
    for (const host of [attackedHost, quietHost]) {
      await until(`${program} answers`, () =>
        call(quietPort, '/', { host, limitMs: 2_000 }).then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
    }
    const pids = (): number[] => all.flatMap((one) => processTree(one.pid).map(({ pid }) => pid));
    return await body({ port, quietPort, pids });
  } finally {
    for (const one of all) await one.stop();
    removeFolder(folder);
  }
}

function nginxText({ port, quietPort, attacked, quiet }: Ports, folder: string): readonly [string, readonly string[]] {
  const server = (host: string, upstream: number): string =>
    `server { listen 127.0.0.1:${port} http2; listen 127.0.0.1:${quietPort}; server_name ${host}; location / { proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; } }`;
  const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/${one};`);
  return [
    `daemon off; worker_processes 2; ${process.getuid?.() === 0 ? 'user root;' : ''} pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http { access_log ${folder}/access.log combined buffer=64k flush=1s; keepalive_requests 1000000000; ${temps.join(' ')}
${server(attackedHost, attacked)}
${server(quietHost, quiet)} }`,
    ['-p', folder, '-c', join(folder, 'front.conf')],
  ];
}

function haproxyText(
  { port, quietPort, attacked, quiet }: Ports,
  folder: string,
): readonly [string, readonly string[]] {
  return [
    `global
  maxconn 4096
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 120s
  timeout server 120s
frontend clients
  bind 127.0.0.1:${port}
  bind 127.0.0.1:${quietPort}
  use_backend quiet if { hdr(host) -i -m beg ${quietHost} }
  default_backend attacked
backend attacked
  server app 127.0.0.1:${attacked}
backend quiet
  server app 127.0.0.1:${quiet}
`,
    ['-db', '-f', join(folder, 'front.conf')],
  ];
}

async function resetOutcome(resets: number): Promise<Outcome> {
  const figures: ResetFigures[] = [];
  await withSluice(twoTenantsOverHttp2(), async (sluice) => {
    for (const host of [attackedHost, quietHost]) await sluice.call('/', { host });
    const pids = (): number[] => sluice.tree().map(({ pid }) => pid);
    figures.push(await rapidResets('sluice', { port: sluice.port, quietPort: sluice.port, pids }, resets));
  });
  for (const [name, configure] of [
    ['nginx', nginxText],
    ['haproxy', haproxyText],
  ] as const) {
    const figure = await behind(name, configure, (front) => rapidResets(name, front, resets));
    if (figure !== null) figures.push(figure);
  }
  const [own, ...peers] = figures;
  const show = ({ name, cpuSeconds: cpu, p99Ms, lost, seconds, words }: ResetFigures): string =>
    `${name}: ${cpu.toFixed(2)} CPU s in ${seconds.toFixed(1)} s, p99 of another tenant ${p99Ms.toFixed(1)} ms, ${lost} lost ${words}`;
  const worst = (pick: (one: ResetFigures) => number): number => Math.max(...peers.map(pick));
  if (own === undefined) return { measured: 'nothing', broken: ['did not run'], missed: [] };
  return {
    measured: figures.map(show).join('; '),
    broken: violations({ [`${own.lost} requests of another tenant lost`]: own.lost === 0 }),
    missed: violations({
      'no peer is installed': peers.length > 0,
      'more CPU than nginx and HAProxy': peers.every((one) => own.cpuSeconds <= one.cpuSeconds),
      'a worse p99 than nginx and HAProxy': own.p99Ms <= Math.max(1.2 * worst((one) => one.p99Ms), 5),
    }),
  };
}

export const http2RapidReset: Experiment = {
  name: 'h2-abuse-resets',
  promise:
    '100,000 rapid resets, reconnecting after each GOAWAY: CPU seconds and another tenant’s p99 not worse than nginx or HAProxy',
  run: (scale) => resetOutcome(scaled(100_000, scale, 2_000)),
};

export const floods = [
  'made-you-reset',
  'settings-flood',
  'ping-flood',
  'window-flood',
  'priority-flood',
  'empty-data',
  'continuation',
  'hpack-bomb',
  'cookie-crumbs',
  'zero-window',
  'tiny-window',
  'unread-bodies',
  'unread-answers',
] as const;

const mega = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** One kind of attack for so long. @returns the most that the listeners grew, and what another tenant lost. */
export async function flood(
  sluice: Sluice,
  kind: string,
  connections: number,
  seconds: number,
): Promise<{ grownBytes: number; lost: number; p99Ms: number }> {
  const rss = (): number => listenerPids(sluice).reduce((sum, pid) => sum + residentBytes(pid), 0);
  const before = rss();
  const load = startLoad({ target: sluice.port, host: quietHost, ratePerSecond: 50, path: () => '/' });
  const program = startProgram(process.execPath, [attacker, String(sluice.port), kind, String(connections)]);
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

async function floodOutcome(connections: number, seconds: number): Promise<Outcome> {
  const measured: string[] = [];
  const broken: string[] = [];
  const missed: string[] = [];
  await withSluice(twoTenantsOverHttp2(), async (sluice) => {
    for (const host of [attackedHost, quietHost]) await sluice.call('/', { host });
    // The heap of a listener that never worked grows by itself.
    await flood(sluice, 'settings-flood', 4, 2);
    for (const kind of floods) {
      const { grownBytes, lost, p99Ms } = await flood(sluice, kind, connections, seconds);
      const each = grownBytes / connections;
      measured.push(`${kind}: ${mega(each)} MB per connection, p99 ${p99Ms.toFixed(0)} ms, ${lost} lost`);
      broken.push(...violations({ [`${kind}: ${lost} requests of another tenant lost`]: lost === 0 }));
      missed.push(...violations({ [`${kind}: ${mega(each)} MB per connection`]: each <= 2 ** 20 }));
    }
  });
  return { measured: measured.join('; '), broken, missed };
}

export const http2Floods: Experiment = {
  name: 'h2-abuse-floods',
  promise:
    'HTTP/2 bombs and floods: at most 1 MB of listener memory per attacker connection, another tenant loses nothing',
  run: (scale) => floodOutcome(50, scaled(15, scale, 2)),
};

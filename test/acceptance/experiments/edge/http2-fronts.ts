/** Two tenants behind fronts that speak HTTP/2, with prior knowledge and over TLS: Sluice, and peers where they are installed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { haproxyDefaults } from '../../../bench/peers.js';
import { findProgram } from '../../../support/find-program.js';
import { freePort } from '../../../support/free-port.js';
import { call } from '../../../support/http-client.js';
import { app } from '../../../support/paths.js';
import { processTree } from '../../../support/processes.js';
import { type Program, startProgram } from '../../../support/program.js';
import { type Settings, type Sluice, type SluiceOptions, withSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { type MadeCertificate, TestAuthority } from '../../../support/test-certificates.js';
import { until } from '../../../support/time.js';
import { attackedHost, quietHost } from './two-tenants.js';

export type Over = 'tcp' | 'tls';
export const overs: readonly Over[] = ['tcp', 'tls'];
const hosts = [attackedHost, quietHost];

export interface Front {
  readonly name: string;
  /** Takes HTTP/2; by way of the connection. */
  readonly ports: Readonly<Record<Over, number>>;
  /** Of HTTP/1.1: nginx before 1.25 speaks one protocol on a port without TLS. */
  readonly quietPort: number;
  /** Front and workers. */
  readonly pids: () => number[];
}

/** Valid for both tenants, in a folder that goes with `body`. */
export async function withCertificate<T>(body: (certificate: MadeCertificate) => Promise<T>): Promise<T> {
  const folder = tempFolder('h2-certificate');
  try {
    return await body(new TestAuthority(join(folder, 'ca')).issue({ names: hosts }));
  } finally {
    removeFolder(folder);
  }
}

/** As `twoTenants`, and the port takes HTTP/2 with prior knowledge; `tls`: bindings of a second port. */
export function twoTenantsOverHttp2(tls?: (name: string) => Promise<Settings>): SluiceOptions {
  const site = async (port: number, name: string): Promise<Settings> => ({
    name,
    bindings: [
      { protocol: 'http', bindingInformation: `*:${port}:${name}.test`, http2: true },
      ...(tls === undefined ? [] : [await tls(name)]),
    ],
    applications: [{ path: '/', applicationPool: name, physicalPath: app('plain') }],
  });
  return {
    applicationPools: [{ name: 'attacked' }, { name: 'quiet' }],
    sites: async (port) => [await site(port, 'attacked'), await site(port, 'quiet')],
  };
}

/** Sluice with both tenants warm. */
export async function withTenants(
  { certFile, keyFile }: MadeCertificate,
  body: (sluice: Sluice, front: Front) => Promise<void>,
): Promise<void> {
  let tlsPort = 0;
  const options = twoTenantsOverHttp2(async (name) => {
    if (name === 'attacked') tlsPort = await freePort();
    return { protocol: 'https', bindingInformation: `*:${tlsPort}:${name}.test`, certificate: { certFile, keyFile } };
  });
  await withSluice(options, async (sluice) => {
    for (const host of hosts) await sluice.call('/', { host });
    const { port } = sluice;
    const pids = (): number[] => sluice.tree().map(({ pid }) => pid);
    await body(sluice, { name: 'sluice', ports: { tcp: port, tls: tlsPort }, quietPort: port, pids });
  });
}

interface Setting extends Readonly<Record<Over, number>> {
  readonly quietPort: number;
  readonly attacked: number;
  readonly quiet: number;
  readonly folder: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Certificate and key. */
  readonly bothFile: string;
}

interface Peer {
  readonly program: string;
  readonly text: (setting: Setting) => string;
  readonly args: (setting: Setting, file: string) => readonly string[];
}

const nginx: Peer = {
  program: 'nginx',
  args: ({ folder }, file) => ['-p', folder, '-c', file],
  text: (setting) => {
    const { folder, certFile, keyFile, tcp, tls, quietPort } = setting;
    const server = (host: string, upstream: number): string =>
      `server { listen 127.0.0.1:${tcp} http2; listen 127.0.0.1:${tls} ssl http2; listen 127.0.0.1:${quietPort}; server_name ${host}; location / { proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; } }`;
    const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (one) => `${one}_temp_path ${folder}/${one};`,
    );
    return `daemon off; worker_processes 2; ${process.getuid?.() === 0 ? 'user root;' : ''} pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http { access_log ${folder}/access.log combined buffer=64k flush=1s; keepalive_requests 1000000000; ${temps.join(' ')}
ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};
${server(attackedHost, setting.attacked)}
${server(quietHost, setting.quiet)} }`;
  },
};

const haproxy: Peer = {
  program: 'haproxy',
  args: (_setting, file) => ['-db', '-f', file],
  text: ({ tcp, tls, quietPort, bothFile, attacked, quiet }) => `${haproxyDefaults}frontend clients
  bind 127.0.0.1:${tcp}
  bind 127.0.0.1:${tls} ssl crt ${bothFile} alpn h2,http/1.1
  bind 127.0.0.1:${quietPort}
  use_backend quiet if { hdr(host) -i -m beg ${quietHost} }
  default_backend attacked
backend attacked
  server app 127.0.0.1:${attacked}
backend quiet
  server app 127.0.0.1:${quiet}
`,
};

async function withPeer(
  { program, text, args }: Peer,
  certificate: MadeCertificate,
  body: (front: Front) => Promise<void>,
): Promise<boolean> {
  const path = findProgram(program);
  if (path === null) return false;
  const folder = tempFolder('h2');
  const { certFile, keyFile, cert, key } = certificate;
  const [tcp, tls, quietPort] = [await freePort(), await freePort(), await freePort()];
  const [attacked, quiet] = [await freePort(), await freePort()];
  const bothFile = join(folder, 'both.pem');
  const file = join(folder, 'front.conf');
  const setting = { tcp, tls, quietPort, attacked, quiet, folder, certFile, keyFile, bothFile };
  writeFileSync(bothFile, cert + key, { mode: 0o600 });
  writeFileSync(file, text(setting));
  const apps = [attacked, quiet].map((one) =>
    startProgram(process.execPath, [join(app('plain'), 'index.js')], { env: { ...process.env, PORT: String(one) } }),
  );
  const front = startProgram(path, args(setting, file), { cwd: folder });
  const all: readonly Program[] = [...apps, front];
  try {
    for (const host of hosts) {
      await until(`${program} answers`, () =>
        call(quietPort, '/', { host, limitMs: 2_000 }).then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
    }
    const pids = (): number[] => all.flatMap((one) => processTree(one.pid).map(({ pid }) => pid));
    await body({ name: program, ports: { tcp, tls }, quietPort, pids });
  } finally {
    for (const one of all) await one.stop();
    removeFolder(folder);
  }
  return true;
}

/** Sluice and, where they are installed, nginx and HAProxy, all at the same time: the first is Sluice. */
export async function withFronts(body: (fronts: readonly Front[]) => Promise<void>): Promise<void> {
  await withCertificate((certificate) =>
    withTenants(certificate, async (_sluice, own) => {
      const next = async (fronts: readonly Front[], [peer, ...others]: readonly Peer[]): Promise<void> => {
        if (peer === undefined) return body(fronts);
        const isThere = await withPeer(peer, certificate, (front) => next([...fronts, front], others));
        if (!isThere) await next(fronts, others);
      };
      await next([own], [nginx, haproxy]);
    }),
  );
}

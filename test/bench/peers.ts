/** The peers, each with the settings its own documentation recommends for keep-alive to the app. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { TestAuthority } from '../support/test-certificates.js';
import { findProgram } from '../support/find-program.js';
import { app } from '../support/paths.js';
import { startProgram } from '../support/program.js';
import { removeFolder, tempFolder } from '../support/temp-folder.js';
import { answers, type BenchPath, type NodeApp, startProxy, treePids } from './paths.js';

const require = createRequire(import.meta.url);

function needsProgram(name: string): string | null {
  return findProgram(name) === null ? `${name} is not installed` : null;
}

function needsPackage(name: string): string | null {
  try {
    require.resolve(name);
    return null;
  } catch {
    return `the package ${name} is not installed`;
  }
}

/** Written into the folder; the answer is its path. */
function configFile(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** `more`: further lines of the server block. */
function nginxConfig(port: number, server: string, folder: string, more = ''): string {
  const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes auto;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log ${folder}/access.log combined buffer=64k flush=1s;
  ${temps.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  keepalive_requests 1000000000;
  client_max_body_size 0;
  upstream app { server ${server}; keepalive 128; keepalive_requests 1000000000; keepalive_timeout 100s; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${more}
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
    }
  }
}
`;
}

function nginx(kind: 'tcp' | 'unix'): BenchPath {
  return {
    name: `nginx -> node (${kind})`,
    missing: needsProgram('nginx'),
    start: (other) =>
      startProxy(
        kind,
        (port, upstream, folder) => {
          const server = kind === 'tcp' ? `127.0.0.1:${upstream.port}` : `unix:${upstream.socket}`;
          const file = configFile(folder, 'nginx.conf', nginxConfig(port, server, folder));
          return [findProgram('nginx') ?? 'nginx', ['-c', file, '-p', folder]];
        },
        other,
      ),
  };
}

/** Over TLS. `http2`: '' or the parameter of `listen`. */
export const nginxTls = (name: string, http2: '' | 'http2', kind: 'rsa' | 'ec' = 'rsa'): BenchPath => ({
  name,
  missing: needsProgram('nginx') ?? needsProgram('openssl') ?? (http2 === '' ? null : needsProgram('h2load')),
  start: async (other) => {
    const tlsPort = await freePort();
    const running = await startProxy(
      'unix',
      (port, { socket }, folder) => {
        const { certFile, keyFile } = new TestAuthority(folder).issue({ names: ['bench.test'], kind });
        const more =
          `listen 127.0.0.1:${tlsPort} ssl ${http2} backlog=4096;\n    ssl_protocols TLSv1.2 TLSv1.3;\n    ` +
          `ssl_certificate ${certFile};\n    ssl_certificate_key ${keyFile};`;
        const file = configFile(folder, 'nginx.conf', nginxConfig(port, `unix:${socket}`, folder, more));
        return [findProgram('nginx') ?? 'nginx', ['-c', file, '-p', folder]];
      },
      other,
    );
    return { ...running, tlsPort, isHttp2: http2 !== '' };
  },
});

/** What HAProxy is asked to do everywhere; the proxies follow. */
export const haproxyDefaults = `global
  maxconn 4096
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 120s
  timeout server 120s
`;

const haproxy: BenchPath = {
  name: 'haproxy -> node',
  missing: needsProgram('haproxy'),
  start: (other) =>
    startProxy(
      'tcp',
      (port, upstream, folder) => {
        const text = `${haproxyDefaults}frontend clients
  bind 127.0.0.1:${port}
  default_backend app
backend app
  server app 127.0.0.1:${upstream.port}
`;
        return [findProgram('haproxy') ?? 'haproxy', ['-db', '-f', configFile(folder, 'haproxy.cfg', text)]];
      },
      other,
    ),
};

const caddy: BenchPath = {
  name: 'caddy -> node',
  missing: needsProgram('caddy'),
  start: (other) =>
    startProxy(
      'tcp',
      (port, upstream, folder) => {
        const text = `
{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  log {
    output file ${folder}/access.log
  }
  reverse_proxy 127.0.0.1:${upstream.port}
}
`;
        const file = configFile(folder, 'Caddyfile', text);
        const args = ['run', '--config', file, '--adapter', 'caddyfile'];
        const home = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
        return [findProgram('caddy') ?? 'caddy', args, home];
      },
      other,
    ),
};

function nodeProxy(name: string, file: string): BenchPath {
  return {
    name: `${name} -> node`,
    missing: needsPackage(name),
    start: (other) =>
      startProxy(
        'tcp',
        (port, upstream: NodeApp) => [
          process.execPath,
          [join(app('bench-proxies'), file)],
          { PORT: String(port), UPSTREAM_PORT: String(upstream.port) },
        ],
        other,
      ),
  };
}

/** Passenger starts the app itself; its processes are told apart by their command line. */
const passenger: BenchPath = {
  name: 'passenger',
  missing: needsProgram('passenger'),
  start: async () => {
    const folder = tempFolder('bench');
    const port = await freePort();
    const program = startProgram(
      findProgram('passenger') ?? 'passenger',
      [
        'start',
        '--engine=builtin',
        '--environment=production',
        '--app-type=node',
        `--startup-file=${join(app('bench'), 'app.js')}`,
        '--address=127.0.0.1',
        `--port=${port}`,
        '--max-pool-size=1',
        `--pid-file=${join(folder, 'pid')}`,
        `--log-file=${join(folder, 'log')}`,
      ],
      { cwd: app('bench'), env: { ...process.env, HOME: folder } },
    );
    const stop = async (): Promise<void> => {
      await program.stop('SIGINT');
      removeFolder(folder);
    };
    try {
      await answers(port, program);
    } catch (error) {
      await stop();
      throw error;
    }
    // Nothing here can be told apart safely: everything counts as front.
    return { port, front: () => treePids(program.pid), app: () => [], stop };
  },
};

export const peers: readonly BenchPath[] = [
  nginx('unix'),
  nginx('tcp'),
  nginxTls('https: nginx -> node (unix)', ''),
  nginxTls('h2: nginx -> node (unix)', 'http2'),
  haproxy,
  caddy,
  nodeProxy('http-proxy', 'http-proxy.js'),
  nodeProxy('@fastify/http-proxy', 'fastify-proxy.js'),
  passenger,
];

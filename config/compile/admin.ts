/** Where the admin API listens and who may use it. */
import { dirname, join, resolve } from 'node:path';
import { nodeAt, type Path } from '../load/source.js';
import type { AdminConfig, AdminTokenConfig } from '../model.js';
import type { ServerSettings } from '../schema/root.js';
import { parseListenAddress } from './addresses.js';
import type { Report } from './report.js';

/** In the log of changes and the history: whoever came through the admin socket, or by a link that was made there. */
const socketCallerName = 'socket';

/** `checkSocket` reports a path that is too long for a unix socket. */
export function compileAdmin(
  settings: ServerSettings,
  report: Report,
  runDir: string,
  checkSocket: (path: string, at: Path) => void,
): AdminConfig {
  const { listen, socket, tls, metricsToken, hosts } = settings.admin;
  const relative = (at: Path, path: string): string =>
    resolve(dirname(nodeAt(report.root, at)?.place.file ?? report.root.place.file), path);
  const at = ['admin', 'socket'];
  const absolute = socket === undefined ? join(runDir, 'admin.sock') : relative(at, socket);
  if (socket !== undefined) checkSocket(absolute, at);
  const address = listenAddress(listen, report);
  if (address !== null && tls === undefined && !isLocal(address.host)) {
    report.at(['admin', 'listen'], {
      severity: 'warning',
      code: 'admin-without-tls',
      message: `the admin API listens on ${listen} without TLS: tokens, sessions and links of \`sluice admin link\` can be read on the way`,
      remedy: 'set admin.tls, listen on 127.0.0.1, or let nobody but probes and scrapers reach it',
    });
  }
  return {
    listen: address,
    socket: absolute,
    hosts: hosts.map((host) => host.toLowerCase()),
    tls:
      tls === undefined
        ? null
        : {
            certFile: relative(['admin', 'tls', 'certFile'], tls.certFile),
            keyFile: relative(['admin', 'tls', 'keyFile'], tls.keyFile),
          },
    tokens: compileTokens(settings.admin.tokens, report),
    metricsTokenHash: metricsToken ?? '',
  };
}

function listenAddress(listen: string, report: Report): AdminConfig['listen'] {
  if (listen === 'none') return null;
  const parsed = parseListenAddress(listen);
  if (parsed.ok) return parsed.value;
  const remedy = 'write 127.0.0.1:9900, or none';
  report.at(['admin', 'listen'], { code: 'bad-address', message: parsed.message, remedy });
  return null;
}

function compileTokens(written: ServerSettings['admin']['tokens'], report: Report): readonly AdminTokenConfig[] {
  const names = new Set<string>();
  const hashes = new Set<string>();
  for (const [index, { name, hash }] of written.entries()) {
    if (name === socketCallerName) {
      report.at(['admin', 'tokens', index, 'name'], {
        code: 'token-name-taken',
        message: `the log of changes calls whoever uses the admin socket ${name}`,
        remedy: 'give the token another name',
      });
    }
    if (names.has(name)) {
      const remedy = 'give each a name of its own: the log of changes tells them apart by it';
      report.at(['admin', 'tokens', index, 'name'], {
        code: 'duplicate-token',
        message: `two tokens are named ${name}`,
        remedy,
      });
    }
    if (hashes.has(hash)) {
      const remedy = 'make another token with `sluice admin token`';
      report.at(['admin', 'tokens', index, 'hash'], {
        code: 'duplicate-token',
        message: `${name} has the token of another`,
        remedy,
      });
    }
    names.add(name);
    hashes.add(hash);
  }
  return written.map(({ name, hash, role, pools }) => ({ name, hash, role, pools: pools ?? 'all' }));
}

function isLocal(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}

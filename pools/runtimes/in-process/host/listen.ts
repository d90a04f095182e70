/**
 * Adopts the app's `listen()` at `net.Server.prototype._listen2`, where every form of it arrives after
 * Node's own checks, look-ups and errors. The app's server gets a fake listening handle; second servers
 * are bound for real, on loopback.
 */
import net from 'node:net';
import { App } from './app.js';
import { runSoon } from './clean-context.js';
import { FakeListenHandle, type ListenAddress } from './listen-handle.js';
import type { Listen2, ListenHandle, NetInternals, ServerInternals } from './node-internals.js';
import { bindFree, bindSecond, canBind } from './second-servers.js';
import type { Seam } from './seam.js';
import { kindOf } from './server-kinds.js';

/** What adoption tells the host. */
export interface ListenOwner {
  readonly seam: Seam | null;
  /** The port by which the app's server is known: the setting, else the value of PORT. */
  readonly appPort: number;
  /** True when a setting names the port: only a server on it is the app. */
  readonly isPortForced: boolean;
  app: App | null;
  listening(port: number): void;
  notice(code: string, text: string): void;
  refused(code: string, text: string): void;
}

interface Adoption {
  readonly app: App;
  readonly handle: FakeListenHandle;
  /** As asked: '' = any address. */
  readonly address: string;
  readonly port: number;
  /** Adopted as the first server, not because of its port: a later one on the port takes its place. */
  readonly isProvisional: boolean;
  /** Binds it for real when another server turns out to be the app. */
  readonly becomeSecond: () => void;
}

const loopback = '127.0.0.1';

export function adoptListen(owner: ListenOwner): void {
  const prototype = net.Server.prototype as unknown as { _listen2: Listen2 };
  const original = prototype._listen2;
  let adoption: Adoption | null = null;

  prototype._listen2 = function _listen2(this, address, port, addressType, backlog, fd, flags): void {
    const listenForReal = (): void => original.call(this, address, port, addressType, backlog, fd, flags);
    const kind = kindOf(this);
    if (kind === 'not-http') {
      listenForReal();
      return;
    }
    const isPath = address !== null && port === -1 && addressType === -1;
    const wanted: Wanted = { address: address ?? '', port: Math.max(0, port ?? 0), isPath };
    if (!isTheApp(owner, wanted, adoption === null)) {
      second(owner, this, address, wanted, backlog, fd, original);
      return;
    }
    if (typeof kind === 'object') {
      owner.refused(kind.code, kind.text);
      return;
    }
    if (adoption !== null && !adoption.isProvisional && adoption.app.server !== this) {
      if (wanted.address === adoption.address) fail(this, wanted);
      else alias(this, wanted, owner, original);
      return;
    }
    const isElsewhere = !wanted.isPath && wanted.address !== '' && !isHere(wanted.address);
    if (isElsewhere || (fd !== undefined && fd >= 0 && !openGiven(this, fd))) {
      // For Node's own error.
      listenForReal();
      return;
    }
    if (adoption !== null) displace(owner, adoption);
    const app = new App(this as unknown as ServerInternals, kind, owner.seam);
    const given = takeGiven(this);
    const free = given === null ? freePort(wanted) : null;
    const shown = given ?? reported(wanted, free?.port ?? owner.appPort);
    const closed = (): void => {
      if (adoption?.handle !== handle) return;
      adoption = null;
      // Requests in flight are still answered: their streams hold the app. New ones are refused.
      owner.app = null;
    };
    const handle = new FakeListenHandle(wanted.isPath ? null : shown, closed, free?.handle);
    (this as unknown as ServerInternals)._handle = handle;
    const isProvisional = wanted.port !== owner.appPort;
    const becomeSecond = (): void => second(owner, this, address, wanted, backlog, fd, original);
    adoption = { app, handle, address: wanted.address, port: wanted.port, isProvisional, becomeSecond };
    owner.app = app;
    listenForReal();
    // Behind the 'listening' event, which comes on the next tick.
    runSoon(() => {
      if (adoption?.app === app) owner.listening(shown.port);
    }, undefined);
  };
}

interface Wanted {
  readonly address: string;
  readonly port: number;
  readonly isPath: boolean;
}

function isTheApp(owner: ListenOwner, wanted: Wanted, isFirst: boolean): boolean {
  if (wanted.port === owner.appPort) return true;
  return isFirst && !owner.isPortForced;
}

/** An inherited descriptor (`listen({ fd })`) becomes a handle that came along. @returns false: it is no socket. */
function openGiven(server: net.Server, fd: number): boolean {
  const handle = (net as unknown as NetInternals)._createServerHandle?.(null, null, null, fd);
  if (typeof handle !== 'object') return false;
  (server as unknown as ServerInternals)._handle = handle;
  return true;
}

/**
 * A handle that came along (`listen(handle)`, `listen(otherServer)`) is closed: ours takes its place.
 * @returns its address.
 */
function takeGiven(server: net.Server): ListenAddress | null {
  const given = (server as unknown as { _handle: ListenHandle | null })._handle;
  if (given === null || given === undefined || given instanceof FakeListenHandle) return null;
  const out: { address?: string; family?: string; port?: number } = {};
  given.getsockname?.(out);
  given.close();
  const { address, family, port } = out;
  return address === undefined || family === undefined || port === undefined ? null : { address, family, port };
}

function displace(owner: ListenOwner, adoption: Adoption): void {
  owner.notice('second-server', `a later server listens on port ${owner.appPort}: the first one is bound for real`);
  const real = adoption.handle.handOver();
  adoption.app.server._handle = real;
  if (real === null) adoption.becomeSecond();
}

/**
 * Who asks for any free port may store what it got and send requests there: told PORT, it would send them to
 * itself, for ever if a later server is the app. Other addresses than loopback stay the listener's.
 */
function freePort({ address, port, isPath }: Wanted): ReturnType<typeof bindFree> {
  if (port !== 0 || isPath) return null;
  if (isAny(address)) return bindFree(loopback);
  return address === '::1' || address.startsWith('127.') ? bindFree(address) : null;
}

function isAny(address: string | null): boolean {
  return address === null || address === '' || address === '0.0.0.0' || address === '::';
}

function second(
  owner: ListenOwner,
  server: net.Server,
  address: string | null,
  wanted: Wanted,
  backlog: number | undefined,
  fd: number | undefined,
  original: Listen2,
): void {
  const where = isAny(address) && fd === undefined && !wanted.isPath ? loopback : address;
  bindSecond(server, where, wanted.port, wanted.isPath, backlog, fd, original, (code, text) =>
    owner.notice(code, text),
  );
}

/** Same port, other local address (Fastify on `localhost`): listens, gets no connections. */
function alias(server: net.Server, wanted: Wanted, owner: ListenOwner, original: Listen2): void {
  const handle = new FakeListenHandle(reported(wanted, owner.appPort), () => undefined);
  (server as unknown as ServerInternals)._handle = handle;
  original.call(
    server,
    wanted.address,
    wanted.port,
    net.isIPv6(wanted.address) ? 6 : 4,
    undefined,
    undefined,
    undefined,
  );
}

function fail(server: net.Server, wanted: Wanted): void {
  const address = wanted.address === '' ? '::' : wanted.address;
  const error: NodeJS.ErrnoException & { address?: string; port?: number } = new Error(
    `listen EADDRINUSE: address already in use ${net.isIPv6(address) ? `[${address}]` : address}:${wanted.port}`.replace(
      /\[(.*)\]/,
      '$1',
    ),
  );
  error.code = 'EADDRINUSE';
  error.errno = -98;
  error.syscall = 'listen';
  error.address = address;
  error.port = wanted.port;
  process.nextTick(() => server.emit('error', error));
}

function reported(wanted: Wanted, appPort: number): ListenAddress {
  const port = wanted.port > 0 ? wanted.port : appPort;
  const any = hasIPv6() ? '::' : '0.0.0.0';
  const address = wanted.address === '' ? any : wanted.address;
  return { address, family: net.isIPv6(address) ? 'IPv6' : 'IPv4', port };
}

let isIPv6Here: boolean | null = null;

function hasIPv6(): boolean {
  isIPv6Here ??= canBind('::');
  return isIPv6Here;
}

/** Whether the address belongs to this machine; the others get Node's own error. */
function isHere(address: string): boolean {
  if (address === '0.0.0.0' || address === '::' || address.startsWith('127.') || address === '::1') return true;
  for (const list of Object.values(process.getBuiltinModule('node:os').networkInterfaces())) {
    if (list?.some((one) => one.address === address)) return true;
  }
  return false;
}

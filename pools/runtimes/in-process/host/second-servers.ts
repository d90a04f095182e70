/**
 * Servers of the app beside the hosted one (metrics, health): bound for real. While an old worker still
 * holds the port, or another slot of a web garden does, the app is told that it listens and the port is
 * taken over as soon as it is free.
 */
import net from 'node:net';
import { hostClock } from './host-clock.js';
import { FakeListenHandle, takePlace } from './listen-handle.js';
import type { Listen2, ListenHandle, NetInternals, ServerInternals } from './node-internals.js';

const addressInUse = -98;
const retryMs = 250;
const { _createServerHandle: createServerHandle } = net as unknown as NetInternals;

/** Whether this machine has such addresses at all. */
export function canBind(address: string): boolean {
  const handle = createServerHandle?.(address, 0, net.isIPv6(address) ? 6 : 4);
  if (typeof handle !== 'object') return false;
  handle.close();
  return true;
}

/** A free port, bound and not listening yet; null = none. */
export function bindFree(address: string): { readonly handle: ListenHandle; readonly port: number } | null {
  const handle = createServerHandle?.(address, 0, net.isIPv6(address) ? 6 : 4);
  if (typeof handle !== 'object') return null;
  const out: { port?: number } = {};
  handle.getsockname?.(out);
  if (out.port !== undefined) return { handle, port: out.port };
  handle.close();
  return null;
}

/** A listening handle, or a negative error number. */
function tryListen(address: string, port: number, backlog: number | undefined): ListenHandle | number {
  const handle = createServerHandle?.(address, port, net.isIPv6(address) ? 6 : 4) ?? addressInUse;
  if (typeof handle === 'number') return handle;
  const error = handle.listen(backlog ?? 511);
  if (error === 0) return handle;
  handle.close();
  return error;
}

export function bindSecond(
  server: net.Server,
  address: string | null,
  port: number,
  isPath: boolean,
  backlog: number | undefined,
  fd: number | undefined,
  original: Listen2,
  notice: (code: string, text: string) => void,
): void {
  const type = address !== null && net.isIPv6(address) ? 6 : 4;
  const listen = (): void =>
    original.call(server, address, port, isPath ? -1 : address === null ? null : type, backlog, fd, undefined);
  const hasOwn = (server as unknown as ServerInternals)._handle;
  if (isPath || fd !== undefined || port === 0 || address === null || hasOwn) {
    listen();
    return;
  }
  const first = tryListen(address, port, backlog);
  if (first !== addressInUse) {
    if (typeof first === 'object') (server as unknown as ServerInternals)._handle = first;
    listen();
    return;
  }
  notice('second-server-busy', `port ${port} is taken: this server of the app is bound as soon as it is free`);
  const placeholder = new FakeListenHandle({ address, family: type === 6 ? 'IPv6' : 'IPv4', port }, () => undefined);
  (server as unknown as ServerInternals)._handle = placeholder;
  listen();
  retry(server as unknown as ServerInternals, placeholder, () => tryListen(address, port, backlog));
}

function retry(server: ServerInternals, placeholder: FakeListenHandle, attempt: () => ListenHandle | number): void {
  hostClock.setTimer(retryMs, () => {
    if (server._handle !== placeholder) return;
    const handle = attempt();
    if (typeof handle === 'number') {
      retry(server, placeholder, attempt);
      return;
    }
    takePlace(handle, placeholder);
    server._handle = handle;
    if (!placeholder.hasRef()) handle.unref();
    placeholder.close();
  });
}

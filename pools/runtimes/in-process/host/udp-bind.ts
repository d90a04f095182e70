/** UDP: `bind` asks the primary of a cluster for its socket. Here each process binds its own. */
import { symbolOf } from './node-internals.js';

interface UdpHandle {
  bind(address: string | null, port: number, flags: number): number;
  bind6(address: string | null, port: number, flags: number): number;
  open(fd: number): number;
  close(): void;
}

export interface BindQuery {
  readonly address: string | null;
  readonly port: number | null;
  readonly addressType: 'udp4' | 'udp6';
  readonly fd?: number;
  readonly flags?: number;
}

/** As Node's own bind gets the answer: a negative error number, or a bound handle. */
export type BindAnswer = (error: number, handle: UdpHandle | null) => void;

const invalid = -22;

export function isBind(query: { readonly addressType: unknown }): query is BindQuery {
  return query.addressType === 'udp4' || query.addressType === 'udp6';
}

/** `socket` is the app's `dgram.Socket`; its handle is of the class that is needed. */
export function bindUdp(socket: object, query: BindQuery, answer: BindAnswer): void {
  const symbol = symbolOf(socket, 'state symbol');
  const state = symbol === null ? undefined : (Reflect.get(socket, symbol) as { readonly handle?: UdpHandle });
  if (state?.handle === undefined) {
    answer(invalid, null);
    return;
  }
  const handle = new (state.handle.constructor as new () => UdpHandle)();
  const error = bindHandle(handle, query);
  if (error === 0) {
    answer(0, handle);
    return;
  }
  handle.close();
  answer(error, null);
}

function bindHandle(handle: UdpHandle, query: BindQuery): number {
  const { address, port, addressType, fd, flags } = query;
  if (fd !== undefined && fd >= 0) return handle.open(fd);
  const [from, to, how] = [address, port ?? 0, flags ?? 0] as const;
  return addressType === 'udp6' ? handle.bind6(from, to, how) : handle.bind(from, to, how);
}

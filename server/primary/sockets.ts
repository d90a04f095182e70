/**
 * The listening sockets. Each address is bound once, here, and never polled here: listeners get the handle,
 * call listen on it and accept. As long as this process holds its copy, the kernel keeps the queue of
 * waiting connections through the death of every listener and through every reload.
 */
import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { SluiceError } from '../../config/base/errors.js';
import type { BindingConfig, SiteConfig } from '../../config/model.js';
import type { ListenAddress } from '../../pools/protocol/primary-to-listener.js';

/** A bound handle as libuv gives it; only Node's own code looks inside. */
export interface BoundHandle {
  readonly fd: number;
  getsockname(out: { address?: string; port?: number }): number;
  close(): void;
}

type CreateHandle = (
  address: string | null,
  port: number | null,
  addressType: 4 | 6 | null,
  fd: number | undefined,
  flags: number,
) => BoundHandle | number;

/** The TCP socket behind a descriptor of ours. Throws when it is something else. */
export type OpenHandle = (fd: number) => BoundHandle;

export interface HeldSocket {
  readonly address: ListenAddress;
  readonly handle: BoundHandle;
  /** Nobody else keeps it open: it is closed when no binding wants it. */
  readonly isOurs: boolean;
}

/** What `prepare` would change. Nothing is visible to anyone before `commit`. */
export interface PreparedSockets {
  readonly added: readonly HeldSocket[];
  readonly removed: readonly HeldSocket[];
  commit(): void;
  discard(): void;
}

interface WantedSocket {
  readonly key: string;
  /** '*' or a literal address. */
  readonly address: string;
  readonly port: number;
  /** The first binding that wants it, for messages: `site main, *:8080:`. */
  readonly owner: string;
}

function createHandleFunction(): CreateHandle {
  const found: unknown = Reflect.get(net, '_createServerHandle');
  if (typeof found !== 'function') {
    throw new SluiceError(
      'node-unsupported',
      `Node ${process.version} lacks the function that Sluice binds its sockets with`,
      'use a supported Node: 20.19 or later, 22, 24 or 26',
    );
  }
  return found as CreateHandle;
}

/** One socket per port if any binding of the port uses `*`, otherwise one per address. */
function wantedSockets(sites: readonly SiteConfig[], heldWildcards: ReadonlySet<number>): Map<string, WantedSocket> {
  const bindings = sites.flatMap((site) => site.bindings.map((binding) => ({ site: site.name, binding })));
  const wildcards = new Set(heldWildcards);
  for (const { binding } of bindings) if (binding.address === '*') wildcards.add(binding.port);
  const wanted = new Map<string, WantedSocket>();
  for (const { site, binding } of bindings) {
    const address = wildcards.has(binding.port) ? '*' : binding.address;
    const key = socketKey(address, binding.port);
    if (wanted.has(key)) continue;
    wanted.set(key, { key, address, port: binding.port, owner: `site ${site}, ${bindingText(binding)}` });
  }
  return wanted;
}

/** `address`: '*' or a literal one. */
export function socketKey(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function bindingText({ address, port, host }: BindingConfig): string {
  return `${socketKey(address, port)}:${host}`;
}

export class ListeningSockets {
  readonly #createHandle: CreateHandle;
  #held = new Map<string, HeldSocket>();
  /** Opened by a service manager and not wanted now. Its port is taken as long as it holds a copy: ours is kept for later. */
  readonly #passed = new Map<string, HeldSocket>();
  readonly #passedKeys: ReadonlySet<string>;

  /** `passed`: finds the sockets that a service manager has opened. */
  constructor(passed: (open: OpenHandle) => readonly HeldSocket[] = () => []) {
    this.#createHandle = createHandleFunction();
    for (const socket of passed((fd) => this.#openDescriptor(fd))) this.#passed.set(socket.address.key, socket);
    this.#passedKeys = new Set([...this.#passed.values()].filter((one) => !one.isOurs).map((one) => one.address.key));
  }

  /** Addresses that were passed on and belong to no binding. */
  unused(): readonly string[] {
    return [...this.#passed.keys()];
  }

  /** Copies for a primary that follows this one. */
  descriptors(): readonly { readonly fd: number; readonly isPassed: boolean }[] {
    const all = [...this.#held.values(), ...this.#passed.values()];
    return all.map(({ address, handle }) => ({ fd: handle.fd, isPassed: this.#passedKeys.has(address.key) }));
  }

  held(): readonly HeldSocket[] {
    return [...this.#held.values()];
  }

  /**
   * Binds what the sites want and this process does not hold yet. Throws a SluiceError naming the binding;
   * then nothing has changed.
   */
  prepare(sites: readonly SiteConfig[]): PreparedSockets {
    const wanted = wantedSockets(sites, this.#wildcardPorts());
    const removed = [...this.#held.values()].filter((one) => !wanted.has(one.address.key));
    const added: HeldSocket[] = [];
    try {
      for (const want of wanted.values()) {
        if (!this.#held.has(want.key)) added.push(this.#passed.get(want.key) ?? this.#bind(want));
      }
    } catch (error) {
      this.#letGo(added);
      throw error;
    }
    return {
      added,
      removed,
      commit: () => {
        for (const one of removed) this.#held.delete(one.address.key);
        this.#letGo(removed);
        for (const one of added) {
          this.#held.set(one.address.key, one);
          this.#passed.delete(one.address.key);
        }
        this.#dropOwn();
      },
      discard: () => this.#letGo(added),
    };
  }

  close(): void {
    for (const one of [...this.#held.values(), ...this.#passed.values()]) one.handle.close();
    this.#held = new Map();
    this.#passed.clear();
  }

  /** What the primary before us listened on and the configuration does not want any more. */
  #dropOwn(): void {
    for (const one of this.#passed.values()) {
      if (!one.isOurs) continue;
      this.#passed.delete(one.address.key);
      one.handle.close();
    }
  }

  #letGo(sockets: readonly HeldSocket[]): void {
    for (const one of sockets) {
      if (this.#passedKeys.has(one.address.key)) this.#passed.set(one.address.key, one);
      else one.handle.close();
    }
  }

  /** A port that is held for every address stays so: the addresses are told apart by the local address. */
  #wildcardPorts(): Set<number> {
    const ports = new Set<number>();
    for (const { address } of [...this.#held.values(), ...this.#passed.values()]) {
      if (address.key.startsWith('*:')) ports.add(address.port);
    }
    return ports;
  }

  #openDescriptor(fd: number): BoundHandle {
    const handle = this.#createHandle(null, null, null, fd, 0);
    if (typeof handle === 'number') throw new Error(getSystemErrorName(handle));
    // A unix socket has no such function.
    if (typeof Reflect.get(handle, 'getsockname') !== 'function') throw new Error('it is no TCP socket');
    return handle;
  }

  #bind(want: WantedSocket): HeldSocket {
    // `::` without the v6-only flag takes IPv4 too; a machine without IPv6 refuses it.
    const addresses = want.address === '*' ? ['::', '0.0.0.0'] : [want.address];
    let problem = '';
    for (const address of addresses) {
      const result = this.#open(address, want.port);
      if (typeof result !== 'string') {
        return { address: { key: want.key, address, port: want.port }, handle: result, isOurs: true };
      }
      problem = result;
      if (result !== 'EAFNOSUPPORT' && result !== 'EADDRNOTAVAIL' && result !== 'EINVAL') break;
    }
    throw this.#bindError(want, problem);
  }

  /** The bound handle, or the name of the system error. */
  #open(address: string, port: number): BoundHandle | string {
    const handle = this.#createHandle(address, port, address.includes(':') ? 6 : 4, undefined, 0);
    if (typeof handle === 'number') return getSystemErrorName(handle);
    // libuv keeps EADDRINUSE of a bind back until the next call.
    const bound = handle.getsockname({});
    if (bound === 0) return handle;
    handle.close();
    return getSystemErrorName(bound);
  }

  #bindError(want: WantedSocket, code: string): SluiceError {
    const what = `cannot listen on ${want.key} (${want.owner}): ${code}`;
    if (code === 'EADDRINUSE') {
      const own = [...this.#held.values()].some((one) => one.address.port === want.port);
      return own
        ? new SluiceError('address-in-use', `${what}, held by this server for single addresses`, 'restart Sluice')
        : new SluiceError(
            'address-in-use',
            `${what}, another program listens there`,
            `stop it (ss -ltnp 'sport = :${want.port}' names it) or choose another port`,
          );
    }
    if (code === 'EACCES') {
      return new SluiceError(
        'address-forbidden',
        what,
        'ports below 1024 need root or CAP_NET_BIND_SERVICE (setcap cap_net_bind_service=+ep on node), or choose a higher port',
      );
    }
    if (code === 'EADDRNOTAVAIL') return new SluiceError('address-missing', what, 'no interface has this address');
    return new SluiceError('bind-failed', what);
  }
}

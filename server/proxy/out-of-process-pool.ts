import { idleUpstreamDotnetMs, idleUpstreamMs } from '../../config/base/limits.js';
import type { RouteApplication, UpstreamEndpoint } from '../../pools/protocol/snapshot.js';
import type { UpstreamOptions } from '../http1/forward.js';
import type { ProxyCore } from './core.js';
import type { SocketAddress } from './raw-socket.js';
import type { Worker } from './worker.js';

type HttpEndpoint = Exclude<UpstreamEndpoint, { kind: 'link' }>;

/** What connections to an out-of-process worker have in common, whichever HTTP they speak. */
export abstract class OutOfProcessPool {
  readonly core: ProxyCore;
  readonly address: SocketAddress;
  protected readonly worker: Worker;
  protected isLeaving = false;
  readonly #pairingToken: string;
  /** The routes by which `options` were made. */
  #route: RouteApplication | null = null;
  #options: UpstreamOptions;

  constructor(worker: Worker, core: ProxyCore, endpoint: HttpEndpoint) {
    this.worker = worker;
    this.core = core;
    this.address = endpoint.kind === 'unix' ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port };
    this.#pairingToken = endpoint.pairingToken;
    this.#options = upstreamOptions(null, this.#pairingToken);
  }

  /** How requests are forwarded, by the newest routes. */
  get options(): UpstreamOptions {
    const { route } = this.worker.application;
    if (route !== this.#route) {
      this.#route = route;
      this.#options = upstreamOptions(route, this.#pairingToken);
    }
    return this.#options;
  }

  get isReady(): boolean {
    return !this.isLeaving;
  }

  probe(): void {
    // The total in flight of a worker is known only where the host tells it.
  }

  refused(error: string): void {
    this.core.unreachable(this.worker, error);
  }

  /** How long a connection without requests is kept, where the worker does not say. */
  protected get usualIdleMs(): number {
    return this.worker.application.route?.isDotnet === true ? idleUpstreamDotnetMs : idleUpstreamMs;
  }
}

/** How requests to a worker with this token are forwarded. */
function upstreamOptions(route: RouteApplication | null, pairingToken: string): UpstreamOptions {
  return {
    pairingToken,
    forwardedPort: route?.forwardedPort ?? false,
    forwardedForAppend: route?.forwardedForAppend ?? false,
  };
}

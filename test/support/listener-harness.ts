/**
 * A real listener process with hand-made snapshots: no primary, no supervisor. Workers are whatever
 * the test starts; everything the listener says is kept and can be waited for.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import net from 'node:net';
import type { ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { PrimaryToListener } from '../../pools/protocol/primary-to-listener.js';
import type {
  ApplicationUpstreams,
  ListenerSettings,
  RouteApplication,
  RoutePool,
  Routes,
  StoredFailure,
  UpstreamEndpoint,
  UpstreamWorker,
} from '../../pools/protocol/snapshot.js';
import { repository } from './paths.js';
import { until, within } from './time.js';

interface BoundHandle {
  getsockname(into: { port?: number }): number;
  close(): void;
}

interface NetInternals {
  _createServerHandle(address: string, port: number, family: 4 | 6, fd: undefined, flags: number): BoundHandle | number;
}

function bind(): { readonly handle: BoundHandle; readonly port: number } {
  const handle = (net as unknown as NetInternals)._createServerHandle('127.0.0.1', 0, 4, undefined, 0);
  if (typeof handle === 'number') throw new Error(`bind failed: ${handle}`);
  const name: { port?: number } = {};
  handle.getsockname(name);
  return { handle, port: name.port ?? 0 };
}

export interface HarnessOptions {
  readonly pool?: Partial<RoutePool>;
  readonly application?: Partial<RouteApplication>;
  readonly settings?: Partial<ListenerSettings>;
  readonly site?: Partial<Routes['sites'][number]>;
  /** Environment of the listener, e.g. SLUICE_SOCKET_READ. */
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** Grants of the queue are the test's business; by default everything is granted. */
  readonly answersClaims?: boolean;
  readonly nodePath?: string;
}

export type Said<T extends ListenerToPrimary['type']> = Extract<ListenerToPrimary, { type: T }>;

/** One site on one port, one pool, one application at `/`, changed by the options. */
export class ListenerHarness {
  readonly port: number;
  readonly said: ListenerToPrimary[] = [];
  readonly #child: ChildProcess;
  readonly #handle: BoundHandle;
  readonly #options: HarnessOptions;
  #number = 0;
  #workerId = 0;

  private constructor(options: HarnessOptions) {
    this.#options = options;
    const { handle, port } = bind();
    this.#handle = handle;
    this.port = port;
    this.#child = fork(join(repository, 'dist/server/listener/main.js'), [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...options.env },
      execArgv: [...(options.execArgv ?? [])],
      ...(options.nodePath === undefined ? {} : { execPath: options.nodePath }),
    });
    this.#child.on('message', (message: ListenerToPrimary) => this.#heard(message));
  }

  static async start(options: HarnessOptions = {}): Promise<ListenerHarness> {
    const harness = new ListenerHarness(options);
    await harness.heard('hello');
    harness.routes(harness.defaultRoutes());
    const key = `127.0.0.1:${harness.port}`;
    const address = { key, address: '127.0.0.1', port: harness.port };
    harness.#child.send({ type: 'listen', address } satisfies PrimaryToListener, harness.#handle as never);
    await harness.heard('listening');
    return harness;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  defaultRoutes(): Routes {
    const { pool, application, settings, site } = this.#options;
    return {
      bindings: [{ siteIndex: 0, address: '*', port: this.port, host: '', scheme: 'http', tls: null }],
      sites: [
        {
          id: 1,
          name: 'main',
          connectionTimeoutMs: 120_000,
          maxConnections: 4_294_967_295,
          maxConnectionsPerAddress: 0,
          strictTransportSecurity: '',
          redirectPort: 0,
          ...site,
        },
      ],
      applications: [
        {
          id: 'main/',
          siteIndex: 0,
          path: '/',
          pool: 'pool',
          hostingModel: 'OutOfProcess',
          maxAllowedContentLength: 30_000_000,
          requestTimeoutMs: 0,
          isDotnet: false,
          webSocket: true,
          forwardConnection: false,
          forwardedPort: false,
          forwardedForAppend: false,
          failure: null,
          ...application,
        },
      ],
      pools: [
        {
          name: 'pool',
          queueLength: 1_000,
          maxConcurrentRequests: 1_024,
          rapidFailProtectionIntervalMs: 300_000,
          affinity: 'none',
          ...pool,
        },
      ],
      settings: {
        headerWaitTimeoutMs: 30_000,
        minBytesPerSecond: 240,
        maxHandshakesPerSecond: 0,
        maxConnectionsPerAddress: 0,
        trustedProxies: [],
        affinityKey: '00',
        underscoresInHeaders: 'pass',
        accessLog: null,
        listeners: 1,
        ...settings,
      },
    };
  }

  send(message: PrimaryToListener): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Publication numbers are made here. @returns the number. */
  routes(routes: Routes): number {
    this.#number += 1;
    this.send({ type: 'routes', number: this.#number, routes });
    return this.#number;
  }

  upstreams(changed: readonly ApplicationUpstreams[]): number {
    this.#number += 1;
    this.send({ type: 'upstreams', number: this.#number, changed });
    return this.#number;
  }

  worker(endpoint: UpstreamEndpoint): UpstreamWorker {
    this.#workerId += 1;
    return { workerId: this.#workerId, slot: 1, generation: 1, endpoint };
  }

  tcpWorker(port: number, pairingToken = ''): UpstreamWorker {
    return this.worker({ kind: 'tcp', host: '127.0.0.1', port, pairingToken });
  }

  /** Publishes these workers for the application and waits until the listener knows them. */
  async publish(
    workers: readonly UpstreamWorker[],
    failure: StoredFailure | null = null,
    applicationId = 'main/',
  ): Promise<void> {
    const number = this.upstreams([{ applicationId, workers, failure }]);
    await until('the listener acknowledges', () => this.all('ack').some((ack) => ack.number === number), {
      everyMs: 5,
    });
  }

  all<T extends ListenerToPrimary['type']>(type: T): Said<T>[] {
    return this.said.filter((message): message is Said<T> => message.type === type);
  }

  /** Waits for the first (or the given number of) message of this type. */
  async heard<T extends ListenerToPrimary['type']>(type: T, count = 1): Promise<Said<T>> {
    await until(`the listener says ${type}`, () => this.all(type).length >= count, { everyMs: 5 });
    const message = this.all(type)[count - 1];
    if (message === undefined) throw new Error(`no ${type}`);
    return message;
  }

  async stop(): Promise<void> {
    if (this.isAlive) {
      const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
      if (this.#child.connected) this.#child.disconnect();
      else this.#child.kill('SIGKILL');
      await within(20_000, 'the listener ends', exited);
    }
    this.#handle.close();
  }

  #heard(message: ListenerToPrimary): void {
    this.said.push(message);
    if (message.type !== 'claim' || this.#options.answersClaims === false) return;
    this.send({ type: 'claimed', claimId: message.claimId, granted: message.count });
  }
}

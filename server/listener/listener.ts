import type { Socket } from 'node:net';
import type { Clock } from '../../config/base/clock.js';
import { unreachable } from '../../config/base/invariant.js';
import { countersIntervalMs } from '../../config/base/limits.js';
import type { ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { PrimaryToListener } from '../../pools/protocol/primary-to-listener.js';
import type { RemovedRoutes, Routes, RouteSite } from '../../pools/protocol/snapshot.js';
import type { Rejection } from '../http1/types.js';
import { Cells } from '../metrics/cells.js';
import { listenerMetrics as metrics } from '../metrics/definitions.js';
import type { ProxyCore } from '../proxy/core.js';
import { Deadlines } from '../proxy/deadlines.js';
import type { Exchange } from '../proxy/exchange.js';
import { Pacer } from '../proxy/pacer.js';
import type { Waiter } from '../proxy/waiter.js';
import type { Worker } from '../proxy/worker.js';
import { AccessLogs } from './access-logs.js';
import { Accounting } from './accounting.js';
import { pickWorker } from './balancer.js';
import { ChallengeAnswers } from './challenges.js';
import type { ConnectionContext, ListenerConnection, RefusedRequest, RoutingState } from './context.js';
import { ListeningSockets } from './accept.js';
import { Entrance, type EntranceOwner } from './entrance.js';
import { Limiters } from './limiters.js';
import { listRequests } from './live-requests.js';
import { Overload } from './overload.js';
import { LoopWatch } from './loop-watch.js';
import { RequestQueue } from './queue.js';
import { RoutingBooks } from './routing.js';
import { SiteConnections } from './site-connections.js';
import type { SiteLimiter } from './site-limiter.js';
import { Trails } from './tracing/trails.js';
import { Upstreams } from './upstreams.js';

export interface ListenerPorts {
  readonly clock: Clock;
  /** Number that names this listener in the link's hello. */
  readonly listenerId: number;
  say(message: ListenerToPrimary): void;
  /** Everything is finished after `shutdown`. */
  closed(): void;
}

const emptyRoutes: Routes = {
  bindings: [],
  sites: [],
  applications: [],
  pools: [],
  settings: {
    headerWaitTimeoutMs: 30_000,
    minBytesPerSecond: 240,
    maxHandshakesPerSecond: 0,
    maxConnectionsPerAddress: 0,
    trustedProxies: [],
    affinityKey: '',
    underscoresInHeaders: 'pass',
    accessLog: null,
    listeners: 1,
  },
};

const shutdownNoticeShare = 0.2;
const shutdownNoticeMsMax = 10_000;

/** One listener process without its process: takes the primary's messages, runs the data path. */
export class Listener implements ProxyCore, EntranceOwner {
  readonly clock: Clock;
  readonly listenerId: number;
  readonly deadlines: Deadlines;
  readonly pacer: Pacer;
  readonly core = this;
  readonly challenges = new ChallengeAnswers();
  readonly siteConnections: SiteConnections;
  routing: RoutingState;
  isShuttingDown = false;
  /** Shutting down beside others: what was accepted before is served as ever. */
  #isLingering = false;
  #isFinished = false;
  readonly #ports: ListenerPorts;
  readonly #cells = new Cells();
  readonly #books = new RoutingBooks(this.#cells);
  readonly #accounting: Accounting;
  readonly #queue: RequestQueue;
  readonly #upstreams: Upstreams;
  readonly #sockets: ListeningSockets;
  readonly #overload: Overload;
  readonly #limiters: Limiters;
  readonly #entrance: Entrance;
  readonly #loop: LoopWatch;
  readonly #connections = new Set<ListenerConnection>();
  readonly #accepted: number;
  readonly #states: { readonly idle: number; readonly active: number; readonly tunnel: number };
  #sequence = 0;
  #dateTickMs = -1;
  #dateText = '';

  constructor(ports: ListenerPorts) {
    this.#ports = ports;
    this.clock = ports.clock;
    this.listenerId = ports.listenerId;
    this.deadlines = new Deadlines(ports.clock);
    this.pacer = new Pacer(ports.clock);
    const say = (message: ListenerToPrimary): void => ports.say(message);
    this.siteConnections = new SiteConnections(ports.clock, say);
    this.#accounting = new Accounting(
      ports.clock,
      this.#cells,
      new AccessLogs(ports.clock, say),
      new Trails(ports.clock, say),
    );
    this.#queue = new RequestQueue({
      clock: ports.clock,
      deadlines: this.deadlines,
      say,
      start: (exchange, worker) => this.#start(exchange, worker),
    });
    this.#upstreams = new Upstreams({ clock: ports.clock, core: this, queue: this.#queue, say });
    this.#sockets = new ListeningSockets(
      (socket, port) => this.#accept(socket, port),
      (code) => this.#overload.acceptFailed(code),
      say,
    );
    this.#entrance = new Entrance(this, this.#cells);
    this.#overload = new Overload({
      clock: ports.clock,
      sockets: this.#sockets,
      connections: this.#connections,
      arrivals: this.#entrance.arrivals,
      say,
    });
    this.#limiters = new Limiters(ports.clock, say);
    this.#loop = new LoopWatch(ports.clock, this.#cells);
    this.#accepted = this.#cells.declare(metrics.connectionsAccepted, []);
    this.#states = {
      idle: this.#cells.declare(metrics.connections, ['idle']),
      active: this.#cells.declare(metrics.connections, ['active']),
      tunnel: this.#cells.declare(metrics.connections, ['tunnel']),
    };
    this.routing = this.#books.apply(emptyRoutes, (id) => this.#upstreams.application(id));
    this.#tickLater();
  }

  /** A message of the primary; `handle` is the socket that came with it. */
  receive(message: PrimaryToListener, handle: unknown): void {
    switch (message.type) {
      case 'listen':
        return this.#sockets.listen(message.address, handle);
      case 'unlisten':
        return this.#sockets.unlisten(message.key);
      case 'routes':
        this.#applyRoutes(message.routes, message.removed);
        return this.say({ type: 'ack', number: message.number });
      case 'upstreams':
        this.#upstreams.apply(message.changed);
        return this.say({ type: 'ack', number: message.number });
      case 'open-link':
        return this.#upstreams.openLink(message.applicationId, message.worker);
      case 'challenges':
        this.challenges.apply(message.challenges);
        return this.say({ type: 'ack', number: message.number });
      case 'certificate':
        return this.#entrance.tls.contexts.receive(message.key, message.name, message.material);
      case 'certificate-forgotten':
        return this.#entrance.tls.contexts.forget(message.key, message.name);
      case 'ticket-secret':
        return this.#entrance.tls.contexts.setTicketSecret(message.secret);
      case 'claimed':
        return this.#queue.claimed(message.claimId, message.granted);
      case 'drain':
        return this.#upstreams.drain(message.workerId, message.noticeAfterMs);
      case 'worker-gone':
        return this.#upstreams.gone(message.workerId, message.reason);
      case 'spent':
        return this.#limiters.learn(message.site, message.spent);
      case 'held':
      case 'listener-joined':
      case 'listener-gone':
        return this.siteConnections.receive(message);
      case 'late':
        return this.#upstreams.late(message.workerId, message.late);
      case 'crash-line':
        return this.#books.pool(message.pool)?.crashLines.learn(message.line, this.clock.monotonicMs());
      case 'crash-line-cleared':
        this.#books.pool(message.pool)?.crashLines.clear(message.line);
        return;
      case 'shutdown':
        return this.#shutdown(message.limitMs, message.lingerMs);
      case 'reopen-logs':
        return this.#accounting.logs.reopen(message.file, () => this.say({ type: 'logs-reopened', id: message.id }));
      case 'list-requests': {
        const found = listRequests(this.#connections, this.clock.monotonicMs(), message.filter);
        return this.say({ type: 'requests', id: message.id, ...found });
      }
      case 'ping':
        return this.say({ type: 'pong', id: message.id });
      default:
        return unreachable(message);
    }
  }

  // ProxyCore

  get trails(): Trails | null {
    return this.#accounting.trailsWanted;
  }

  say(message: ListenerToPrimary): void {
    this.#ports.say(message);
  }

  /** Made anew once per tick of the deadlines: never more than a second old. */
  date(): string {
    if (this.deadlines.nowMs !== this.#dateTickMs) {
      this.#dateTickMs = this.deadlines.nowMs;
      this.#dateText = new Date(this.clock.wallMs()).toUTCString();
    }
    return this.#dateText;
  }

  dispatch(exchange: Exchange): void {
    const { application, pool } = exchange;
    if (application === null || pool === null) return;
    const failure = application.route?.failure ?? application.failure;
    if (failure !== null) return exchange.refuse(failure);
    const worker = application.waiting.size > 0 ? null : pickWorker(application, this.deadlines.nowMs, exchange.mark);
    if (worker !== null) return this.#start(exchange, worker);
    exchange.trail?.note('queued', this.clock.monotonicMs());
    exchange.waiter = this.#queue.enter(exchange, application, pool);
    this.#upstreams.stillNeeds(application);
  }

  leaveQueue(waiter: Waiter): void {
    this.#queue.leave(waiter);
  }

  slotFreed(worker: Worker): void {
    const { application } = worker;
    if (application.waiting.size > 0) this.#queue.serve(application);
    if (worker.isDraining) this.#upstreams.drainedMaybe(worker);
  }

  workerReady(worker: Worker): void {
    worker.restUntilMs = 0;
    this.#queue.serve(worker.application);
  }

  unreachable(worker: Worker, error: string): void {
    this.#upstreams.unreachable(worker, error);
  }

  finished(exchange: Exchange): void {
    this.#accounting.finished(exchange);
  }

  // ConnectionContext

  get shed(): Rejection | null {
    return this.#overload.rejection;
  }

  limiter(site: RouteSite): SiteLimiter | undefined {
    return this.#limiters.of(site);
  }

  refused(client: Parameters<ConnectionContext['refused']>[0], refused: RefusedRequest): void {
    this.#accounting.refused(client, refused);
  }

  closed(connection: ListenerConnection): void {
    this.#connections.delete(connection);
    this.#entrance.closed(connection);
    this.#finishIfEmpty();
  }

  // EntranceOwner

  get isEnding(): boolean {
    return this.isShuttingDown && !this.#isLingering;
  }

  opened(connection: ListenerConnection): void {
    this.#connections.add(connection);
  }

  arrivalLeft(): void {
    this.#finishIfEmpty();
  }

  countRefused(reason: string): void {
    this.#accounting.countRefused(reason);
  }

  #accept(socket: Socket, port: number): void {
    this.#cells.add(this.#accepted, 1);
    this.#overload.accepting();
    this.#entrance.accept(socket, port);
  }

  /** Hands a request to a worker, and tells the primary when an application has no idle process left. */
  #start(exchange: Exchange, worker: Worker): void {
    const { application } = worker;
    const isOutOfProcess = worker.endpoint.kind !== 'link';
    if (isOutOfProcess && worker.inFlight > 0 && !application.busySaid) {
      application.busySaid = true;
      this.say({ type: 'busy', applicationId: application.id });
    }
    if (application.workers.length > 1) worker.transport?.probe(this.deadlines.nowMs);
    exchange.start(worker);
  }

  #applyRoutes(routes: Routes, removed?: RemovedRoutes): void {
    const { settings } = routes;
    this.routing = this.#books.apply(routes, (id) => this.#upstreams.application(id), removed);
    this.#limiters.apply(this.#books.sites(), settings);
    this.#entrance.apply(this.#books.bindings(), settings);
    this.#overload.listeners = settings.listeners;
    for (const connection of this.#connections) connection.routesChanged();
    this.#accounting.apply(settings, [...this.#books.sites()], this.#books.hasTraceRules);
  }

  #tickLater(): void {
    this.clock.setTimer(countersIntervalMs, () => this.#tick());
  }

  #tick(): void {
    this.#loop.look();
    this.#report();
    this.#upstreams.forgetUnused();
    this.#books.forgetUnused(this.#upstreams.applications());
    this.#accounting.tick();
    this.#tickLater();
  }

  #report(): void {
    let tunnels = 0;
    let active = 0;
    for (const { activity } of this.#connections) {
      if (activity === 'tunnel') tunnels += 1;
      else if (activity === 'active') active += 1;
    }
    this.#cells.set(this.#states.idle, this.#connections.size - active - tunnels);
    this.#cells.set(this.#states.active, active);
    this.#cells.set(this.#states.tunnel, tunnels);
    const deltas = this.#cells.take();
    this.#sequence += 1;
    if (deltas.length > 0) this.say({ type: 'counters', sequence: this.#sequence, deltas });
    const workers = this.#upstreams.activity();
    if (workers.length > 0) this.say({ type: 'activity', workers });
  }

  #shutdown(limitMs: number, lingerMs: number): void {
    if (this.isShuttingDown) return;
    this.isShuttingDown = true;
    this.#sockets.close();
    const noticeMs = Math.max(0, limitMs - Math.min(shutdownNoticeMsMax, limitMs * shutdownNoticeShare));
    this.clock.setTimer(noticeMs, () => this.#upstreams.noticeAll());
    this.clock.setTimer(limitMs, () => {
      for (const connection of this.#connections) connection.destroy();
      this.#entrance.closeAll();
    });
    const closeIdle = (): void => {
      this.#isLingering = false;
      for (const connection of this.#connections) connection.closeIfIdle();
      this.#entrance.closeSilent();
      this.#finishIfEmpty();
    };
    // Who comes back meanwhile is answered, and told that it was the last answer here.
    this.#isLingering = lingerMs > 0;
    if (this.#isLingering) this.clock.setTimer(lingerMs, closeIdle, true);
    else closeIdle();
  }

  /** Handshakes under way count: they have a deadline, and a request behind them. */
  #finishIfEmpty(): void {
    if (!this.isEnding || this.#isFinished || this.#connections.size > 0 || this.#entrance.arrivals.size > 0) return;
    this.#isFinished = true;
    this.#report();
    this.#accounting.end(() => {
      this.say({ type: 'closed' });
      this.#ports.closed();
    });
  }
}

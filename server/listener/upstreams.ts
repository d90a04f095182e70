import type { Clock } from '../../config/base/clock.js';
import { heartbeatIntervalMs, tunnelNoticeMs, unreachableRestMs } from '../../config/base/limits.js';
import { unreachable } from '../../config/base/invariant.js';
import { emptyReceipt, type ListenerToPrimary, type WorkerActivity } from '../../pools/protocol/listener-to-primary.js';
import type { WorkerGoneReason } from '../../pools/protocol/primary-to-listener.js';
import type { ApplicationUpstreams, UpstreamWorker } from '../../pools/protocol/snapshot.js';
import type { ProxyCore } from '../proxy/core.js';
import { H2cPool } from '../proxy/h2c-pool.js';
import { HttpPool } from '../proxy/http-pool.js';
import { Link } from '../proxy/link.js';
import type { Transport } from '../proxy/upstream.js';
import { ApplicationState, Worker } from '../proxy/worker.js';
import type { RequestQueue } from './queue.js';

export interface UpstreamsPorts {
  readonly clock: Clock;
  readonly core: ProxyCore;
  readonly queue: RequestQueue;
  say(message: ListenerToPrimary): void;
}

/** All workers of all applications, as the primary's messages make them come and go. */
export class Upstreams {
  readonly #ports: UpstreamsPorts;
  readonly #applications = new Map<string, ApplicationState>();
  readonly #workers = new Map<number, Worker>();

  constructor(ports: UpstreamsPorts) {
    this.#ports = ports;
  }

  application(id: string): ApplicationState {
    let application = this.#applications.get(id);
    if (application === undefined) {
      application = new ApplicationState(id);
      this.#applications.set(id, application);
    }
    return application;
  }

  applications(): IterableIterator<ApplicationState> {
    return this.#applications.values();
  }

  /** Applications that the routes name no more, once nothing of them is in flight and no process is left. */
  forgetUnused(): void {
    const unused = [...this.#applications.values()].filter((one) => !one.isRouted && one.requests === 0);
    if (unused.length === 0) return;
    const used = new Set([...this.#workers.values()].map((worker) => worker.application));
    for (const one of unused) if (!used.has(one)) this.#applications.delete(one.id);
  }

  activity(): WorkerActivity[] {
    const nowMs = this.#ports.clock.monotonicMs();
    return [...this.#workers.values()].map((worker) => ({
      workerId: worker.workerId,
      inFlight: worker.inFlight + worker.tunnels.size,
      requestsTotal: worker.requestsTotal,
      underWayMs: underWayMs(worker, nowMs),
    }));
  }

  /** New eligible workers of some applications; one that is no longer named gets no further requests. */
  apply(changed: readonly ApplicationUpstreams[]): void {
    for (const upstreams of changed) {
      const application = this.application(upstreams.applicationId);
      const before = new Set(application.workers);
      application.workers = upstreams.workers.map((one) => this.#worker(one, application));
      application.failure = upstreams.failure;
      application.needSaid = false;
      application.busySaid = false;
      if (upstreams.failure !== null) this.#ports.queue.failAll(application, upstreams.failure);
      else {
        if (application.workers.some((one) => !before.has(one))) for (const again of application.resting) again();
        this.#ports.queue.serve(application);
        this.stillNeeds(application);
      }
    }
  }

  /** Asks for a worker, once until the upstreams change, if requests wait and none could take them. */
  stillNeeds(application: ApplicationState): void {
    if (application.needSaid || application.waiting.size === 0) return;
    if (application.workers.some((one) => one.transport?.isReady === true)) return;
    application.needSaid = true;
    this.#ports.say({ type: 'need-worker', applicationId: application.id });
  }

  openLink(applicationId: string, worker: UpstreamWorker): void {
    const known = this.#workers.get(worker.workerId);
    const transport = known?.transport;
    if (transport instanceof Link) transport.reopen();
    else if (known === undefined) this.#worker(worker, this.application(applicationId));
  }

  drain(workerId: number, noticeAfterMs: number): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) {
      this.#ports.say({ type: 'drained', workerId, receipt: emptyReceipt });
      return;
    }
    worker.isDraining = true;
    worker.receipt.begin(worker.inFlight + worker.tunnels.size);
    worker.transport?.drain();
    if (noticeAfterMs <= 0) this.#notice(worker);
    else this.#ports.clock.setTimer(noticeAfterMs, () => this.#notice(worker));
    this.drainedMaybe(worker);
  }

  /** Nothing of a draining worker is in flight here any more: its receipt goes to the primary, once. */
  drainedMaybe(worker: Worker): void {
    if (!worker.isDraining || worker.isGone || worker.inFlight + worker.tunnels.size > 0) return;
    worker.isGone = true;
    this.#workers.delete(worker.workerId);
    worker.transport?.close();
    const receipt = worker.receipt.close(this.#ports.clock.monotonicMs());
    this.#ports.say({ type: 'drained', workerId: worker.workerId, receipt });
  }

  gone(workerId: number, reason: WorkerGoneReason): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) {
      this.#ports.say({ type: 'lost', workerId, lines: [], suspects: [], receipt: emptyReceipt });
      return;
    }
    this.#workers.delete(workerId);
    worker.isGone = true;
    const application = worker.application;
    application.workers = application.workers.filter((one) => one !== worker);
    // A stop that was asked for is no crash: what it cuts off accuses no request line.
    if (reason === 'stopped') worker.isDraining = true;
    worker.transport?.close();
    const nowMs = this.#ports.clock.monotonicMs();
    worker.forgetStaleLosses(nowMs);
    const receipt = worker.receipt.close(nowMs);
    const { lostLines: lines, suspectLines: suspects } = worker;
    this.#ports.say({ type: 'lost', workerId, lines, suspects, receipt });
    this.stillNeeds(application);
  }

  late(workerId: number, late: boolean): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) return;
    worker.isLate = late;
    if (!late) this.#ports.queue.serve(worker.application);
  }

  unreachable(worker: Worker, error: string): void {
    if (worker.isGone) return;
    worker.restUntilMs = this.#ports.clock.monotonicMs() + unreachableRestMs;
    this.#ports.say({ type: 'unreachable', workerId: worker.workerId, error });
  }

  /** Server shutdown: all tunnels are noticed, and cut a moment later. */
  noticeAll(): void {
    for (const worker of this.#workers.values()) this.#notice(worker);
  }

  #notice(worker: Worker): void {
    worker.receipt.notice(worker.inFlight);
    for (const exchange of worker.tunnels) exchange.tunnel?.notice();
    if (worker.tunnels.size === 0) return;
    this.#ports.clock.setTimer(tunnelNoticeMs, () => {
      for (const exchange of worker.tunnels) {
        if (exchange.tunnel?.isNoticed === false) worker.receipt.tunnelCut(this.#ports.clock.monotonicMs());
        exchange.tunnelClosed();
      }
    });
  }

  #worker(one: UpstreamWorker, application: ApplicationState): Worker {
    const known = this.#workers.get(one.workerId);
    if (known !== undefined) return known;
    const worker = new Worker(one, application);
    this.#workers.set(one.workerId, worker);
    worker.transport = this.#transport(worker);
    return worker;
  }

  #transport(worker: Worker): Transport {
    const { endpoint } = worker;
    const core = this.#ports.core;
    switch (endpoint.kind) {
      case 'link':
        return new Link(worker, core, endpoint.socketPath, endpoint.linkToken);
      case 'tcp':
      case 'unix':
        return endpoint.h2c === true ? new H2cPool(worker, core, endpoint) : new HttpPool(worker, core, endpoint);
      default:
        return unreachable(endpoint);
    }
  }
}

function underWayMs({ inFlight, abandoned, transport, wokenMs }: Worker, nowMs: number): number {
  if (inFlight + abandoned === 0 || !(transport instanceof Link)) return 0;
  const ms = Math.round(nowMs - wokenMs);
  return ms < heartbeatIntervalMs ? 0 : ms;
}

import type { Clock } from '../../config/base/clock.js';
import { invariant } from '../../config/base/invariant.js';
import { type DrainReceipt, emptyReceipt } from '../../pools/protocol/listener-to-primary.js';
import type { WorkerGoneReason } from '../../pools/protocol/primary-to-listener.js';
import type { ApplicationUpstreams, UpstreamWorker } from '../../pools/protocol/snapshot.js';
import type { ListenerPort, SupervisorPort } from '../../pools/supervisor/ports.js';

/** How the listeners of a history behave; each is asked when it is needed. */
export interface ListenerBehaviour {
  acknowledgeMs(): number;
  /** null = a listener reports that the worker refused its link. */
  linkMs(): number | null;
  /** How long a request runs in a worker. */
  requestMs(): number;
  /** May be asked before a worker leaves: is it alive and does it listen? */
  isReady(workerId: number): boolean;
  /** Set aside by the supervisor. */
  isSuspended(workerId: number): boolean;
}

export interface FakeRequest {
  readonly id: number;
  readonly applicationId: string;
  state: 'waiting' | 'inFlight' | 'answered' | 'failed';
  workerId: number;
}

/**
 * All listeners of the simulation as one: requests wait, go to published workers, are retried when
 * their worker is gone, and `need-worker` is sent once per application until its upstreams change.
 * It checks what the supervisor promises: one generation of a slot per publication, only workers that
 * are ready, and no draining before every listener has acknowledged that the worker is unpublished.
 */
export class FakeListeners implements ListenerPort {
  readonly requests: FakeRequest[] = [];
  readonly published: ApplicationUpstreams[] = [];
  readonly gones: { readonly workerId: number; readonly reason: WorkerGoneReason }[] = [];
  readonly drains: number[] = [];
  readonly lates: { readonly workerId: number; readonly late: boolean }[] = [];
  readonly #clock: Clock;
  readonly #behaviour: ListenerBehaviour;
  /** What the supervisor has said, and what the listeners know so far. */
  readonly #said = new Map<string, ApplicationUpstreams>();
  readonly #known = new Map<string, ApplicationUpstreams>();
  readonly #asked = new Set<string>();
  readonly #unpublishedAt = new Map<number, number>();
  readonly #linked = new Set<number>();
  readonly #served = new Set<number>();
  readonly #draining = new Map<number, () => void>();
  readonly #drainedFrom = new Map<number, number>();
  /** Their drain is done; only one that was set aside meanwhile may come back. */
  readonly #drained = new Set<number>();
  #acknowledged = 0;
  #sent = 0;
  #turn = 0;
  supervisor: SupervisorPort | null = null;

  constructor(clock: Clock, behaviour: ListenerBehaviour) {
    this.#clock = clock;
    this.#behaviour = behaviour;
  }

  // --- ListenerPort

  publish(changed: readonly ApplicationUpstreams[]): number {
    this.#sent += 1;
    const number = this.#sent;
    for (const upstreams of changed) this.#check(upstreams, number);
    this.published.push(...changed);
    // In order: a publication is never applied before the one sent before it.
    const delayMs = this.#behaviour.acknowledgeMs();
    this.#clock.setTimer(delayMs, () => this.#apply(number));
    this.#pending.push({ number, changed });
    return number;
  }

  readonly #pending: { readonly number: number; readonly changed: readonly ApplicationUpstreams[] }[] = [];
  readonly #waiters: { readonly number: number; readonly resolve: () => void }[] = [];

  whenAcknowledged(number: number): Promise<void> {
    return new Promise((resolve) => {
      if (number <= this.#acknowledged) resolve();
      else this.#waiters.push({ number, resolve });
    });
  }

  link(_applicationId: string, worker: UpstreamWorker): void {
    invariant(worker.endpoint.kind === 'link', 'only in-process workers have links');
  }

  whenLinked(workerId: number): Promise<void> {
    const delayMs = this.#behaviour.linkMs();
    return new Promise((resolve, reject) => {
      this.#clock.setTimer(delayMs ?? 10, () => {
        if (delayMs === null || !this.#behaviour.isReady(workerId)) reject(new Error('refused'));
        else {
          this.#linked.add(workerId);
          resolve();
        }
      });
    });
  }

  drain(workerId: number, noticeAfterMs: number): Promise<DrainReceipt> {
    invariant(noticeAfterMs >= 0, 'a notice is not in the past');
    const absentSince = this.#unpublishedAt.get(workerId);
    invariant(absentSince !== undefined, `worker ${workerId} is drained while it is published`);
    invariant(absentSince <= this.#acknowledged, `worker ${workerId} is drained before all have acknowledged`);
    this.drains.push(workerId);
    this.#drainedFrom.set(workerId, this.inFlight(workerId));
    const earlier = this.#draining.get(workerId);
    return new Promise((resolve) => {
      this.#draining.set(workerId, () => {
        earlier?.();
        resolve(emptyReceipt);
      });
      this.#settleDrain(workerId);
    });
  }

  gone(workerId: number, reason: WorkerGoneReason): Promise<DrainReceipt> {
    this.gones.push({ workerId, reason });
    const retried = this.inFlight(workerId);
    for (const request of this.requests) {
      if (request.state !== 'inFlight' || request.workerId !== workerId) continue;
      request.state = 'waiting';
      this.#serve(request);
    }
    this.#settleDrain(workerId);
    const inFlight = this.#drainedFrom.get(workerId) ?? retried;
    const tally = { ...emptyReceipt, inFlight, retried, drained: inFlight - retried };
    return new Promise((resolve) => void this.#clock.setTimer(this.#behaviour.acknowledgeMs(), () => resolve(tally)));
  }

  late(workerId: number, late: boolean): void {
    this.lates.push({ workerId, late });
  }

  // --- clients

  request(applicationId: string): FakeRequest {
    const request: FakeRequest = { id: this.requests.length, applicationId, state: 'waiting', workerId: 0 };
    this.requests.push(request);
    this.#serve(request);
    return request;
  }

  waiting(): readonly FakeRequest[] {
    return this.requests.filter((request) => request.state === 'waiting');
  }

  inFlight(workerId: number): number {
    return this.requests.filter((request) => request.state === 'inFlight' && request.workerId === workerId).length;
  }

  /** Workers the supervisor has named in its latest publication. */
  eligible(applicationId: string): readonly UpstreamWorker[] {
    return this.#said.get(applicationId)?.workers ?? [];
  }

  everPublished(workerId: number): boolean {
    return this.#unpublishedAt.has(workerId) || this.isPublished(workerId);
  }

  isPublished(workerId: number): boolean {
    for (const { workers } of this.#said.values()) {
      if (workers.some((worker) => worker.workerId === workerId)) return true;
    }
    return false;
  }

  #serve(request: FakeRequest): void {
    const known = this.#known.get(request.applicationId);
    if (known !== undefined && known.failure !== null) {
      request.state = 'failed';
      return;
    }
    for (const { workerId } of known?.workers ?? []) {
      invariant(!this.#draining.has(workerId), `worker ${workerId} is draining and known as eligible`);
      invariant(!this.#behaviour.isSuspended(workerId), `worker ${workerId} is suspended and known as eligible`);
    }
    const ready = known?.workers.filter((worker) => this.#behaviour.isReady(worker.workerId)) ?? [];
    this.#turn += 1;
    const worker = ready[this.#turn % Math.max(1, ready.length)];
    if (worker === undefined) this.#need(request.applicationId);
    else this.#forward(request, worker.workerId);
  }

  #need(applicationId: string): void {
    if (this.#asked.has(applicationId)) return;
    this.#asked.add(applicationId);
    this.#clock.setTimer(0, () => this.supervisor?.needWorker(applicationId));
  }

  #forward(request: FakeRequest, workerId: number): void {
    request.state = 'inFlight';
    request.workerId = workerId;
    this.#clock.setTimer(this.#behaviour.requestMs(), () => {
      if (request.state !== 'inFlight' || request.workerId !== workerId) return;
      if (!this.#behaviour.isReady(workerId)) return;
      request.state = 'answered';
      if (!this.#served.has(workerId)) {
        this.#served.add(workerId);
        this.supervisor?.served(workerId);
      }
      this.#settleDrain(workerId);
    });
  }

  #settleDrain(workerId: number): void {
    const draining = this.#draining.get(workerId);
    if (draining === undefined || this.inFlight(workerId) > 0) return;
    this.#draining.delete(workerId);
    this.#drained.add(workerId);
    this.#linked.delete(workerId);
    draining();
  }

  /** Emptied and set aside, then awake again: as good as a new one. */
  #welcomeBack(workerId: number): void {
    if (!this.#drained.delete(workerId)) return;
    this.#unpublishedAt.delete(workerId);
    this.#drainedFrom.delete(workerId);
  }

  #check(upstreams: ApplicationUpstreams, number: number): void {
    const { applicationId, workers, failure } = upstreams;
    const slots = new Set(workers.map((worker) => worker.slot));
    invariant(slots.size === workers.length, `${applicationId}: two generations of a slot in one publication`);
    invariant(failure === null || workers.length === 0, `${applicationId}: a failure beside workers`);
    for (const { workerId, endpoint } of workers) {
      this.#welcomeBack(workerId);
      invariant(!this.#behaviour.isSuspended(workerId), `worker ${workerId} is published while it is suspended`);
      invariant(!this.#unpublishedAt.has(workerId), `worker ${workerId} is published again`);
      invariant(endpoint.kind === 'tcp' || this.#linked.has(workerId), `worker ${workerId} is not linked yet`);
    }
    const before = this.#said.get(applicationId)?.workers ?? [];
    for (const { workerId } of before) {
      if (!workers.some((worker) => worker.workerId === workerId)) this.#unpublishedAt.set(workerId, number);
    }
    this.#said.set(applicationId, upstreams);
  }

  #apply(number: number): void {
    while (this.#pending.length > 0 && (this.#pending[0]?.number ?? Infinity) <= number) {
      const publication = this.#pending.shift();
      if (publication === undefined) break;
      this.#acknowledged = publication.number;
      for (const upstreams of publication.changed) {
        this.#known.set(upstreams.applicationId, upstreams);
        this.#asked.delete(upstreams.applicationId);
        for (const request of this.waiting())
          if (request.applicationId === upstreams.applicationId) this.#serve(request);
      }
    }
    for (const waiter of this.#waiters.splice(0)) {
      if (waiter.number <= this.#acknowledged) waiter.resolve();
      else this.#waiters.push(waiter);
    }
  }
}

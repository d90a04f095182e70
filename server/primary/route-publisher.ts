/**
 * What listeners know, kept in numbered publications. Routes change with the configuration, upstreams with
 * every start and stop of a worker; both share one sequence of numbers, which each listener acknowledges in
 * order. A listener that joins late gets everything at once: what was published before it joined counts as
 * acknowledged by it, because it never knew an older state.
 */
import { invariant } from '../../config/base/invariant.js';
import {
  addReceipts,
  type DrainReceipt,
  emptyReceipt,
  type ListenerToPrimary,
} from '../../pools/protocol/listener-to-primary.js';
import type { Challenges, PrimaryToListener, WorkerGoneReason } from '../../pools/protocol/primary-to-listener.js';
import type { ApplicationUpstreams, Routes, UpstreamWorker } from '../../pools/protocol/snapshot.js';
import type { ListenerPort } from '../../pools/supervisor/ports.js';
import { type RoutesChange, routesInParts } from './route-changes.js';

/** One listener process as the publisher sees it. */
export interface Subscriber {
  readonly id: number;
  send(message: PrimaryToListener): void;
}

/** The messages this file answers for. */
export type Answer = Extract<ListenerToPrimary, { type: 'ack' | 'link' | 'drained' | 'lost' }>;

interface Books {
  readonly subscriber: Subscriber;
  acknowledged: number;
  /** When the oldest publication without acknowledgement was sent; null = none is owed. */
  owesSinceMs: number | null;
  sent: number;
  /** workerId -> '' when the link is open, else why it is not. */
  readonly links: Map<number, string>;
}

interface AcknowledgeWaiter {
  readonly number: number;
  readonly resolve: () => void;
}

interface LinkWaiter {
  readonly workerId: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

type OpenLink = Extract<PrimaryToListener, { type: 'open-link' }>;

/** Listeners that have not reported yet, and who waits for them. */
interface Reports {
  readonly open: Set<number>;
  readonly promise: Promise<DrainReceipt>;
  readonly resolve: (receipt: DrainReceipt) => void;
}

/** What listeners say of a worker that leaves: first that it is drained, last that they forgot it. */
interface Farewell {
  receipt: DrainReceipt;
  drain: Reports | null;
  gone: Reports | null;
}

export class RoutePublisher implements ListenerPort {
  readonly #now: () => number;
  readonly #listeners = new Map<number, Books>();
  readonly #farewells = new Map<number, Farewell>();
  #number = 0;
  /** Links asked for and not settled: a listener that joins meanwhile is asked too. */
  readonly #opening = new Map<number, OpenLink>();
  #challenges: Challenges = { http: {}, tls: {} };
  /** Made when a listener joins: they are many, and listeners are few. */
  #allRoutes: (() => Routes) | null = null;
  #currentUpstreams: () => readonly ApplicationUpstreams[] = () => [];
  #acknowledgeWaiters: AcknowledgeWaiter[] = [];
  #linkWaiters: LinkWaiter[] = [];

  constructor(monotonicMs: () => number) {
    this.#now = monotonicMs;
  }

  /** Where a joining listener's upstreams come from; set once the supervisor exists. */
  attach(currentUpstreams: () => readonly ApplicationUpstreams[]): void {
    this.#currentUpstreams = currentUpstreams;
  }

  /** `change`: what differs from the publication before; null for the first. */
  publishRoutes(allRoutes: () => Routes, change: RoutesChange | null): number {
    this.#allRoutes = allRoutes;
    return this.#broadcast((number) =>
      change === null ? { type: 'routes', number, routes: allRoutes() } : { type: 'routes', number, ...change },
    );
  }

  publishChallenges(challenges: Challenges): number {
    this.#challenges = challenges;
    return this.#broadcast((number) => ({ type: 'challenges', number, challenges }));
  }

  publish(changed: readonly ApplicationUpstreams[]): number {
    return this.#broadcast((number) => ({ type: 'upstreams', number, changed }));
  }

  /** Sends the whole state; returns the number whose acknowledgement makes the listener complete. */
  join(subscriber: Subscriber): number {
    invariant(this.#allRoutes !== null, 'routes are published before listeners join');
    const books: Books = {
      subscriber,
      acknowledged: this.#number,
      owesSinceMs: null,
      sent: this.#number,
      links: new Map(),
    };
    this.#listeners.set(subscriber.id, books);
    let isFirst = true;
    for (const { routes, removed } of routesInParts(this.#allRoutes())) {
      const number = ++this.#number;
      this.#sendNumbered(books, { type: 'routes', number, routes, ...(isFirst ? {} : { removed }) });
      isFirst = false;
    }
    // What has neither a worker nor a reason to have none is known without being named.
    const changed = this.#currentUpstreams().filter((one) => one.workers.length > 0 || one.failure !== null);
    this.#sendNumbered(books, { type: 'upstreams', number: ++this.#number, changed });
    const challenges = this.#challenges;
    const isAsked = Object.keys(challenges.http).length + Object.keys(challenges.tls).length > 0;
    if (isAsked) this.#sendNumbered(books, { type: 'challenges', number: ++this.#number, challenges });
    for (const message of this.#opening.values()) subscriber.send(message);
    return this.#number;
  }

  /** The listener is gone: nothing more is expected of it. */
  leave(listenerId: number): void {
    if (!this.#listeners.delete(listenerId)) return;
    for (const [workerId, farewell] of this.#farewells) {
      farewell.drain?.open.delete(listenerId);
      farewell.gone?.open.delete(listenerId);
      this.#settleFarewell(workerId, farewell);
    }
    this.#settleAcknowledgements();
    this.#settleLinks();
  }

  acknowledged(listenerId: number): number {
    return this.#listeners.get(listenerId)?.acknowledged ?? 0;
  }

  /** Since when an acknowledgement is owed, or null. */
  owesSinceMs(listenerId: number): number | null {
    return this.#listeners.get(listenerId)?.owesSinceMs ?? null;
  }

  received(listenerId: number, message: Answer): void {
    const books = this.#listeners.get(listenerId);
    if (books === undefined) return;
    if (message.type === 'ack') {
      books.acknowledged = Math.max(books.acknowledged, message.number);
      books.owesSinceMs = books.acknowledged >= books.sent ? null : this.#now();
      this.#settleAcknowledgements();
    } else if (message.type === 'link') {
      books.links.set(message.workerId, message.up ? '' : message.error || 'the link was closed');
      this.#settleLinks();
    } else {
      const farewell = this.#farewells.get(message.workerId);
      if (farewell === undefined) return;
      farewell.receipt = addReceipts(farewell.receipt, message.receipt);
      farewell.drain?.open.delete(listenerId);
      if (message.type === 'lost') farewell.gone?.open.delete(listenerId);
      this.#settleFarewell(message.workerId, farewell);
    }
  }

  /** Everything that was published so far. */
  whenAllAcknowledged(): Promise<void> {
    return this.whenAcknowledged(this.#number);
  }

  whenAcknowledged(number: number): Promise<void> {
    return new Promise((resolve) => {
      this.#acknowledgeWaiters.push({ number, resolve });
      this.#settleAcknowledgements();
    });
  }

  link(applicationId: string, worker: UpstreamWorker): void {
    const message: OpenLink = { type: 'open-link', applicationId, worker };
    this.#opening.set(worker.workerId, message);
    for (const books of this.#listeners.values()) books.links.delete(worker.workerId);
    this.send(message);
  }

  whenLinked(workerId: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#linkWaiters.push({ workerId, resolve, reject });
      this.#settleLinks();
    });
  }

  drain(workerId: number, noticeAfterMs: number): Promise<DrainReceipt> {
    const farewell = this.#farewell(workerId);
    if (farewell.drain !== null) return farewell.drain.promise;
    farewell.drain = this.#everyReport();
    this.send({ type: 'drain', workerId, noticeAfterMs });
    this.#settleFarewell(workerId, farewell);
    return farewell.drain.promise;
  }

  gone(workerId: number, reason: WorkerGoneReason): Promise<DrainReceipt> {
    const farewell = this.#farewell(workerId);
    farewell.gone ??= this.#everyReport();
    this.send({ type: 'worker-gone', workerId, reason });
    this.#opening.delete(workerId);
    for (const books of this.#listeners.values()) books.links.delete(workerId);
    const waiting = this.#linkWaiters.filter((one) => one.workerId === workerId);
    this.#linkWaiters = this.#linkWaiters.filter((one) => one.workerId !== workerId);
    for (const one of waiting) one.reject(new Error('the worker is gone'));
    this.#settleFarewell(workerId, farewell);
    return farewell.gone.promise;
  }

  late(workerId: number, late: boolean): void {
    this.send({ type: 'late', workerId, late });
  }

  /** To every listener that has joined, except one. */
  send(message: PrimaryToListener, exceptId = -1): void {
    for (const { subscriber } of this.#listeners.values()) if (subscriber.id !== exceptId) subscriber.send(message);
  }

  #broadcast(make: (number: number) => PrimaryToListener & { readonly number: number }): number {
    this.#number += 1;
    if (this.#listeners.size === 0) return this.#number;
    const message = make(this.#number);
    for (const books of this.#listeners.values()) this.#sendNumbered(books, message);
    return this.#number;
  }

  #sendNumbered(books: Books, message: PrimaryToListener & { readonly number: number }): void {
    books.sent = message.number;
    books.owesSinceMs ??= this.#now();
    books.subscriber.send(message);
  }

  #settleAcknowledgements(): void {
    let lowest = Number.POSITIVE_INFINITY;
    for (const { acknowledged, sent } of this.#listeners.values()) {
      // A listener that acknowledged all it was sent has also seen every number that was not meant for it.
      if (acknowledged < sent) lowest = Math.min(lowest, acknowledged);
    }
    const settled = this.#acknowledgeWaiters.filter((one) => one.number <= lowest);
    if (settled.length === 0) return;
    this.#acknowledgeWaiters = this.#acknowledgeWaiters.filter((one) => one.number > lowest);
    for (const one of settled) one.resolve();
  }

  #settleLinks(): void {
    const waiting = this.#linkWaiters;
    this.#linkWaiters = [];
    for (const waiter of waiting) {
      const states = [...this.#listeners.values()].map((books) => books.links.get(waiter.workerId));
      const problem = states.find((state) => state !== undefined && state !== '');
      if (problem === undefined && !states.every((state) => state === '')) {
        this.#linkWaiters.push(waiter);
        continue;
      }
      this.#opening.delete(waiter.workerId);
      if (problem === undefined) waiter.resolve();
      else waiter.reject(new Error(problem));
    }
  }

  #farewell(workerId: number): Farewell {
    const known = this.#farewells.get(workerId);
    if (known !== undefined) return known;
    const farewell: Farewell = { receipt: emptyReceipt, drain: null, gone: null };
    this.#farewells.set(workerId, farewell);
    return farewell;
  }

  #everyReport(): Reports {
    return { open: new Set(this.#listeners.keys()), ...deferred<DrainReceipt>() };
  }

  /** Kept until every listener has forgotten the worker: only then the sums are complete. */
  #settleFarewell(workerId: number, { receipt, drain, gone }: Farewell): void {
    if (drain?.open.size === 0) drain.resolve(receipt);
    if (gone?.open.size !== 0) return;
    this.#farewells.delete(workerId);
    drain?.resolve(receipt);
    gone.resolve(receipt);
  }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

// HOT: measured by test/bench/main.ts
import type { StoredFailure } from '../../pools/protocol/snapshot.js';
import type { RequestHead } from '../http1/types.js';
import { abandon } from './abandon.js';
import type { AffinityMark } from './affinity.js';
import { AnswerGate } from './answer-gate.js';
import { Answer, type AnswerPorts, type AnswerVerdict } from './answer.js';
import type { ClientOutput } from './client-output.js';
import type { ProxyCore } from './core.js';
import type { ExchangeClient } from './exchange-client.js';
import { afterLoss, dispatchAgain, noteAnswered, noteCrash, nothingToCancel, noteLoss } from './retry.js';
import { noteSent, type Trail } from './trail.js';
import { openTunnel, type Tunnel } from './tunnel.js';
import type { AbortCause, LossCause, Upstream } from './upstream.js';
import type { Waiter } from './waiter.js';
import type { ApplicationState, PoolState, Worker } from './worker.js';

/**
 * Free: no request. Waiting: no worker yet. Active: with a worker. Answered: the answer is complete, the
 * rest of the request body still goes to the worker. Tunnel: after an accepted upgrade.
 */
export type ExchangeState = 'free' | 'waiting' | 'active' | 'answered' | 'tunnel';

/**
 * The life of one request between its client connection and a worker; one object per connection, used
 * again for every request. Common to both kinds of upstream: retry, back-pressure, framing, endings.
 */
export class Exchange implements AnswerPorts {
  readonly client: ExchangeClient;
  readonly core: ProxyCore;
  /** Of the client; over HTTP/2 every stream brings its own. */
  request: RequestHead;
  readonly output: ClientOutput;
  readonly answer: Answer;
  state: ExchangeState = 'free';
  application: ApplicationState | null = null;
  /** The application's when the request began: it may move to another pool meanwhile. */
  pool: PoolState | null = null;
  worker: Worker | null = null;
  upstream: Upstream | null = null;
  waiter: Waiter | null = null;
  /** What the client's affinity cookie says. */
  mark: AffinityMark | null = null;
  tunnel: Tunnel | null = null;
  /** null = nothing is noted of this request. */
  trail: Trail | null = null;
  /** Monotonic ms; of the complete head, and of the first byte towards the client (0 = none). */
  startedMs = 0;
  firstByteMs = 0;
  /** Monotonic ms; when its present worker got it. */
  handedMs = 0;
  /** Body bytes handed to the upstream of this attempt, and in all. */
  bodySent = 0;
  bytesIn = 0;
  isBodyDone = true;
  /** Attempts beyond the first after a worker had the request. */
  retries = 0;
  connectFailures = 0;
  /** What the log says beside the status; '' = nothing special. */
  status = 0;
  subStatus = 0;
  reason = '';
  readonly #gate = new AnswerGate(this);
  /** Of a request that waits for its retry, or for bandwidth before it begins. */
  #cancelWait = nothingToCancel;

  constructor(client: ExchangeClient, core: ProxyCore) {
    this.client = client;
    this.core = core;
    this.request = client.request;
    this.output = client.output;
    this.answer = new Answer(this);
  }

  get siteName(): string {
    return this.client.site?.name ?? '';
  }

  /** A complete request head: finds its worker or waits for one. */
  begin(application: ApplicationState): void {
    this.state = 'waiting';
    this.request = this.client.request;
    this.application = application;
    this.pool = application.pool;
    this.mark = application.affinity === null ? null : application.affinity.markOf(this.request);
    application.requests += 1;
    if (this.pool !== null) this.pool.requests += 1;
    this.firstByteMs = 0;
    this.bodySent = 0;
    this.bytesIn = 0;
    this.isBodyDone = this.request.framing === 'none';
    this.retries = 0;
    this.connectFailures = 0;
    this.status = 0;
    this.subStatus = 0;
    this.reason = '';
    this.trail = this.core.trails?.begin(this) ?? null;
    const debtMs = this.client.router.pace?.debtMs() ?? 0;
    if (debtMs === 0) this.core.dispatch(this);
    else this.#cancelWait = this.core.pacer.after(debtMs, () => this.core.dispatch(this));
  }

  /** A worker is chosen: hands it the request. Called by the dispatcher. */
  start(worker: Worker): void {
    const transport = worker.transport;
    if (transport === null) return;
    this.state = 'active';
    this.waiter = null;
    this.worker = worker;
    this.handedMs = this.core.clock.monotonicMs();
    if (this.trail !== null) noteSent(this.trail, worker, this.handedMs);
    worker.inFlight += 1;
    worker.requestsTotal += 1;
    const cells = this.pool?.cells;
    cells?.add(cells.inFlight, 1);
    this.bodySent = 0;
    this.#gate.open();
    this.answer.begin();
    this.upstream = transport.begin(this);
    if (this.client.isStream) this.holdAnswer();
    if (!this.isBodyDone) this.client.openBody();
  }

  /** Decoded body bytes (or tunnel bytes). @returns false: pause until `resumeBody`. */
  body(buffer: Buffer, start: number, end: number): boolean {
    const upstream = this.upstream;
    if (upstream === null) return true;
    this.bodySent += end - start;
    this.bytesIn += end - start;
    return upstream.body(buffer, start, end);
  }

  endBody(trailers: readonly string[] | null): void {
    this.isBodyDone = true;
    this.upstream?.endBody(trailers);
    if (this.state === 'answered') this.#complete();
  }

  /** The upstream takes body bytes again. */
  onUpstreamReady(): void {
    this.client.resumeBody();
  }

  /** The client takes bytes again. */
  onClientDrained(): void {
    this.#gate.drained();
  }

  /** The worker pauses if the client is behind. */
  holdAnswer(): void {
    this.#gate.hold();
  }

  /** Bytes of the worker's answer. */
  onAnswer(buffer: Buffer, start: number, end: number): void {
    const waitMs = this.client.router.pace?.spend(end - start) ?? 0;
    if (this.tunnel !== null) {
      this.tunnel.toClient(buffer, start, end);
      this.#gate.pace(waitMs);
      this.#gate.hold();
      return;
    }
    const writesBefore = this.output.writes;
    const wasSent = this.answer.isHeadSent;
    const verdict = this.answer.feed(buffer, start, end);
    if (verdict === 'broken') {
      const nothingLeft = !wasSent && this.output.writes === writesBefore;
      this.#broken(nothingLeft);
      return;
    }
    if (verdict === 'upgraded') {
      openTunnel(this, buffer, end);
      return;
    }
    this.output.flush();
    if (verdict === 'more') {
      this.#gate.pace(waitMs);
      this.#gate.hold();
    } else if (this.upstream?.announcesEnd === false) this.#answered();
  }

  /** The worker's side ended: the link's end mark, or the end of its connection. */
  onAnswerEnd(): void {
    if (this.tunnel !== null) {
      this.tunnel.workerEnded();
      return;
    }
    if (this.state === 'answered') {
      this.giveUpBody();
      return;
    }
    if (this.state !== 'active') return;
    const wasSent = this.answer.isHeadSent;
    const verdict: AnswerVerdict = this.answer.end();
    if (verdict === 'broken') return this.#broken(!wasSent);
    this.output.flush();
    this.#answered();
  }

  /** The upstream gave up; it is detached already. */
  onUpstreamLost(cause: LossCause): void {
    this.upstream = null;
    const worker = this.worker;
    if (this.tunnel !== null) {
      if (!this.tunnel.isNoticed) worker?.receipt.tunnelCut(this.core.clock.monotonicMs());
      this.tunnel.workerEnded();
      return;
    }
    if (this.state === 'answered') {
      this.isBodyDone = true;
      this.#complete();
      return;
    }
    if (worker === null) return;
    const suspect = noteCrash(this, worker, cause);
    const next = afterLoss(this, cause, suspect);
    noteLoss(this, worker, cause, next);
    this.#leaveWorker();
    if (next.retry) {
      if (next.counts) {
        this.retries += 1;
        const cells = this.pool?.cells;
        cells?.add(cells.retries, 1);
      }
      this.state = 'waiting';
      if (next.counts) this.#cancelWait = dispatchAgain(this);
      else this.core.dispatch(this);
      return;
    }
    this.#fail(next.failure, !this.answer.isHeadSent);
  }

  /** The client is gone: the worker is told, nothing is answered. */
  clientGone(cause: 'fin' | 'reset'): void {
    if (this.state === 'free') return;
    if (this.status === 0) this.status = this.answer.isHeadSent ? this.answer.head.status : 499;
    if (this.reason === '') this.reason = 'ClientClosed';
    this.#stop(cause);
    this.#finish();
  }

  /** The client half-closed a tunnel. @returns whether the worker's direction goes on. */
  clientEndedTunnel(): boolean {
    return this.state === 'tunnel' && this.upstream?.endTunnel() === true;
  }

  /** Ends the request with an error of ours (queue, deadlines, limits) if nothing was sent, else cuts it. */
  refuse(failure: StoredFailure): void {
    if (this.state === 'free') return;
    const untold = this.state === 'waiting' || !this.answer.isHeadSent;
    this.#stop('cancel');
    this.#fail(failure, untold);
  }

  /** The rest of the body is not wanted any more: the answer went out long ago. */
  giveUpBody(): void {
    if (this.state !== 'answered') return;
    this.upstream?.abort('cancel', null);
    this.upstream = null;
    this.isBodyDone = true;
    this.#complete();
  }

  /** The worker's side of the tunnel is over. */
  tunnelClosed(): void {
    const upstream = this.upstream;
    this.upstream = null;
    upstream?.abort('fin', null);
    this.#finish();
    this.client.tunnelEnded();
  }

  // AnswerPorts

  connectionAfter(framing: 'none' | 'length' | 'chunked' | 'close'): 'default' | 'keep-alive' | 'close' {
    const { request, worker } = this;
    const head = this.answer.head;
    noteAnswered(this);
    const connectionIsTheApps = worker?.endpoint.kind === 'link' || this.application?.route?.forwardConnection === true;
    const appCloses = !head.keepAlive && connectionIsTheApps && worker?.isDraining === false;
    // An expectation answered with a final status: nobody knows whether a body will come.
    const unread = !this.isBodyDone && (request.expectContinue ? this.bodySent === 0 : !this.client.isBodyShort);
    if (framing === 'close' || !request.keepAlive || this.client.isClosing || appCloses || unread) return 'close';
    return request.minorVersion === 0 ? 'keep-alive' : 'default';
  }

  date(): string {
    return this.core.date();
  }

  affinityCookie(): string {
    const { mark, worker, application } = this;
    return worker === null ? '' : (application?.affinity?.cookieFor(worker, mark, this.client.forward) ?? '');
  }

  onFirstByte(): void {
    if (this.firstByteMs === 0) this.firstByteMs = this.core.clock.monotonicMs();
  }

  /** The answer is complete; the request may not be. */
  #answered(): void {
    const worker = this.worker;
    this.status = this.answer.head.status;
    if (worker !== null && !worker.hasServed) {
      worker.hasServed = true;
      this.core.say({ type: 'served', workerId: worker.workerId });
    }
    if (this.isBodyDone) return this.#complete();
    if (this.answer.closesClient) {
      this.upstream?.abort('cancel', null);
      this.upstream = null;
      return this.#complete();
    }
    this.state = 'answered';
    this.client.lingerBody();
  }

  #complete(): void {
    const { upstream, answer } = this;
    this.upstream = null;
    if (upstream !== null) {
      upstream.release(!answer.hasExtra && this.isBodyDone && answer.head.keepAlive);
    }
    const keepAlive = !answer.closesClient && this.isBodyDone;
    this.#finish();
    this.client.answered(keepAlive);
  }

  #broken(nothingSent: boolean): void {
    const reason = this.answer.reason;
    this.#stop('cancel');
    if (nothingSent) this.output.discard();
    this.#fail({ status: 502, subStatus: 3, reason, title: '', retryAfterSeconds: 0 }, nothingSent);
  }

  #fail(failure: StoredFailure, nothingSent: boolean): void {
    this.status = failure.status;
    this.subStatus = failure.subStatus;
    this.reason = failure.reason;
    if (failure.status >= 502) this.pool?.cells.proxyError(failure.reason);
    const client = this.client;
    const keepAlive = nothingSent && client.writeError(failure);
    this.#finish();
    if (nothingSent) client.answered(keepAlive);
    else client.cut();
  }

  /** Takes the request away from wherever it is. */
  #stop(cause: AbortCause): void {
    this.#cancelWait();
    if (this.waiter !== null) {
      const waiter = this.waiter;
      this.waiter = null;
      this.core.leaveQueue(waiter);
    }
    const upstream = this.upstream;
    this.upstream = null;
    if (upstream !== null) abandon(this, upstream, cause);
  }

  #leaveWorker(): void {
    const worker = this.worker;
    if (worker === null) return;
    this.worker = null;
    const cells = this.pool?.cells;
    if (this.tunnel !== null) {
      if (this.tunnel.isNoticed) worker.receipt.socketNoticed();
      worker.tunnels.delete(this);
      cells?.add(cells.websockets, -1);
    } else {
      worker.inFlight -= 1;
      cells?.add(cells.inFlight, -1);
    }
    this.core.slotFreed(worker);
  }

  /** Accounts for the request; the object is free for the next one. */
  #finish(): void {
    this.core.finished(this);
    this.client.router.finished();
    this.state = 'free';
    this.#gate.close();
    this.#leaveWorker();
    if (this.application !== null) this.application.requests -= 1;
    if (this.pool !== null) this.pool.requests -= 1;
    this.application = null;
    this.pool = null;
    this.tunnel = null;
  }
}

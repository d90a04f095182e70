/**
 * The host of one in-process worker: owns control pipe, links, the adopted server and the heartbeat.
 * The README of this folder shows how a request travels.
 */
import net from 'node:net';
import { heartbeatIntervalMs, linkProtocolVersion, quietHeartbeatIntervalMs } from '../../../../config/base/limits.js';
import { exportWaits, type HostToPrimary, noWatchdog } from '../../../protocol/host-to-primary.js';
import {
  hostControlFd,
  type HostStartData,
  hostLinkFd,
  type PrimaryToHost,
  type WarmUpRequest,
} from '../../../protocol/primary-to-host.js';
import { setAnchor } from './anchor.js';
import type { App } from './app.js';
import { runSoon } from './clean-context.js';
import { wrapCloseConnections } from './close-connections.js';
import { becomeClusterChild } from './cluster-child.js';
import { writeCompileCache } from './compile-cache.js';
import { ControlPipe } from './control-pipe.js';
import { dump } from './dump.js';
import { hasExport, listenWithExport } from './exported-app.js';
import { hostClock, refreshCoarseNow } from './host-clock.js';
import { Link, type LinkOwner } from './link.js';
import { adoptListen, type ListenOwner } from './listen.js';
import type { NetInternals } from './node-internals.js';
import { PublishedMetrics } from './published.js';
import { warmUp } from './warm-up.js';
import { watchAnswers } from './request-bytes.js';
import { findSeam, type Seam } from './seam.js';
import { startWatchdog } from './watchdog.js';

const linkBacklog = 511;
const sweepEveryBeats = 4;
/** An app that does not listen by then may be waiting, or may only export: the start limit decides. */
const exportLookBeats = 8;
const keepCodeBeats = 8;
const stackCharactersMax = 8_192;
/** A quiet worker whose loop was so late tells it. */
const delayToldMs = 50;

export class Host implements LinkOwner, ListenOwner {
  readonly token: string;
  readonly seam: Seam | null;
  readonly appPort: number;
  readonly isPortForced: boolean;
  readonly envPort: number;
  readonly links = new Set<Link>();
  inFlight = 0;
  isDraining = false;
  readonly #apps = new Set<App>();
  readonly #control: ControlPipe<PrimaryToHost>;
  readonly #published: PublishedMetrics;
  #needsWatchdog: boolean;
  #app: App | null = null;
  #how: 'listen' | 'export' = 'listen';
  #wasListening = false;
  #beats = 0;
  #wasAsked = false;
  #isQuiet = false;
  /** When the next heartbeat comes at the latest. */
  #dueMs = 0;
  /** Quiet, and a request came: whether it is still under way is looked at soon. */
  #isLooking = false;
  #cancelBeat: () => void = () => undefined;
  #isCodeKept = false;
  /** `performance` is first touched by the first heartbeat: loading it takes time at start. */
  #utilization: ReturnType<typeof performance.eventLoopUtilization> | undefined;

  constructor(start: HostStartData) {
    this.token = start.linkToken;
    this.#needsWatchdog = start.watchdog;
    this.envPort = start.envPort;
    this.isPortForced = start.appPort > 0;
    this.appPort = start.appPort > 0 ? start.appPort : start.envPort;
    if (start.envPort > 0) process.env['PORT'] = String(start.envPort);
    this.#control = new ControlPipe(
      hostControlFd,
      (message) => this.#command(message),
      () => process.exit(1),
    );
    this.#published = new PublishedMetrics(
      (message) => this.#send(message),
      (code, text) => this.notice(code, text),
    );
    becomeClusterChild(
      start.slot,
      (then) => this.#closeServer(then),
      (code, text) => this.notice(code, text),
    );
    const seam = start.path === 'documented' ? 'asked for' : findSeam();
    this.seam = typeof seam === 'string' ? null : start.path === 'slow' ? { ...seam, fast: null } : seam;
    if (typeof seam === 'string' && start.path !== 'documented') {
      this.notice('documented-path', `this Node lacks the seam (${seam}): requests go in as bytes`);
    }
    this.#send({
      type: 'hello',
      protocol: linkProtocolVersion,
      node: process.version,
      pid: process.pid,
      path: this.#path(),
    });
    this.#acceptLinks();
    adoptListen(this);
    if (this.seam === null) watchAnswers();
    else wrapCloseConnections(this.#apps);
    this.#watchProcess();
    this.#scheduleBeat();
  }

  #path(): 'fast' | 'slow' | 'documented' {
    if (this.seam === null) return 'documented';
    return this.seam.fast === null ? 'slow' : 'fast';
  }

  get app(): App | null {
    return this.#app;
  }

  set app(app: App | null) {
    this.#app = app;
    if (app !== null) this.#apps.add(app);
  }

  #acceptLinks(): void {
    const create = (net as unknown as NetInternals)._createServerHandle;
    const handle = create?.(null, null, null, hostLinkFd);
    if (typeof handle !== 'object') throw new Error(`the link socket (descriptor ${hostLinkFd}) cannot be used`);
    handle.onconnection = (status: number, connection: object | undefined): void => {
      if (status === 0 && connection !== undefined) new Link(this, connection);
    };
    const error = handle.listen(linkBacklog);
    if (error !== 0) throw new Error(`the link socket does not listen (${error})`);
    setAnchor(handle);
  }

  #watchProcess(): void {
    process.on('exit', () => {
      for (const link of this.links) link.flushAtExit();
    });
    process.on('uncaughtExceptionMonitor', (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#control.sendNow({ type: 'fatal', text: text.slice(0, stackCharactersMax) });
    });
    process.once('beforeExit', () => {
      if (this.#wasListening || this.#app !== null) return;
      this.#how = 'export';
      void listenWithExport(this);
    });
  }

  #send(message: HostToPrimary): void {
    this.#control.send(message);
  }

  listening(port: number): void {
    this.#wasListening = true;
    this.#send({ type: 'listening', port, how: this.#how });
    if (!this.#needsWatchdog) return;
    this.#needsWatchdog = false;
    runSoon(watch, this);
  }

  withoutWatchdog(reason: string): void {
    this.notice(noWatchdog, `the stack of a blocked event loop will not be known: ${reason}`);
  }

  notice(code: string, text: string): void {
    this.#send({ type: 'notice', code, text });
  }

  refused(code: string, text: string): void {
    this.#send({ type: 'refused', code, text });
  }

  #command(message: PrimaryToHost): void {
    if (message.type === 'ping') this.#send({ type: 'pong', id: message.id });
    else if (message.type === 'drain') this.#drain();
    else if (message.type === 'warm-up') this.#warmUp(message);
    else if (message.type === 'dump') void dump(message).then((answer) => this.#send(answer));
  }

  #warmUp(request: WarmUpRequest): void {
    const done = (status: number): void => this.#send({ type: 'warmed', status });
    const app = this.#app;
    if (app === null) done(0);
    else runSoon(() => warmUp(app, request, done), undefined);
  }

  #drain(): void {
    if (this.isDraining) return;
    this.isDraining = true;
    for (const link of this.links) link.goaway();
    writeCompileCache();
  }

  #closeServer(then: () => void): void {
    const server = this.#app?.server;
    if (server === undefined) then();
    else server.close(then);
  }

  #scheduleBeat(): void {
    const delayMs = this.#isQuiet ? quietHeartbeatIntervalMs : heartbeatIntervalMs;
    const dueMs = refreshCoarseNow() + delayMs;
    this.#dueMs = dueMs;
    this.#cancelBeat = hostClock.setTimer(delayMs, () => this.#beat(dueMs));
  }

  countInFlight(change: 1 | -1): void {
    this.inFlight += change;
    if (change < 0) return;
    if (this.#isQuiet && !this.#isLooking) return this.#lookSoon();
    this.#wasAsked = true;
    if (!this.#isQuiet) return;
    // A second one so soon. Before the app has it: if it blocks, the primary knows when that began.
    this.#cancelBeat();
    this.#beat(refreshCoarseNow());
  }

  /** A request that is answered soon is not worth a message; of one that is not the listener tells too, if it blocks. */
  #lookSoon(): void {
    const nowMs = refreshCoarseNow();
    const atMs = Math.min(nowMs + heartbeatIntervalMs, this.#dueMs);
    this.#isLooking = true;
    this.#cancelBeat();
    this.#cancelBeat = hostClock.setTimer(Math.max(0, atMs - nowMs), () => this.#look(atMs));
  }

  #look(atMs: number): void {
    this.#isLooking = false;
    const nowMs = refreshCoarseNow();
    const dueMs = this.#dueMs;
    if (this.inFlight > 0 || nowMs >= dueMs || nowMs - atMs > delayToldMs) this.#beat(atMs);
    else this.#cancelBeat = hostClock.setTimer(dueMs - nowMs, () => this.#beat(dueMs));
  }

  /** Once, when the app has loaded what it needs and nobody waits. */
  #keepCode(): void {
    if (this.#isCodeKept || !this.#wasListening || this.#beats < keepCodeBeats || this.inFlight > 0) return;
    this.#isCodeKept = true;
    writeCompileCache();
  }

  /** Why an app never listens is clearer when it is known that it exports something. */
  async #lookAtExport(): Promise<void> {
    if (!(await hasExport()) || this.#wasListening) return;
    this.notice(
      exportWaits,
      'its entry exports an app, which is hosted only when nothing else (a timer, an open connection) keeps the process running: call listen()',
    );
  }

  /** While the loop turns, seldom while nothing is asked; the delay is how late the timer came. */
  #beat(dueMs: number): void {
    const now = refreshCoarseNow();
    this.#isLooking = false;
    const before = this.#utilization;
    this.#utilization = performance.eventLoopUtilization();
    const { utilization } =
      before === undefined ? this.#utilization : performance.eventLoopUtilization(this.#utilization, before);
    this.#isQuiet = this.#isCodeKept && this.inFlight === 0 && !this.#wasAsked;
    this.#wasAsked = false;
    this.#send({
      type: 'heartbeat',
      inFlight: this.inFlight,
      quiet: this.#isQuiet,
      delayMs: Math.max(0, Math.round(now - dueMs)),
      utilization: Math.round(utilization * 1_000) / 1_000,
      heapUsed: process.memoryUsage().heapUsed,
    });
    this.#beats += 1;
    this.#published.beat(now);
    if (this.#beats === exportLookBeats && !this.#wasListening && this.#app === null) void this.#lookAtExport();
    this.#keepCode();
    if (this.#isQuiet || this.#beats % sweepEveryBeats === 0) runSoon(sweep, this.#apps);
    this.#scheduleBeat();
  }
}

/** In a task of its own: what the app has bound to its context stays out of the thread's. */
function watch(host: Host): void {
  startWatchdog((reason) => host.withoutWatchdog(reason));
}

function sweep(apps: Set<App>): void {
  for (const app of apps) {
    app.sweep();
    if (!app.server.listening && app.sockets.size === 0) apps.delete(app);
  }
}

/**
 * What the supervisor asks of a hosting model. A runtime starts one process (with everything around
 * it: socket, port, token, environment, identity), tells what happens to it, and ends it. What one start
 * is made of is its own: its time limits, and the second attempt of an out-of-process start on another port.
 * Whether there is another start (back-off, recycling, counting) is the supervisor's.
 */
import type { ApplicationConfig, HostingConfig, PoolConfig, SiteConfig } from '../../config/model.js';
import type { DumpWish } from '../protocol/primary-to-host.js';
import type { UpstreamEndpoint } from '../protocol/snapshot.js';
import type { StallFinding, StallReport } from '../protocol/stall-report.js';

export interface WorkerStart {
  readonly workerId: number;
  /** 1-based slot within the application host. */
  readonly slot: number;
  readonly generation: number;
  readonly pool: PoolConfig;
  readonly application: ApplicationConfig;
  /** The application's hosting; never null here. */
  readonly hosting: HostingConfig;
  readonly site: SiteConfig;
}

/** What a spare host is made for. */
export type SpareRequest = Pick<WorkerStart, 'pool' | 'application' | 'hosting' | 'site'>;

/** starting: its turn has not come, or it loads; waiting: only the app itself is left to be loaded. */
export type SpareState = 'starting' | 'waiting';

/** Called by the runtime for one spare; never synchronously from inside `keepSpare`. */
export interface SpareEvents {
  waiting(): void;
  /** A worker has it now. */
  taken(): void;
  /** It ended by itself, or could not be started. Not told of one that is dropped. */
  ended(): void;
}

/** A step of the start journey, kept for the failure report and the obituary. */
export interface JourneyStep {
  readonly step: 'identity' | 'files' | 'socket' | 'port' | 'spawn' | 'hello' | 'listen' | 'ownership' | 'warm-up';
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly outcome: 'ok' | 'failed';
}

export interface StartFailure {
  /** 500.30, 500.31, 500.37 in-process; 502.5 out-of-process. */
  readonly status: number;
  readonly subStatus: number;
  /** Processes that were tried; the rest of this report is about the last one. */
  readonly attempts: number;
  /** Closed list: folder-unreachable, entry-missing, spawn-failed, exited-early, startup-timeout,
   * port-refused, listening-elsewhere, not-listening, framework-missing, refused-by-host ... */
  readonly code: string;
  /** One line for people, ours, with names and numbers. */
  readonly cause: string;
  readonly remedy: string;
  /** Last output lines of this attempt, escaped. */
  readonly outputTail: string;
  readonly journey: readonly JourneyStep[];
}

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Set when this side ended it because of the control pipe (bad message, rate). */
  readonly violation: string | null;
  /** Killed because it (memory, by kernel or Sluice) or its pool (cpu, KillW3wp) used too much of this. */
  readonly limit: 'memory' | 'cpu' | null;
  readonly outputTail: string;
}

export interface Heartbeat {
  readonly inFlight: number;
  /** The next one comes after the longer interval, or when a request is not answered soon. */
  readonly quiet: boolean;
  readonly delayMs: number;
  readonly utilization: number;
  readonly heapUsed: number;
}

/** Called by the runtime; never synchronously from inside `start`. `exited` comes exactly once and last. */
export interface WorkerEvents {
  spawned(pid: number): void;
  /** In-process: the host said hello, and which Node it is (processModel.startupTimeLimit ends, aspNetCore's begins). */
  hello(node?: string): void;
  /** Listening, ownership proven: may be published. */
  ready(endpoint: UpstreamEndpoint, journey: readonly JourneyStep[]): void;
  /** The start cannot succeed; the process is killed by the runtime if there is one, `exited` follows. */
  startFailed(failure: StartFailure): void;
  heartbeat(beat: Heartbeat): void;
  pong(): void;
  /** Answers `examine`; `captured` comes last and with the report. */
  examined(finding: StallFinding, report: StallReport | null): void;
  /** Answer to `check`: a status below 500 in time. */
  checked(healthy: boolean): void;
  exited(exit: WorkerExit): void;
}

export interface WorkerHandle {
  /** Control-pipe ping in-process, TCP connect out-of-process; answered by `pong`. */
  ping(): void;
  /** In-process: tells the host to drain. Out-of-process: nothing. */
  drain(): void;
  /**
   * Looks why the worker is silent: stopped, debugged, and with `capture` reads its black box, for
   * `stallCaptureMs` at most. Out-of-process: nothing, there is no heartbeat to miss.
   */
  examine(capture: boolean): void;
  /** Polite stop: a real SIGTERM in-process; shutdown POST (.NET), then SIGTERM out-of-process. */
  terminate(): void;
  /** A health check out-of-process, answered by `checked`; nothing in-process. */
  check(): void;
  /** Stops its processes by a signal and gives their memory back where the kernel can. Nothing is in flight. */
  suspend(): void;
  resume(): void;
  /** Leaves the processes alone from now on: `exited` is told, they go on until they end or Sluice does. */
  orphan(): void;
  /** SIGKILL of the whole process group, now. */
  kill(): void;
  /** In-process by the host, else from /proc; resolves with the path of a file in the pool's or our own state folder. */
  dump(wish: DumpWish): Promise<string>;
}

export interface Runtime {
  start(request: WorkerStart, events: WorkerEvents): WorkerHandle;
  /**
   * Has one process wait for the next worker of this application. Returns false when there is one already; one
   * of an older configuration is dropped for it.
   */
  keepSpare?(request: SpareRequest, events: SpareEvents): boolean;
  dropSpare?(applicationId: string): void;
}

import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { invariant } from '../../config/base/invariant.js';
import { heartbeatIntervalMs, quietHeartbeatIntervalMs } from '../../config/base/limits.js';
import type { Measure } from '../../pools/runtimes/measure.js';
import type {
  Runtime,
  StartFailure,
  WorkerEvents,
  WorkerExit,
  WorkerHandle,
  WorkerStart,
} from '../../pools/runtimes/runtime.js';

/** How a process of the simulation behaves; delays in milliseconds, null = never. */
export interface Behaviour {
  /** 'no-process': the start fails before anything is spawned; 'late': the runtime's own limit ends it. */
  readonly start: 'ready' | 'fails' | 'late' | 'no-process' | 'exits' | 'never';
  readonly startMs: number;
  readonly exitCode: number;
  /** From the polite stop to the exit; null = ignores it. */
  readonly stopMs: number | null;
  readonly heartbeatMs: number | null;
  /** Without a request it says so, and the next heartbeat comes later. */
  readonly quiet: boolean;
  readonly answersPings: boolean;
  readonly memoryBytes: number;
}

export const goodProcess: Behaviour = {
  start: 'ready',
  startMs: 100,
  exitCode: 1,
  stopMs: 20,
  heartbeatMs: null,
  quiet: false,
  answersPings: true,
  memoryBytes: 1_000_000,
};

/** A start is told of closely. */
const loudBeats = 8;

/** Told right before and right after the supervisor hears of the end of a process. */
export interface ProcessWatch {
  ending(process: FakeProcess): void;
  ended(process: FakeProcess): void;
}

const noWatch: ProcessWatch = { ending: () => undefined, ended: () => undefined };

/** One process that does not exist: it keeps what was asked of it for the checks. */
export class FakeProcess implements WorkerHandle {
  readonly request: WorkerStart;
  readonly asked = { drain: 0, terminate: 0, kill: 0, ping: 0, check: 0, suspend: 0, resume: 0, orphan: 0 };
  readonly #clock: Clock;
  readonly #events: WorkerEvents;
  readonly #behaviour: Behaviour;
  readonly #watch: ProcessWatch;
  #beats = 0;
  spawned = false;
  ready = false;
  exited = false;
  exit: WorkerExit | null = null;
  startFailed = false;
  hung = false;
  /** Stopped by the supervisor until it is resumed. */
  suspended = false;
  /** Stopped by somebody else. */
  stopped = false;
  /** The end of what it wrote. */
  output = '';
  #inFlight = 0;
  /** The next heartbeat comes after the longer interval. */
  #isQuiet = false;
  #cancelBeat: CancelTimer = () => undefined;

  constructor(clock: Clock, request: WorkerStart, events: WorkerEvents, behaviour: Behaviour, watch: ProcessWatch) {
    this.#clock = clock;
    this.request = request;
    this.#events = events;
    this.#behaviour = behaviour;
    this.#watch = watch;
    clock.setTimer(1, () => this.#spawn());
  }

  get inProcess(): boolean {
    return this.request.hosting.hostingModel === 'InProcess';
  }

  /** Requests in flight, as the host itself counts them. */
  get inFlight(): number {
    return this.#inFlight;
  }

  set inFlight(count: number) {
    this.#inFlight = count;
    const { heartbeatMs } = this.#behaviour;
    if (count === 0 || !this.#isQuiet || heartbeatMs === null) return;
    this.#isQuiet = false;
    this.#cancelBeat();
    this.#beatAfter(heartbeatIntervalMs, heartbeatMs);
  }

  ping(): void {
    this.asked.ping += 1;
    if (!this.#behaviour.answersPings || this.hung) return;
    this.#after(5, () => this.#events.pong());
  }

  examine(capture: boolean): void {
    if (capture) this.#after(500, () => this.#events.examined('captured', null));
  }

  drain(): void {
    this.asked.drain += 1;
  }

  get memoryBytes(): number {
    return this.#behaviour.memoryBytes;
  }

  check(): void {
    this.asked.check += 1;
    if (this.hung) this.#after(1_000, () => this.#events.checked(false));
    else this.#after(5, () => this.#events.checked(true));
  }

  suspend(): void {
    invariant(!this.suspended, 'it is not suspended twice');
    this.asked.suspend += 1;
    this.suspended = true;
  }

  resume(): void {
    invariant(this.suspended || this.exited, 'only a suspended process is resumed');
    this.asked.resume += 1;
    this.suspended = false;
  }

  /** It goes on without anybody; the supervisor hears the same as of an end. */
  orphan(): void {
    this.asked.orphan += 1;
    this.#after(0, () => this.die(null, null));
  }

  terminate(): void {
    invariant(!this.suspended, 'a suspended process hears no polite stop');
    this.asked.terminate += 1;
    const { stopMs } = this.#behaviour;
    if (stopMs !== null && !this.hung) this.#after(stopMs, () => this.die(0, null));
  }

  kill(): void {
    this.asked.kill += 1;
    this.#after(0, () => this.die(null, 'SIGKILL'));
  }

  async dump(): Promise<string> {
    return `/dumps/${this.request.workerId}`;
  }

  /** Ends the process from outside or by itself. */
  die(code: number | null, signal: string | null): void {
    if (this.exited) return;
    this.exited = true;
    this.exit = { code, signal, violation: null, limit: null, outputTail: this.output };
    this.#watch.ending(this);
    this.#events.exited(this.exit);
    this.#watch.ended(this);
  }

  #spawn(): void {
    if (this.exited) return;
    const { start, startMs, exitCode, heartbeatMs } = this.#behaviour;
    if (start === 'no-process') {
      this.#fail();
      return;
    }
    this.spawned = true;
    this.#events.spawned(pidOf(this.request.workerId));
    if (this.inProcess && start !== 'never') this.#after(Math.min(50, startMs), () => this.#events.hello());
    if (start === 'ready') this.#after(startMs, () => this.#listen(heartbeatMs));
    if (start === 'exits') this.#after(startMs, () => this.die(exitCode, null));
    if (start === 'fails' || start === 'late') this.#after(startMs, () => this.#fail());
  }

  #fail(): void {
    this.startFailed = true;
    const late = this.#behaviour.start === 'late';
    const failure: StartFailure = {
      status: this.inProcess ? 500 : 502,
      subStatus: this.inProcess ? (late ? 37 : 30) : 5,
      attempts: 1,
      code: late ? 'startup-timeout' : 'spawn-failed',
      cause: 'the simulation says so',
      remedy: '',
      outputTail: '',
      journey: [],
    };
    if (!this.spawned) {
      this.exited = true;
      this.#watch.ending(this);
    }
    this.#events.startFailed(failure);
    if (!this.spawned) this.#watch.ended(this);
    else this.#after(0, () => this.die(null, 'SIGKILL'));
  }

  #listen(heartbeatMs: number | null): void {
    this.ready = true;
    const { workerId } = this.request;
    if (this.inProcess) this.#events.ready({ kind: 'link', socketPath: `/l/${workerId}`, linkToken: 't' }, []);
    else this.#events.ready({ kind: 'tcp', host: '127.0.0.1', port: 10_000 + workerId, pairingToken: 't' }, []);
    if (heartbeatMs !== null && this.inProcess) this.#beat(heartbeatMs);
  }

  #beat(everyMs: number): void {
    this.#beats += 1;
    const quiet = this.#behaviour.quiet && this.#beats > loudBeats && this.inFlight === 0;
    this.#isQuiet = quiet;
    if (!this.hung && !this.suspended) {
      this.#events.heartbeat({ inFlight: this.inFlight, quiet, delayMs: 0, utilization: 0, heapUsed: 1 });
    }
    this.#beatAfter(quiet ? quietHeartbeatIntervalMs : everyMs, everyMs);
  }

  #beatAfter(ms: number, everyMs: number): void {
    this.#cancelBeat = this.#after(ms, () => this.#beat(everyMs));
  }

  #after(ms: number, run: () => void): CancelTimer {
    return this.#clock.setTimer(ms, () => {
      if (!this.exited) run();
    });
  }
}

/** Both hosting models of the simulation; `behave` decides the fate of each process when it starts. */
export class FakeRuntime implements Runtime {
  readonly processes: FakeProcess[] = [];
  readonly #clock: Clock;
  readonly #behave: (request: WorkerStart) => Behaviour;
  readonly #watch: ProcessWatch;

  constructor(clock: Clock, behave: (request: WorkerStart) => Behaviour, watch: ProcessWatch = noWatch) {
    this.#clock = clock;
    this.#behave = behave;
    this.#watch = watch;
  }

  start(request: WorkerStart, events: WorkerEvents): WorkerHandle {
    const process = new FakeProcess(this.#clock, request, events, this.#behave(request), this.#watch);
    this.processes.push(process);
    return process;
  }

  alive(): readonly FakeProcess[] {
    return this.processes.filter((process) => !process.exited);
  }

  process(workerId: number): FakeProcess | undefined {
    return this.processes.find((process) => process.request.workerId === workerId);
  }
}

/** The measuring of processes that do not exist. */
export function measureFakes(runtime: FakeRuntime, pids: readonly number[]): ReadonlyMap<number, Measure> {
  const found = new Map<number, Measure>();
  for (const process of runtime.alive()) {
    const pid = pidOf(process.request.workerId);
    if (!pids.includes(pid)) continue;
    const { memoryBytes, stopped: isStopped } = process;
    found.set(pid, { memoryBytes, privateBytes: memoryBytes, cpuUs: 0, isStopped });
  }
  return found;
}

function pidOf(workerId: number): number {
  return 1_000 + workerId;
}

/**
 * Finds out why a worker is silent, for the supervisor: asks the kernel about its main thread, and the
 * watchdog thread in it for the black box. What both say is put into one report with escaped text.
 */
import type { CancelTimer, Clock } from '../../../config/base/clock.js';
import { escapeControls } from '../../../config/base/diagnostics.js';
import { stallCaptureMs } from '../../../config/base/limits.js';
import type { WatchdogToPrimary } from '../../protocol/host-to-primary.js';
import {
  isOfApp,
  type KernelView,
  type StallFrame,
  type StallProfile,
  type StallReport,
  type StallStack,
} from '../../protocol/stall-report.js';
import type { ControlChannel } from '../control-channel.js';
import { readMainThread } from '../main-thread.js';
import type { WorkerEvents } from '../runtime.js';

export class StallExaminer {
  readonly #clock: Clock;
  readonly #pid: number;
  readonly #channel: ControlChannel<{ readonly type: 'capture' }> | null;
  readonly #examined: WorkerEvents['examined'];
  /** There is no watchdog thread to ask. */
  #isBlind = false;
  #stack: StallStack | null = null;
  #profile: StallProfile | null = null;
  /** Not null while the watchdog is asked. */
  #cancelLimit: CancelTimer | null = null;

  constructor(
    clock: Clock,
    pid: number,
    channel: ControlChannel<{ readonly type: 'capture' }> | null,
    examined: WorkerEvents['examined'],
  ) {
    this.#clock = clock;
    this.#pid = pid;
    this.#channel = channel;
    this.#examined = examined;
  }

  examine(capture: boolean): void {
    if (this.#cancelLimit !== null) return;
    const thread = readMainThread(this.#pid);
    // gdb and strace stop a process too.
    if (thread.isTraced) return this.#examined('debugged', null);
    if (thread.state === 'T') {
      this.#examined('stopped', null);
      return this.#tell('stopped', thread);
    }
    if (!capture) return;
    this.#stack = null;
    this.#profile = null;
    if (this.#isBlind) return this.#tell('unknown', thread);
    this.#channel?.send({ type: 'capture' });
    this.#cancelLimit = this.#clock.setTimer(stallCaptureMs, () => this.#finish());
  }

  /** Said without being asked for: ignored. */
  take(message: WatchdogToPrimary): void {
    if (this.#cancelLimit === null) return;
    switch (message.type) {
      case 'stall-debugged':
        this.close();
        return this.#examined('debugged', null);
      case 'stall-stack': {
        const { frames, heapUsedBytes, heapTotalBytes, rssBytes } = message;
        this.#stack ??= { frames: frames.map(escaped), heapUsedBytes, heapTotalBytes, rssBytes };
        return;
      }
      case 'stall-profile': {
        const { durationMs, hotLines } = message;
        this.#profile ??= { durationMs, hotLines: hotLines.map((line) => ({ ...line, ...escaped(line) })) };
        return this.#finish();
      }
    }
  }

  withoutWatchdog(): void {
    this.#isBlind = true;
  }

  close(): void {
    this.#cancelLimit?.();
    this.#cancelLimit = null;
  }

  #finish(): void {
    this.close();
    this.#tell(this.#stack === null ? 'native' : 'javascript', readMainThread(this.#pid));
  }

  /** What never yields may be caught between two calls of the app (nextTick): the profile knows those. */
  #frames(): readonly StallFrame[] {
    const frames = this.#stack?.frames ?? [];
    return frames.some(isOfApp) ? frames : [...(this.#profile?.hotLines ?? []).filter(isOfApp), ...frames];
  }

  #tell(blockedIn: StallReport['blockedIn'], kernel: KernelView): void {
    const summary = summarise(blockedIn, this.#frames(), kernel);
    this.#examined('captured', { blockedIn, summary, stack: this.#stack, profile: this.#profile, kernel });
  }
}

function escaped({ name, file, line }: StallFrame): StallFrame {
  return { name: escapeControls(name), file: escapeControls(file), line };
}

function summarise(blockedIn: StallReport['blockedIn'], frames: readonly StallFrame[], kernel: KernelView): string {
  switch (blockedIn) {
    case 'stopped':
      return 'stopped by a signal (SIGSTOP or SIGTSTP)';
    case 'native':
      return `blocked in native code (${describeKernel(kernel)})`;
    case 'unknown':
      return `blocked at a place that is not known, because the worker has no watchdog (${describeKernel(kernel)})`;
    case 'javascript':
      return `blocked in ${describeFrame(frames)}`;
  }
}

function describeKernel({ waitsIn, children }: KernelView): string {
  const waits = waitsIn === '' ? 'computing' : `waiting in ${waitsIn}`;
  return children.length === 0 ? waits : `${waits}, child process: ${children.join('; ')}`;
}

/** The innermost frame that is no part of Node. */
function describeFrame(frames: readonly StallFrame[]): string {
  const frame = frames.find(isOfApp) ?? frames[0];
  if (frame === undefined) return 'JavaScript';
  return `${frame.name === '' ? '(anonymous)' : frame.name} (${frame.file}:${frame.line})`;
}

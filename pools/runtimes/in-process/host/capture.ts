/**
 * What the watchdog thread reads of the blocked main thread through the inspector: stack and heap
 * numbers while it is paused for a moment, then where a short CPU profile's samples fall. It is attached
 * only while it captures; native code that never returns to the engine answers nothing of it.
 */
import { type Debugger, type Profiler, Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import {
  hotLinesMax,
  stallCaptureMs,
  stallFramesMax,
  stallProfileMs,
  stallStepMs,
} from '../../../../config/base/limits.js';
import type { WatchdogToPrimary } from '../../../protocol/host-to-primary.js';
import { type HotLine, isOfApp, type StallFrame } from '../../../protocol/stall-report.js';
import { hostClock } from './host-clock.js';

/** Runtime.getHeapUsage. */
interface Heap {
  readonly usedSize: number;
  readonly totalSize: number;
}

const samplingMicroseconds = 5_000;
const nameCharactersMax = 200;

/** One conversation with the main thread; ends itself, whatever the main thread does. */
export class Capture {
  readonly #session = new Session();
  readonly #send: (message: WatchdogToPrimary) => void;
  readonly #done: () => void;
  readonly #scripts = new Map<string, string>();
  #isEnabled = false;
  #isDone = false;
  #isTold = false;
  /** The stack between two calls of the app, kept while we wait for the next one. */
  #between: readonly StallFrame[] | null = null;

  constructor(send: (message: WatchdogToPrimary) => void, done: () => void) {
    this.#send = send;
    this.#done = done;
  }

  start(): void {
    hostClock.setTimer(stallCaptureMs, () => this.#end());
    const session = this.#session;
    session.connectToMainThread();
    session.on('Debugger.scriptParsed', ({ params }) => this.#scripts.set(params.scriptId, params.url));
    session.on('Debugger.paused', ({ params }) => this.#paused(params.callFrames));
    session.post('Debugger.enable', () => (this.#isEnabled = true));
    session.post('Debugger.pause');
  }

  /** A pause that is told before `enable` is answered is not ours: somebody debugs. */
  #paused(callFrames: readonly Debugger.CallFrame[]): void {
    if (!this.#isEnabled) {
      this.#send({ type: 'stall-debugged' });
      return this.#end();
    }
    const frames = callFrames.slice(0, stallFramesMax).map((frame) => this.#frame(frame));
    if (frames.some(isOfApp) || this.#between !== null) this.#stopped(frames);
    else this.#stepIntoApp(frames);
  }

  /**
   * What never yields may be caught between two calls of the app (nextTick): then the next function that is
   * no part of Node is waited for. Where none comes, the first stack is told.
   */
  #stepIntoApp(between: readonly StallFrame[]): void {
    this.#between = between;
    this.#session.post('Debugger.setBlackboxPatterns', { patterns: ['^node:'] });
    this.#session.post('Debugger.stepInto');
    hostClock.setTimer(stallStepMs, () => this.#stopped(between));
  }

  #stopped(frames: readonly StallFrame[]): void {
    if (this.#isTold || this.#isDone) return;
    this.#isTold = true;
    this.#session.post('Runtime.getHeapUsage', (_error, answer) => {
      const heap = answer as Heap | undefined;
      const heapUsedBytes = heap?.usedSize ?? 0;
      const heapTotalBytes = heap?.totalSize ?? 0;
      this.#send({ type: 'stall-stack', frames, heapUsedBytes, heapTotalBytes, rssBytes: process.memoryUsage.rss() });
      this.#session.post('Debugger.resume');
      this.#session.post('Debugger.disable');
      this.#profile();
    });
  }

  #frame({ functionName, location, url }: Debugger.CallFrame): StallFrame {
    return place(functionName, url || (this.#scripts.get(location.scriptId) ?? ''), location.lineNumber + 1);
  }

  #profile(): void {
    if (this.#isDone) return;
    const session = this.#session;
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: samplingMicroseconds });
    session.post('Profiler.start', () => {
      hostClock.setTimer(stallProfileMs, () => {
        if (this.#isDone) return;
        session.post('Profiler.stop', (_error, result: Profiler.StopReturnType | undefined) => {
          if (result !== undefined) this.#tell(result.profile);
          this.#end();
        });
      });
    });
  }

  #tell(profile: Profiler.Profile): void {
    const durationMs = Math.round((profile.endTime - profile.startTime) / 1_000);
    this.#send({ type: 'stall-profile', durationMs, hotLines: hotLines(profile) });
  }

  #end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#session.disconnect();
    this.#done();
  }
}

function hotLines(profile: Profiler.Profile): readonly HotLine[] {
  const ticks = new Map<string, { readonly frame: StallFrame; count: number }>();
  let total = 0;
  for (const { callFrame, hitCount, positionTicks } of profile.nodes) {
    if (hitCount === undefined || hitCount === 0) continue;
    const lines = positionTicks ?? [{ line: callFrame.lineNumber + 1, ticks: hitCount }];
    for (const { line, ticks: count } of lines) {
      const frame = place(callFrame.functionName, callFrame.url, line);
      const key = `${frame.name} ${frame.file}:${line}`;
      const known = ticks.get(key) ?? { frame, count: 0 };
      known.count += count;
      ticks.set(key, known);
      total += count;
    }
  }
  const hottest = [...ticks.values()].toSorted((a, b) => b.count - a.count).slice(0, hotLinesMax);
  return hottest.map(({ frame, count }) => ({ ...frame, percent: Math.round((count * 100) / total) }));
}

function place(name: string, url: string, line: number): StallFrame {
  return { name: name.slice(0, nameCharactersMax), file: pathOf(url).slice(-nameCharactersMax), line };
}

function pathOf(url: string): string {
  if (!url.startsWith('file:')) return url;
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}

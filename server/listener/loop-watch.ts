/** How the event loop of a listener does, told with its counters. */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Clock } from '../../config/base/clock.js';
import { countersIntervalMs } from '../../config/base/limits.js';
import type { Cells } from '../metrics/cells.js';
import { listenerMetrics as metrics } from '../metrics/definitions.js';

export class LoopWatch {
  readonly #clock: Clock;
  readonly #cells: Cells;
  readonly #lag: number;
  readonly #utilization: number;
  #lookedMs: number;
  #before: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(clock: Clock, cells: Cells) {
    this.#clock = clock;
    this.#cells = cells;
    this.#lag = cells.declare(metrics.listenerEventLoopLag, []);
    this.#utilization = cells.declare(metrics.listenerEventLoopUtilization, []);
    this.#lookedMs = clock.monotonicMs();
  }

  /** Called by a timer of `countersIntervalMs`: what it is late by is the lag. Rounded, so that an idle listener says nothing. */
  look(): void {
    const nowMs = this.#clock.monotonicMs();
    const lateMs = Math.max(0, nowMs - this.#lookedMs - countersIntervalMs);
    this.#lookedMs = nowMs;
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    this.#cells.set(this.#lag, (Math.round(lateMs / 5) * 5) / 1_000);
    this.#cells.set(this.#utilization, Math.round(utilization * 50) / 50);
  }
}

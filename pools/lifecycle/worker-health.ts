/**
 * Health and use of a running worker: heartbeats of the event loop, pings, idle time, periodic
 * restarts. Part of the worker machine; its timers look at stamps, so that a heartbeat sets no timer.
 */
import type { WorkerEffect } from './effects.js';
import { type Health, inFlight, type Worker } from './worker-states.js';
import type { Step } from './table.js';

type WorkerStep = Step<Worker, WorkerEffect>;

/** Effects that begin the watch when the worker starts to run. */
export function beginWatch(worker: Worker, nowMs: number): WorkerStep {
  const { rules } = worker;
  const effects: WorkerEffect[] = [];
  if (rules.pingIntervalMs > 0) effects.push({ type: 'setTimer', name: 'ping', delayMs: rules.pingIntervalMs });
  if (rules.lateMs > 0) effects.push({ type: 'setTimer', name: 'health', delayMs: rules.lateMs });
  if (rules.idleTimeoutMs > 0) effects.push({ type: 'setTimer', name: 'idle', delayMs: rules.idleTimeoutMs });
  if (rules.periodicTimeMs > 0) effects.push({ type: 'setTimer', name: 'periodic', delayMs: rules.periodicTimeMs });
  return { machine: withHealth(worker, { lastBeatMs: nowMs, lastUseMs: nowMs }), effects };
}

export function onHeartbeat(worker: Worker, nowMs: number, hostInFlight: number): WorkerStep {
  const lastUseMs = hostInFlight > 0 ? nowMs : worker.health.lastUseMs;
  const machine = withHealth(worker, { lastBeatMs: nowMs, hostInFlight, lastUseMs, late: false });
  if (!worker.health.late) return { machine, effects: [] };
  return { machine, effects: [{ type: 'late', late: false }, healthTimer(worker.rules.lateMs)] };
}

export function onActivity(worker: Worker, nowMs: number, running: number, requestsTotal: number): WorkerStep {
  const used = running > 0 || requestsTotal !== worker.health.requestsTotal;
  const lastUseMs = used ? nowMs : worker.health.lastUseMs;
  const { periodicRequests } = worker.rules;
  const due = periodicRequests > 0 && requestsTotal >= periodicRequests && !worker.health.recycleDue;
  const recycleDue = due || worker.health.recycleDue;
  const listenersInFlight = running;
  const machine = withHealth(worker, { listenersInFlight, requestsTotal, lastUseMs, reported: true, recycleDue });
  return { machine, effects: due ? [{ type: 'reportRecycleDue', why: 'requests' }] : [] };
}

/** The verdict of the `health` timer: fine, late, or hung (late for so long with requests in flight). */
export function onHealthTimer(worker: Worker, nowMs: number): WorkerStep | 'hung' {
  const { lateMs, hangMs } = worker.rules;
  const silentMs = nowMs - worker.health.lastBeatMs;
  if (silentMs < lateMs) return { machine: worker, effects: [healthTimer(lateMs - silentMs)] };
  const effects: WorkerEffect[] = worker.health.late ? [] : [{ type: 'late', late: true }];
  const machine = withHealth(worker, { late: true });
  if (hangMs <= 0) return { machine, effects };
  if (silentMs >= hangMs && inFlight(worker.health) > 0) return 'hung';
  return { machine, effects: [...effects, healthTimer(silentMs >= hangMs ? lateMs : hangMs - silentMs)] };
}

export function onIdleTimer(worker: Worker, nowMs: number): WorkerStep {
  const { idleTimeoutMs } = worker.rules;
  const { health } = worker;
  const unusedMs = inFlight(health) > 0 ? 0 : nowMs - health.lastUseMs;
  const idle = unusedMs >= idleTimeoutMs && health.reported;
  const delayMs = unusedMs >= idleTimeoutMs ? idleTimeoutMs : idleTimeoutMs - unusedMs;
  const again: WorkerEffect = { type: 'setTimer', name: 'idle', delayMs };
  return { machine: worker, effects: idle ? [{ type: 'reportIdle' }, again] : [again] };
}

function healthTimer(delayMs: number): WorkerEffect {
  return { type: 'setTimer', name: 'health', delayMs };
}

function withHealth(worker: Worker, change: Partial<Health>): Worker {
  return { ...worker, health: { ...worker.health, ...change } };
}

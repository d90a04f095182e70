/**
 * Health and use of a running worker: heartbeats of the event loop, pings, idle time, periodic
 * restarts. Part of the worker machine. A heartbeat moves the timer that waits for the next one, which therefore never
 * fires while they come; the other timers look at stamps.
 */
import {
  heartbeatIntervalMs,
  memoryRecycleAgeMs,
  quietHeartbeatIntervalMs,
  recycleAgainMs,
  stallConfirmMs,
} from '../../config/base/limits.js';
import type { StallFinding } from '../protocol/stall-report.js';
import type { WorkerEffect } from './effects.js';
import type { WorkerEvent } from './events.js';
import type { RecycleReason } from './exit-reason.js';
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
  if (rules.periodicTimeMs > 0) {
    const delayMs = Math.max(0, worker.ranAtMs + rules.periodicTimeMs - nowMs);
    effects.push({ type: 'setTimer', name: 'periodic', delayMs });
  }
  if (rules.checkIntervalMs > 0) effects.push({ type: 'setTimer', name: 'check', delayMs: rules.checkIntervalMs });
  const beat = { lastBeatMs: nowMs, beatIntervalMs: heartbeatIntervalMs };
  const fresh = { ...beat, lastUseMs: nowMs, reported: false, stoppedSinceMs: null, failedChecks: 0 };
  const calm = { examining: 'nothing', findings: [] } as const;
  return { machine: withHealth(worker, { ...fresh, ...calm }), effects };
}

/** Until the next heartbeat at most. */
export function beatIntervalOf(quiet: boolean): number {
  return quiet ? quietHeartbeatIntervalMs : heartbeatIntervalMs;
}

export function onHeartbeat(worker: Worker, event: Extract<WorkerEvent, { type: 'heartbeat' }>): WorkerStep {
  const { nowMs, inFlight: hostInFlight, quiet } = event;
  const beatIntervalMs = beatIntervalOf(quiet);
  const lastUseMs = hostInFlight > 0 ? nowMs : worker.health.lastUseMs;
  const calm = { late: false, examining: 'nothing', findings: [] } as const;
  const machine = withHealth(worker, { lastBeatMs: nowMs, beatIntervalMs, hostInFlight, lastUseMs, ...calm });
  const again = healthTimer(lateMsOf(machine));
  return { machine, effects: worker.health.late ? [{ type: 'late', late: false }, again] : [again] };
}

export function onActivity(worker: Worker, event: Extract<WorkerEvent, { type: 'activity' }>): WorkerStep {
  const { nowMs, inFlight: running, requestsTotal } = event;
  const used = running > 0 || requestsTotal !== worker.health.requestsTotal;
  const lastUseMs = used ? nowMs : worker.health.lastUseMs;
  const { periodicRequests } = worker.rules;
  const listenersInFlight = running;
  const told = withHealth(worker, { listenersInFlight, requestsTotal, lastUseMs, reported: true });
  const { machine, effects } = onUnderWay(told, nowMs, event.underWayMs);
  const served = requestsTotal + worker.health.requestsBefore;
  if (periodicRequests <= 0 || served < periodicRequests) return { machine, effects };
  const asked = askRecycle(machine, nowMs, 'requests');
  return { machine: asked.machine, effects: [...effects, ...asked.effects] };
}

/**
 * A quiet worker tells of a request only when it is still under way one interval after it came: then a heartbeat was
 * due, and if none came, the request blocks it.
 */
function onUnderWay(worker: Worker, nowMs: number, underWayMs: number): WorkerStep {
  const { late, lastBeatMs, beatIntervalMs } = worker.health;
  if (underWayMs === 0 || late) return still(worker);
  const dueAfterMs = nowMs - underWayMs + heartbeatIntervalMs - lastBeatMs;
  if (dueAfterMs <= 0 || dueAfterMs >= beatIntervalMs) return still(worker);
  const hostInFlight = Math.max(1, worker.health.hostInFlight);
  const machine = withHealth(worker, { beatIntervalMs: dueAfterMs, hostInFlight });
  return { machine, effects: [healthTimer(Math.max(0, lastBeatMs + lateMsOf(machine) - nowMs))] };
}

/** Memory limits, and a process that somebody else has stopped: it takes connections and answers none. */
export function onMeasured(worker: Worker, event: Extract<WorkerEvent, { type: 'measured' }>): WorkerStep | 'hung' {
  const { rules, health } = worker;
  const { nowMs, memoryBytes, privateBytes, isStopped } = event;
  // In-process the missing heartbeat leads to the same look, and to a black box.
  const stoppedSinceMs = isStopped && rules.model === 'OutOfProcess' ? (health.stoppedSinceMs ?? nowMs) : null;
  const machine = stoppedSinceMs === health.stoppedSinceMs ? worker : withHealth(worker, { stoppedSinceMs });
  if (rules.hangMs > 0 && stoppedSinceMs !== null && nowMs - stoppedSinceMs >= rules.hangMs) return 'hung';
  if (nowMs - worker.ranAtMs < memoryRecycleAgeMs) return still(machine);
  const { periodicMemoryBytes, periodicPrivateBytes } = rules;
  if (periodicMemoryBytes > 0 && memoryBytes >= periodicMemoryBytes) return askRecycle(machine, nowMs, 'memory');
  if (periodicPrivateBytes > 0 && privateBytes >= periodicPrivateBytes) {
    return askRecycle(machine, nowMs, 'private-memory');
  }
  return still(machine);
}

export function onPeriodicTimer(worker: Worker, nowMs: number): WorkerStep {
  const again: WorkerEffect = { type: 'setTimer', name: 'periodic', delayMs: recycleAgainMs };
  const asked = askRecycle(worker, nowMs, 'time');
  return { machine: asked.machine, effects: [...asked.effects, again] };
}

/** Once, and again after a while if the replacement could not be started. */
function askRecycle(worker: Worker, nowMs: number, why: RecycleReason): WorkerStep {
  const { recycleAskedMs } = worker.health;
  if (recycleAskedMs !== null && nowMs - recycleAskedMs < recycleAgainMs) return still(worker);
  const machine = withHealth(worker, { recycleAskedMs: nowMs });
  return { machine, effects: [{ type: 'reportRecycleDue', why }] };
}

function still(machine: Worker): WorkerStep {
  return { machine, effects: [] };
}

export function onExamined(worker: Worker, finding: StallFinding): WorkerStep {
  if (worker.health.examining === 'nothing') return { machine: worker, effects: [] };
  return { machine: withHealth(worker, { findings: [...worker.health.findings, finding] }), effects: [] };
}

/**
 * The verdict of the `health` timer: fine, late, or hung. A worker that is silent for `hangMs` is
 * examined first, and hangs if it is still silent a moment later: then it was not this process that slept.
 */
export function onHealthTimer(worker: Worker, nowMs: number): WorkerStep | 'hung' {
  const { hangMs } = worker.rules;
  const { beatIntervalMs } = worker.health;
  const lateMs = lateMsOf(worker);
  const silentMs = nowMs - worker.health.lastBeatMs;
  if (silentMs < lateMs) return { machine: worker, effects: [healthTimer(lateMs - silentMs)] };
  const effects: WorkerEffect[] = worker.health.late ? [] : [{ type: 'late', late: true }];
  const machine = withHealth(worker, { late: true });
  if (hangMs <= 0) return { machine, effects };
  // The block began after the last heartbeat, at most one interval later.
  const silenceMaxMs = hangMs + beatIntervalMs;
  if (silentMs < silenceMaxMs) return { machine, effects: [...effects, healthTimer(silenceMaxMs - silentMs)] };
  const { examining, findings } = worker.health;
  const isBusy = inFlight(worker.health) > 0;
  if (examining === 'nothing' || (examining === 'state' && isBusy && !findings.includes('stopped'))) {
    const asked = withHealth(machine, { examining: isBusy ? 'capture' : 'state', findings: [] });
    return { machine: asked, effects: [...effects, { type: 'examine', capture: isBusy }, healthTimer(stallConfirmMs)] };
  }
  if (findings.includes('debugged')) return lookAgain(machine, nowMs, lateMs);
  if (findings.includes('stopped') || isBusy) return 'hung';
  return lookAgain(machine, worker.health.lastBeatMs, lateMs);
}

function lookAgain(worker: Worker, lastBeatMs: number, delayMs: number): WorkerStep {
  const machine = withHealth(worker, { lastBeatMs, examining: 'nothing', findings: [] });
  return { machine, effects: [healthTimer(delayMs)] };
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

/** After its last heartbeat. */
function lateMsOf({ rules, health }: Worker): number {
  return rules.lateMs + health.beatIntervalMs - heartbeatIntervalMs;
}

function healthTimer(delayMs: number): WorkerEffect {
  return { type: 'setTimer', name: 'health', delayMs };
}

function withHealth(worker: Worker, change: Partial<Health>): Worker {
  return { ...worker, health: { ...worker.health, ...change } };
}

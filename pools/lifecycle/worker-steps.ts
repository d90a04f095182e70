/** What the cells of the worker table do: start, run, stop, end. */
import type { WorkerEffect } from './effects.js';
import type { WorkerEvent, WorkerTimer } from './events.js';
import { stallCaptureMs } from '../../config/base/limits.js';
import { classifyExit, type KillReason } from './exit-reason.js';
import { endSuspicion, proveReachable, suspect } from './suspicion.js';
import type { Step } from './table.js';
import { beginWatch, onHealthTimer, onIdleTimer, onMeasured, onPeriodicTimer } from './worker-health.js';
import { planStop, type Worker } from './worker-states.js';

export type WorkerStep = Step<Worker, WorkerEffect>;
type Of<T extends WorkerEvent['type']> = Extract<WorkerEvent, { readonly type: T }>;

/** SIGKILL is repeated this often while the process does not go. */
const killAgainMs = 5_000;

export function act(machine: Worker, ...effects: readonly WorkerEffect[]): WorkerStep {
  return { machine, effects };
}

function timer(name: WorkerTimer, delayMs: number): WorkerEffect {
  return { type: 'setTimer', name, delayMs: Math.max(0, delayMs) };
}

// --- start

export function spawn(worker: Worker): WorkerStep {
  const { helloLimitMs, listenLimitMs } = worker.rules;
  const limitMs = helloLimitMs > 0 ? helloLimitMs : listenLimitMs;
  return act({ ...worker, life: 'starting' }, { type: 'spawn' }, timer('startup', limitMs));
}

export function saidHello(worker: Worker): WorkerStep {
  return act({ ...worker, life: 'loading' }, timer('startup', worker.rules.listenLimitMs));
}

/** Out-of-process workers have no link: they may be published as soon as they listen. */
export function listens(worker: Worker, event: Of<'listening'>): WorkerStep {
  const listening: Worker = { ...worker, listened: true };
  if (worker.rules.model === 'OutOfProcess') return run(listening, event);
  return act({ ...listening, life: 'linking' }, { type: 'openLink' }, timer('startup', worker.rules.linkLimitMs));
}

/** Ready for the first time, or again after a suspension. */
export function run(worker: Worker, event: WorkerEvent): WorkerStep {
  const ranAtMs = worker.ran ? worker.ranAtMs : event.nowMs;
  const watched = beginWatch({ ...worker, life: 'running', ran: true, ranAtMs }, event.nowMs);
  const report: WorkerEffect = { type: worker.ran ? 'reportAwake' : 'reportRunning' };
  const begin: WorkerEffect[] = [{ type: 'cancelTimers' }, { type: 'publish' }, report];
  return act(watched.machine, ...begin, ...watched.effects);
}

/** The runtime gave up. It kills what it spawned; without a process there is no exit to wait for. */
export function failStart(worker: Worker, event: Of<'startFailed'>): WorkerStep {
  const { status, subStatus, reason } = event;
  const failed: Worker = { ...worker, status, subStatus, killed: worker.killed ?? reason };
  if (!worker.spawned) return end(failed, { code: null, signal: null, violation: null });
  return act({ ...failed, life: 'killing' }, { type: 'cancelTimers' }, timer('limit', killAgainMs));
}

export function startTimedOut(worker: Worker): WorkerStep {
  const subStatus = worker.rules.model === 'InProcess' ? 37 : 5;
  return kill({ ...worker, subStatus }, 'startup-timeout');
}

// --- running

export function answered(worker: Worker): WorkerStep {
  if (worker.answered) return act(worker);
  return act({ ...worker, answered: true }, { type: 'reportServed' });
}

export function unreachable(worker: Worker, event: Of<'unreachable'>): WorkerStep {
  const verdict = suspect(worker, event.nowMs, event.error);
  if (verdict !== 'hopeless') return verdict;
  const killed = kill(worker, 'ping-timeout');
  return act(killed.machine, { type: 'reportSuspected', error: event.error }, ...killed.effects);
}

export function ponged(worker: Worker): WorkerStep {
  const { pingIntervalMs, model } = worker.rules;
  const effects: WorkerEffect[] = [{ type: 'cancelTimer', name: 'pong' }];
  if (pingIntervalMs > 0) effects.push(timer('ping', pingIntervalMs));
  return act(model === 'OutOfProcess' ? proveReachable(worker) : worker, ...effects);
}

export function runningTimer(worker: Worker, event: Of<'timer'>): WorkerStep {
  switch (event.name) {
    case 'ping':
      return act(worker, { type: 'ping' }, timer('pong', worker.rules.pingResponseMs));
    case 'pong':
      return kill(worker, 'ping-timeout');
    case 'suspect': {
      const verdict = endSuspicion(worker);
      return verdict === 'unreachable' ? kill(worker, 'ping-timeout') : verdict;
    }
    case 'health': {
      const verdict = onHealthTimer(worker, event.nowMs);
      return verdict === 'hung' ? stall(worker, event.nowMs) : verdict;
    }
    case 'idle':
      return onIdleTimer(worker, event.nowMs);
    case 'periodic':
      return onPeriodicTimer(worker, event.nowMs);
    case 'check':
      return act(worker, { type: 'check' }, timer('check', worker.rules.checkIntervalMs));
    case 'startup':
    case 'terminate':
    case 'limit':
      return act(worker);
  }
}

/** An answer clears the count; so many failures in a row mean that it serves nobody any more. */
export function checked(worker: Worker, event: Of<'checked'>): WorkerStep {
  const failedChecks = event.healthy ? 0 : worker.health.failedChecks + 1;
  const known: Worker = { ...worker, health: { ...worker.health, failedChecks } };
  const { checkFailures } = worker.rules;
  return checkFailures > 0 && failedChecks >= checkFailures ? kill(known, 'health-check') : act(known);
}

export function measured(worker: Worker, event: Of<'measured'>): WorkerStep {
  const verdict = onMeasured(worker, event);
  return verdict === 'hung' ? kill(worker, 'hang') : verdict;
}

/** The watch begins anew under the new rules; a ping under way keeps its time. */
export function reconfigure(worker: Worker, event: Of<'configure'>): WorkerStep {
  const names = ['ping', 'health', 'idle', 'periodic', 'check'] as const;
  const off = names.map((name): WorkerEffect => ({ type: 'cancelTimer', name }));
  const { effects } = beginWatch({ ...worker, rules: event.rules }, event.nowMs);
  return act({ ...worker, rules: event.rules }, ...off, ...effects);
}

/** Out of the publication and replaced now; killed once its black box is read, or without it. */
function stall(worker: Worker, nowMs: number): WorkerStep {
  const { findings, lastBeatMs } = worker.health;
  const stalled: Worker = { ...worker, life: 'stalled', killed: 'hang' };
  const replaced: WorkerEffect[] = [
    { type: 'cancelTimers' },
    ...onTime(worker),
    { type: 'publish' },
    { type: 'reportStalled', silentMs: nowMs - lastBeatMs },
  ];
  if (!findings.includes('captured')) return act(stalled, ...replaced, timer('limit', stallCaptureMs));
  const killed = killStalled(stalled);
  return act(killed.machine, ...replaced, ...killed.effects);
}

export function examinedStalled(worker: Worker, event: Of<'examined'>): WorkerStep {
  return event.finding === 'captured' ? killStalled(worker) : act(worker);
}

export function killStalled(worker: Worker): WorkerStep {
  return kill(worker, 'hang');
}

// --- stop

export function retireQueued(worker: Worker, event: Of<'retire'>): WorkerStep {
  return end({ ...worker, retired: event.reason }, { code: null, signal: null, violation: null });
}

/** Nothing of it is published yet: ask the process to end at once. */
export function retireStarting(worker: Worker, event: Of<'retire'>): WorkerStep {
  const stop = planStop(event.nowMs, Math.min(event.limitMs, worker.rules.shutdownLimitMs));
  return terminate({ ...worker, retired: event.reason, stop }, event.nowMs);
}

/** Out of the publication first; draining begins when every listener has acknowledged that. */
export function retire(worker: Worker, event: Of<'retire'>): WorkerStep {
  const { stop, timers } = planFor(worker, event);
  const leaving: Worker = { ...worker, life: 'leaving', retired: event.reason, stop };
  const calm: WorkerEffect[] = [{ type: 'cancelTimers' }, ...onTime(leaving)];
  return act(leaving, ...calm, ...timers, { type: 'publish' }, { type: 'awaitAcknowledgement' });
}

/** Unpublished already, and the listeners' answer is under way. */
export function retireParking(worker: Worker, event: Of<'retire'>): WorkerStep {
  const { stop, timers } = planFor(worker, event);
  return act({ ...worker, life: 'leaving', retired: event.reason, stop }, ...timers);
}

/** What a worker has that must be gone within the limit of an order, and the timers that see to it. */
export function planFor(worker: Worker, { nowMs, limitMs }: Of<'retire'>) {
  const stop = planStop(nowMs, Math.min(limitMs, worker.rules.shutdownLimitMs));
  const timers = [timer('terminate', stop.terminateAtMs - nowMs), timer('limit', stop.deadlineMs - nowMs)];
  return { stop, timers };
}

/** A second order while it is leaving can only shorten the time it has. */
export function hurry(worker: Worker, event: Of<'retire'>): WorkerStep {
  const stop = planStop(event.nowMs, event.limitMs);
  if (worker.stop === null || stop.deadlineMs >= worker.stop.deadlineMs) return act(worker);
  const limit = timer('limit', stop.deadlineMs - event.nowMs);
  const hurried: Worker = { ...worker, stop };
  if (worker.life === 'terminating') return act(hurried, limit);
  return act(hurried, limit, timer('terminate', stop.terminateAtMs - event.nowMs));
}

export function drain(worker: Worker, event: Of<'acknowledged'>): WorkerStep {
  const noticeAfterMs = Math.max(0, (worker.stop?.noticeAtMs ?? event.nowMs) - event.nowMs);
  return act({ ...worker, life: 'draining' }, { type: 'drain', noticeAfterMs, ends: true });
}

export function stopTimer(worker: Worker, event: Of<'timer'>): WorkerStep {
  if (event.name === 'limit') return kill(worker, 'shutdown-timeout');
  return event.name === 'terminate' ? terminate(worker, event.nowMs) : act(worker);
}

export function terminate(worker: Worker, nowMs: number): WorkerStep {
  const deadlineMs = worker.stop?.deadlineMs ?? nowMs;
  const limitMs = Math.min(worker.rules.exitLimitMs, deadlineMs - nowMs);
  const effects: WorkerEffect[] = [{ type: 'cancelTimers' }, { type: 'terminate' }, timer('limit', limitMs)];
  return act({ ...worker, life: 'terminating' }, ...effects);
}

/** Listeners hear of it first, so that what is in flight is retried or failed at once. */
export function kill(worker: Worker, reason: KillReason | 'shutdown-timeout'): WorkerStep {
  const end: WorkerEffect = { type: worker.rules.orphan && isSick(worker, reason) ? 'orphan' : 'kill' };
  const effects: WorkerEffect[] = [{ type: 'cancelTimers' }, ...onTime(worker), { type: 'publish' }];
  if (worker.listened) effects.push({ type: 'gone', reason: 'killed' });
  return act({ ...worker, life: 'killing', killed: reason }, ...effects, end, timer('limit', killAgainMs));
}

/** It runs and does not respond: what failure.orphanWorkerProcess keeps for inspection. */
function isSick(worker: Worker, reason: KillReason | 'shutdown-timeout'): boolean {
  return (worker.life === 'running' || worker.life === 'stalled') && reason !== 'shutdown-timeout';
}

export function killAgain(worker: Worker): WorkerStep {
  return act(worker, { type: 'kill' }, timer('limit', killAgainMs));
}

// --- end

type Exit = Pick<Of<'exited'>, 'code' | 'signal' | 'violation' | 'limit'>;

export function end(worker: Worker, exit: Exit): WorkerStep {
  const { model } = worker.rules;
  const { retired, killed, listened, ran } = worker;
  const { reason, outcome, counts } = classifyExit({ model, listened, ran, retired, killed, ...ended(exit) });
  const effects: WorkerEffect[] = [{ type: 'cancelTimers' }];
  if (worker.life === 'running') effects.push({ type: 'publish' });
  const told = worker.life === 'killing' || !listened;
  if (!told) effects.push({ type: 'gone', reason: worker.life === 'terminating' ? 'stopped' : 'crash' });
  const { answered: hasAnswered, status, subStatus } = worker;
  effects.push({ type: 'reportEnded', end: { reason, outcome, counts, answered: hasAnswered, status, subStatus } });
  return act({ ...worker, life: 'gone' }, ...effects);
}

function ended({ code, signal, violation, limit = null }: Exit): Exit {
  return { code, signal, violation, limit };
}

/** A worker that leaves is no longer late for anybody. */
export function onTime(worker: Worker): readonly WorkerEffect[] {
  return worker.health.late ? [{ type: 'late', late: false }] : [];
}

/** Cells that several rows of the worker table share. */
import type { WorkerEvent } from './events.js';
import { go } from './table.js';
import { onHeartbeat } from './worker-health.js';
import type { Worker, WorkerLife } from './worker-states.js';
import * as does from './worker-steps.js';

const { act } = does;
type W = Worker;

export const markSpawned = (to: WorkerLife) => go([to], (w: W) => act({ ...w, spawned: true }));
export const ends = go(['gone'], (w: W, e: Extract<WorkerEvent, { type: 'exited' }>) => does.end(w, e));
export const killsNow = go(['killing'], (w: W) => does.kill(w, 'shutdown-timeout'));
export const failsToStart = go(['killing', 'gone'], does.failStart);
export const timesOut = go(['killing'], (w: W) => does.startTimedOut(w));
export const beats = (to: WorkerLife) =>
  go([to], (w: W, e: Extract<WorkerEvent, { type: 'heartbeat' }>) => onHeartbeat(w, e));

export const takesRules = (stays: WorkerLife) =>
  go([stays], (w: W, e: Extract<WorkerEvent, { type: 'configure' }>) => act({ ...w, rules: e.rules }));

/** A start that had no process and failed while it was being ended: there is no exit to wait for. */
export const nothingSpawned = (stays: WorkerLife) =>
  go([stays, 'gone'], (w: W) => (w.spawned ? act(w) : does.end(w, { code: null, signal: null, violation: null })));

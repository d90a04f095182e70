/** The table of one application pool: starts and stops by hand, rapid-fail protection, half-open probe. */
import type { PoolEffect } from './effects.js';
import type { PoolEvent } from './events.js';
import type { Pool, PoolLife } from './pool-states.js';
import { addFailure, emptyWindow, isTripped } from './rapid-fail.js';
import { go, ignored, step, type Step, type Table } from './table.js';

type PoolStep = Step<Pool, PoolEffect>;
type Of<T extends PoolEvent['type']> = Extract<PoolEvent, { readonly type: T }>;

const everySlot = Number.MAX_SAFE_INTEGER;

function act(machine: Pool, ...effects: readonly PoolEffect[]): PoolStep {
  return { machine, effects };
}

function start(pool: Pool): PoolStep {
  const open: PoolEffect = { type: 'open', slots: everySlot };
  return act({ ...pool, life: 'started', window: emptyWindow }, { type: 'cancelTimer' }, open);
}

/** By hand: a back-off, or the minute of a program that failed too often, is over. */
function startAgain(pool: Pool): PoolStep {
  return act(pool, { type: 'open', slots: everySlot });
}

function stop(pool: Pool): PoolStep {
  return closeAs(pool, 'Disabled', pool.rules.shutdownLimitMs);
}

function shutdown(pool: Pool, event: Of<'shutdown'>): PoolStep {
  return closeAs(pool, 'AppShutdown', Math.min(event.limitMs, pool.rules.shutdownLimitMs));
}

function closeAs(pool: Pool, cause: 'Disabled' | 'AppShutdown', limitMs: number): PoolStep {
  const reason = cause === 'Disabled' ? 'pool-stopped' : 'shutdown';
  const close: PoolEffect = { type: 'close', cause, reason, limitMs, retryAtMs: 0 };
  return act({ ...pool, life: 'stopping', cause }, { type: 'cancelTimer' }, close);
}

/** Stopped or stopping already: only the answer to requests and the time limit change. */
function shutdownAnyway(pool: Pool, event: Of<'shutdown'>): PoolStep {
  const limitMs = Math.min(event.limitMs, pool.rules.shutdownLimitMs);
  const close: PoolEffect = { type: 'close', cause: 'AppShutdown', reason: 'shutdown', limitMs, retryAtMs: 0 };
  return act({ ...pool, cause: 'AppShutdown' }, close);
}

function fail(pool: Pool, event: Of<'failure'>): PoolStep {
  const rule = pool.rules.rapidFail;
  if (rule === null) return act(pool);
  const window = addFailure(pool.window, rule, event.nowMs);
  return isTripped(window, rule, event.nowMs) ? trip({ ...pool, window }, event.nowMs) : act({ ...pool, window });
}

function trip(pool: Pool, nowMs: number): PoolStep {
  const { probeMs, shutdownLimitMs } = pool.rules;
  const effects: PoolEffect[] = [{ type: 'tripped' }];
  if (probeMs > 0) effects.push({ type: 'setTimer', delayMs: probeMs });
  const retryAtMs = probeMs > 0 ? nowMs + probeMs : 0;
  const close = { type: 'close', cause: 'AppOffline', reason: 'pool-stopped', limitMs: shutdownLimitMs } as const;
  return act({ ...pool, life: 'offline', cause: 'AppOffline' }, ...effects, { ...close, retryAtMs });
}

/** Half open: one worker. AlwaysRunning has no need to wait for a request. */
function probe(pool: Pool): PoolStep {
  if (pool.rules.alwaysRunning) return act({ ...pool, life: 'probing' }, { type: 'open', slots: 1 });
  return act({ ...pool, life: 'probeDue' }, { type: 'invite' });
}

function probeFor(pool: Pool, event: Of<'needWorker'>): PoolStep {
  const need: PoolEffect = { type: 'needWorker', applicationId: event.applicationId };
  return act({ ...pool, life: 'probing' }, { type: 'open', slots: 1 }, need);
}

function forward(pool: Pool, event: Of<'needWorker'>): PoolStep {
  return act(pool, { type: 'needWorker', applicationId: event.applicationId });
}

function configure(pool: Pool, event: Of<'configure'>): PoolStep {
  return act({ ...pool, rules: event.rules });
}

const configures = (life: PoolLife) => go([life], configure);
const stops = go(['stopping'], (p: Pool) => stop(p));
const shutsDown = go(['stopping'], shutdown);
const starts = go(['started'], (p: Pool) => start(p));

export const poolTable: Table<PoolLife, Pool, PoolEvent, PoolEffect> = {
  stopped: {
    start: starts,
    stop: ignored,
    shutdown: go(['stopped'], shutdownAnyway),
    failure: ignored,
    served: ignored,
    emptied: ignored,
    timer: ignored,
    needWorker: ignored,
    configure: configures('stopped'),
  },
  started: {
    start: go(['started'], startAgain),
    stop: stops,
    shutdown: shutsDown,
    failure: go(['started', 'offline'], fail),
    served: ignored,
    emptied: ignored,
    timer: ignored,
    needWorker: go(['started'], forward),
    configure: configures('started'),
  },
  stopping: {
    start: starts,
    stop: ignored,
    shutdown: go(['stopping'], shutdownAnyway),
    failure: ignored,
    served: ignored,
    emptied: go(['stopped'], (p) => act({ ...p, life: 'stopped' })),
    timer: ignored,
    needWorker: ignored,
    configure: configures('stopping'),
  },
  offline: {
    start: starts,
    stop: stops,
    shutdown: shutsDown,
    failure: ignored,
    served: ignored,
    emptied: ignored,
    timer: go(['probeDue', 'probing'], (p) => probe(p)),
    needWorker: ignored,
    configure: configures('offline'),
  },
  probeDue: {
    start: starts,
    stop: stops,
    shutdown: shutsDown,
    failure: ignored,
    served: ignored,
    emptied: ignored,
    timer: ignored,
    needWorker: go(['probing'], probeFor),
    configure: configures('probeDue'),
  },
  probing: {
    start: starts,
    stop: stops,
    shutdown: shutsDown,
    failure: go(['offline'], (p, e) => trip(p, e.nowMs)),
    served: go(['started'], (p) => start(p)),
    emptied: ignored,
    timer: ignored,
    needWorker: go(['probing'], forward),
    configure: configures('probing'),
  },
};

export function stepPool(pool: Pool, event: PoolEvent): Step<Pool, PoolEffect> {
  return step(poolTable, pool, event);
}

/** What happens to pools, told to whoever listens to the admin API. */
import { rapidFailEvent } from '../../pools/supervisor/event-ids.js';
import type { PoolView, SupervisorEvents } from '../../pools/supervisor/ports.js';
import type { EventHub } from '../admin/events/hub.js';

interface Told {
  /** Text of what was told last. */
  now: string;
  /** Whose obituaries were there when it was looked at last. */
  ended: ReadonlySet<number>;
}

/** `viewOf`: null = there is no such pool (any more). */
export function tellingEvents(hub: EventHub, viewOf: (pool: string) => PoolView | null): SupervisorEvents {
  const told = new Map<string, Told>();
  const changed = new Set<string>();
  /** At the end of the turn: what changes together is told together, and as it is then. */
  const look = (pool: string): void => {
    if (changed.size === 0) queueMicrotask(tellAll);
    changed.add(pool);
  };
  const tellAll = (): void => {
    const names = [...changed];
    changed.clear();
    for (const name of names) tell(name);
  };
  const tell = (name: string): void => {
    const view = viewOf(name);
    if (view === null) {
      told.delete(name);
      return;
    }
    const book = told.get(name) ?? { now: '', ended: new Set() };
    told.set(name, book);
    const { obituaries, receipts: _receipts, ...now } = view;
    for (const { attachments: _attachments, ...obituary } of obituaries) {
      if (book.ended.has(obituary.workerId)) continue;
      hub.publish({ kind: 'worker-ended', pool: name, eventId: obituary.eventId, obituary });
    }
    book.ended = new Set(obituaries.map(({ workerId }) => workerId));
    const text = JSON.stringify({ ...now, workers: now.workers.map(({ rssBytes: _bytes, ...worker }) => worker) });
    if (text === book.now) return;
    book.now = text;
    hub.publish({ kind: 'pool', pool: name, now });
  };
  return {
    workerStarted: (pool, applicationId, startMs) => {
      hub.publish({ kind: 'worker-started', pool, applicationId, startMs });
      look(pool);
    },
    workerExited: look,
    recycled: look,
    receipt: (pool, { attachments: _attachments, ...receipt }) => {
      hub.publish({ kind: 'receipt', pool, eventId: receipt.eventId, receipt });
      look(pool);
    },
    rapidFail: (pool) => hub.publish({ kind: 'rapid-fail', pool, eventId: rapidFailEvent }),
    changed: look,
  };
}

/** Both are told of everything. */
export function bothEvents(one: SupervisorEvents, other: SupervisorEvents): SupervisorEvents {
  return {
    workerStarted(...args) {
      one.workerStarted(...args);
      other.workerStarted(...args);
    },
    workerExited(...args) {
      one.workerExited(...args);
      other.workerExited(...args);
    },
    recycled(...args) {
      one.recycled(...args);
      other.recycled(...args);
    },
    receipt(...args) {
      one.receipt(...args);
      other.receipt(...args);
    },
    rapidFail(...args) {
      one.rapidFail(...args);
      other.rapidFail(...args);
    },
    changed(...args) {
      one.changed(...args);
      other.changed(...args);
    },
  };
}

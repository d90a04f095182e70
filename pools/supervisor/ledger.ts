/**
 * Keeps an account of every worker that leaves: opened by the order to leave or by a crash, closed when
 * its process is gone, every listener has told what became of its requests, and its successor (if one
 * starts) runs or has failed. Each of these has a limit of its own, so every account is closed in time.
 */
import type { Clock } from '../../config/base/clock.js';
import { successorWaitMs } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import type { ExitReason, RecycleReason, RetireReason } from '../lifecycle/exit-reason.js';
import { crashPoint } from '../runtimes/crash-points.js';
import { emptyReceipt } from '../protocol/listener-to-primary.js';
import { type HostBook, type WorkerBook, workerAt } from './books.js';
import { eventIdOf, recycleFailedEvent } from './event-ids.js';
import type { ReceiptKind, ReceiptView, SupervisorEvents } from './ports.js';
import type { Timers } from './timers.js';
import type { Turns } from './turns.js';

/** Owner of the timers of accounts. */
export const ledgerOwner = 'ledger';

interface Account {
  readonly worker: WorkerBook;
  readonly kind: ReceiptKind;
  readonly cause: RetireReason | ExitReason;
  readonly openedAtMs: number;
  ended: ExitReason | '';
  successor: WorkerBook | null;
  /** Nobody needs a successor at once. */
  mayBeAlone: boolean;
}

interface Waiter {
  readonly workerIds: ReadonlySet<number>;
  readonly resolve: () => void;
}

export interface LedgerPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: SupervisorEvents;
  readonly timers: Timers;
  readonly turns: Turns;
}

export class Ledger {
  readonly #ports: LedgerPorts;
  /** By the id of the worker that leaves. */
  readonly #open = new Map<number, Account>();
  #waiters: Waiter[] = [];
  #lastId = 0;

  constructor(ports: LedgerPorts) {
    this.#ports = ports;
  }

  /** The order to leave; a second one changes nothing. */
  leaves(worker: WorkerBook, reason: RetireReason): void {
    const kind = isReplaced(worker.host, worker.slot, reason) ? 'recycle' : 'stop';
    this.#begin(worker, kind, reason);
  }

  /** It hangs and is replaced; its end follows. */
  stalls(worker: WorkerBook): void {
    this.#begin(worker, 'restart', 'hang');
  }

  /** The process is gone, and the slot has been told. */
  ended(worker: WorkerBook, reason: ExitReason, crashed: boolean): void {
    if (crashed) this.#begin(worker, 'restart', reason);
    const account = this.#open.get(worker.id);
    if (account === undefined) return;
    account.ended = reason;
    // Listeners never knew a worker that did not listen.
    if (!worker.machine.listened) worker.tally ??= emptyReceipt;
    if (account.kind === 'restart') this.#awaitDemand(account);
  }

  /** Requests that were retried ask for the next worker only after a rest: until then there may be no start. */
  #awaitDemand(account: Account): void {
    account.mayBeAlone = false;
    this.#ports.timers.set(ledgerOwner, String(account.worker.id), successorWaitMs, () => {
      account.mayBeAlone = true;
      this.#ports.turns.post(() => undefined);
    });
  }

  /** The replacement did not start: `old` keeps serving. */
  recycleFailed(old: WorkerBook, replacement: WorkerBook, cause: RecycleReason): void {
    const openedAtMs = replacement.spawnedAtMs || this.#ports.clock.monotonicMs();
    const successor = replacement;
    const account: Account = {
      worker: old,
      kind: 'recycle',
      cause,
      openedAtMs,
      ended: '',
      successor,
      mayBeAlone: true,
    };
    this.#write(account, 'failed');
  }

  /** Closes what is complete. */
  check(): void {
    for (const account of this.#open.values()) if (this.#isComplete(account)) this.#close(account);
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => {
      for (const id of waiter.workerIds) if (this.#open.has(id)) return true;
      waiter.resolve();
      return false;
    });
  }

  /** Calls back at the end of the turn in which no account of these workers is open. */
  whenWritten(workerIds: readonly number[], resolve: () => void): void {
    this.#waiters.push({ workerIds: new Set(workerIds), resolve });
  }

  /** The server ends: whatever is known is written. */
  flush(): void {
    for (const account of this.#open.values()) this.#close(account);
    this.check();
  }

  #begin(worker: WorkerBook, kind: ReceiptKind, cause: RetireReason | ExitReason): void {
    // A wish that never became a process is nothing to account for.
    if (this.#open.has(worker.id) || worker.spawnedAtMs === 0) return;
    const openedAtMs = this.#ports.clock.monotonicMs();
    this.#open.set(worker.id, { worker, kind, cause, openedAtMs, ended: '', successor: null, mayBeAlone: true });
  }

  #isComplete(account: Account): boolean {
    const { worker, kind } = account;
    if (kind !== 'stop') account.successor ??= successorOf(worker);
    if (account.ended === '' || worker.tally === null) return false;
    const next = account.successor?.machine;
    if (next === undefined && worker.tally.retried > 0 && !account.mayBeAlone) return false;
    return next === undefined || next.ran || next.life === 'gone' || next.retired !== null;
  }

  #close(account: Account): void {
    this.#open.delete(account.worker.id);
    this.#ports.timers.cancel(ledgerOwner, String(account.worker.id));
    const next = account.successor?.machine;
    this.#write(account, next !== undefined && !next.ran && next.retired === null ? 'failed' : 'done');
  }

  #write(account: Account, outcome: ReceiptView['outcome']): void {
    const { worker, kind, cause, successor } = account;
    const { host, slot } = worker;
    this.#lastId += 1;
    const receipt: ReceiptView = {
      id: this.#lastId,
      atMs: this.#ports.clock.wallMs(),
      durationMs: Math.round(this.#ports.clock.monotonicMs() - account.openedAtMs),
      kind,
      cause,
      outcome,
      applicationId: host.id,
      slot,
      old: { ...processOf(worker), ended: account.ended },
      successor:
        successor === null
          ? null
          : {
              ...processOf(successor),
              startMs: Math.round(successor.startMs),
              warmUpMs: Math.round(successor.warmUpMs),
            },
      requests: account.ended === '' ? emptyReceipt : (worker.tally ?? emptyReceipt),
      eventId: kind === 'recycle' && outcome === 'failed' ? recycleFailedEvent : eventIdOf(cause),
      attachments: worker.attachments,
    };
    host.pool.receipts.add(receipt);
    this.#ports.logger.info('receipt', fieldsOf(host, receipt));
    this.#ports.events.receipt(host.pool.name, receipt);
    crashPoint('recycle.receipted');
  }
}

const stops: ReadonlySet<RetireReason> = new Set([
  'idle',
  'memory-budget',
  'worker-stopped',
  'application-offline',
  'pool-stopped',
  'shutdown',
]);

/** A slot that goes on existing gets a new worker; one that a new configuration takes away does not. */
function isReplaced(host: HostBook, slot: number, reason: RetireReason): boolean {
  if (stops.has(reason)) return false;
  return !host.removed && host.machine.rules.refused === null && slot <= host.machine.rules.slotsMax;
}

/** The next life of the slot; later ones belong to its own account. */
function successorOf({ host, slot, generation }: WorkerBook): WorkerBook | null {
  let next: WorkerBook | null = null;
  for (const worker of host.workers.values()) {
    const follows = worker.slot === slot && worker.generation > generation;
    if (follows && (next === null || worker.generation < next.generation)) next = worker;
  }
  return next;
}

/** The worker that a failed replacement should have followed. */
export function currentOf(host: HostBook, slot: number): WorkerBook | null {
  const generation = host.machine.slots.find(({ number }) => number === slot)?.current?.generation;
  return generation === undefined ? null : (workerAt(host, slot, generation) ?? null);
}

function processOf({ id, generation, pid }: WorkerBook) {
  return { workerId: id, generation, pid };
}

function fieldsOf(host: HostBook, receipt: ReceiptView) {
  const { kind, cause, outcome, slot, durationMs, old, successor, requests, eventId, attachments } = receipt;
  return {
    pool: host.pool.name,
    application: host.id,
    slot,
    kind,
    cause,
    outcome,
    oldPid: old.pid,
    ended: old.ended === '' ? 'still serves' : old.ended,
    newPid: successor?.pid ?? 0,
    startMs: successor?.startMs ?? 0,
    warmUpMs: successor?.warmUpMs ?? 0,
    durationMs,
    ...requests,
    ...(eventId === 0 ? {} : { eventId }),
    ...(attachments.length === 0 ? {} : { attachments: attachments.map(({ kind: name }) => name).join(', ') }),
  };
}

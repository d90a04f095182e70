/** Actions of administrators that are under way or have ended; each ends by the limits of what it does. */
import type { Clock } from '../../config/base/clock.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import { operationsKept, operationsRunningMax } from '../../config/base/limits.js';
import type { ReceiptView } from '../../pools/supervisor/ports.js';
import type { OperationView } from '../admin/control-plane.js';
import type { AdminCaller } from '../admin/frame/caller.js';
import { tooManyOperations } from '../admin/frame/errors.js';
import { Places } from '../admin/frame/places.js';

export interface OperationWish {
  readonly action: string;
  readonly target: string;
  readonly pool: string;
  /** Workers whose receipts belong to it. */
  readonly workerIds: readonly number[];
  /**
   * What the order found and asks for. One of the same action, target and basis that is under way does it all: the
   * second order is answered with it. Null: never.
   */
  readonly basis: string | null;
  /** Resolves with the path of a file, or ''. */
  run(): Promise<string>;
}

interface Entry {
  view: OperationView;
  readonly workerIds: ReadonlySet<number>;
  readonly basis: string | null;
  readonly leavePlace: () => void;
  /** Called once, when it has ended. */
  readonly waiting: ((view: OperationView) => void)[];
}

export class Operations {
  readonly #clock: Clock;
  readonly #entries = new Map<number, Entry>();
  readonly #tell: (view: OperationView) => void;
  readonly #places = new Places(operationsRunningMax, () =>
    tooManyOperations('too many actions are under way, of this caller or of all', 'wait for one to end'),
  );
  #lastId = 0;

  /** `tell`: an operation has begun, goes on or has ended. */
  constructor(clock: Clock, tell: (view: OperationView) => void = () => undefined) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Throws an AdminError when this caller, or all together, have too many under way. */
  begin(caller: AdminCaller, wish: OperationWish): OperationView {
    const { action, target, pool, workerIds, basis } = wish;
    const same = this.#running().find(({ view, basis: other }) => {
      return basis !== null && other === basis && view.action === action && view.target === target;
    });
    if (same !== undefined) return same.view;
    const leavePlace = this.#places.take(caller);
    const id = ++this.#lastId;
    const view: OperationView = {
      id,
      action,
      target,
      pool,
      state: 'running',
      startedAtMs: this.#clock.wallMs(),
      endedAtMs: 0,
      error: null,
      receipts: [],
      file: '',
    };
    const entry: Entry = { view, workerIds: new Set(workerIds), basis, leavePlace, waiting: [] };
    this.#entries.set(id, entry);
    this.#tell(view);
    wish.run().then(
      (file) => this.#end(entry, { state: 'done', file }),
      (error: unknown) => this.#end(entry, { state: 'failed', error: describe(error) }),
    );
    return view;
  }

  /** A start ends a stop that still waits for workers of the same pool. */
  supersede(action: string, target: string): void {
    for (const entry of this.#running()) {
      if (entry.view.action !== action || entry.view.target !== target) continue;
      const error = {
        code: 'superseded',
        message: `${action} ${target} was taken back before it was done`,
        remedy: '',
      };
      this.#end(entry, { state: 'failed', error });
    }
  }

  note(receipt: ReceiptView): void {
    for (const entry of this.#running()) {
      if (!entry.workerIds.has(receipt.old.workerId)) continue;
      entry.view = { ...entry.view, receipts: [...entry.view.receipts, receipt] };
      this.#tell(entry.view);
    }
  }

  get(id: number): OperationView | null {
    return this.#entries.get(id)?.view ?? null;
  }

  whenEnded(id: number): Promise<OperationView> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return Promise.reject(new SluiceError('no-such-operation', `there is no operation ${id}`));
    if (entry.view.state !== 'running') return Promise.resolve(entry.view);
    return new Promise((ended) => entry.waiting.push(ended));
  }

  #running(): Entry[] {
    return [...this.#entries.values()].filter(({ view }) => view.state === 'running');
  }

  #end(entry: Entry, change: Partial<OperationView>): void {
    if (entry.view.state !== 'running') return;
    entry.view = { ...entry.view, ...change, endedAtMs: this.#clock.wallMs() };
    entry.leavePlace();
    this.#tell(entry.view);
    for (const ended of entry.waiting.splice(0)) ended(entry.view);
    const ended = [...this.#entries.values()].filter(({ view }) => view.state !== 'running');
    for (const { view } of ended.slice(0, Math.max(0, ended.length - operationsKept))) this.#entries.delete(view.id);
  }
}

function describe(error: unknown): OperationView['error'] {
  if (!(error instanceof SluiceError)) return { code: 'internal', message: messageOf(error), remedy: '' };
  return { code: error.code, message: error.message, remedy: error.remedy };
}

import { liveRequestsAnswerMs } from '../../config/base/admin-request-limits.js';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import type { LiveRequest, RequestFilter, RequestList } from '../../pools/protocol/live-requests.js';
import type { PrimaryToListener } from '../../pools/protocol/primary-to-listener.js';

interface Asked {
  readonly id: number;
  readonly pid: number;
  send(message: PrimaryToListener): void;
}

export interface RequestRound {
  /** Also of requests that are not listed. */
  readonly total: number;
  /** Longest first. */
  readonly requests: readonly LiveRequest[];
  /** Process ids of listeners that did not answer in time: theirs are missing. */
  readonly silentListeners: readonly number[];
}

interface Open {
  readonly waiting: Map<number, Asked>;
  readonly answers: RequestList[];
  readonly resolve: (round: RequestRound) => void;
  readonly cancel: CancelTimer;
}

/** Asks every listener for its live requests. Questions that are the same while one is open share its answer. */
export class RequestRounds {
  readonly #clock: Clock;
  readonly #open = new Map<number, Open>();
  readonly #shared = new Map<string, Promise<RequestRound>>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ask(listeners: readonly Asked[], filter: RequestFilter): Promise<RequestRound> {
    const key = JSON.stringify(filter);
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const asked = this.#ask(listeners, filter).finally(() => this.#shared.delete(key));
    this.#shared.set(key, asked);
    return asked;
  }

  answered({ id: listenerId }: Pick<Asked, 'id'>, id: number, { total, requests }: RequestList): void {
    const round = this.#open.get(id);
    if (round === undefined || !round.waiting.delete(listenerId)) return;
    round.answers.push({ total, requests });
    this.#settle(id, round);
  }

  /** What it had is over. */
  gone({ id: listenerId }: Pick<Asked, 'id'>): void {
    for (const [id, round] of this.#open) {
      if (round.waiting.delete(listenerId)) this.#settle(id, round);
    }
  }

  #ask(listeners: readonly Asked[], filter: RequestFilter): Promise<RequestRound> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const waiting = new Map(listeners.map((one) => [one.id, one]));
      const cancel = this.#clock.setTimer(liveRequestsAnswerMs, () => this.#end(id, round), true);
      const round: Open = { waiting, answers: [], resolve, cancel };
      this.#open.set(id, round);
      for (const one of listeners) one.send({ type: 'list-requests', id, filter });
      this.#settle(id, round);
    });
  }

  #settle(id: number, round: Open): void {
    if (round.waiting.size === 0) this.#end(id, round);
  }

  #end(id: number, { waiting, answers, resolve, cancel }: Open): void {
    cancel();
    this.#open.delete(id);
    const requests = answers.flatMap((answer) => answer.requests).toSorted((a, b) => b.timeMs - a.timeMs);
    const total = answers.reduce((sum, answer) => sum + answer.total, 0);
    resolve({ total, requests, silentListeners: [...waiting.values()].map(({ pid }) => pid) });
  }
}

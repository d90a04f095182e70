/**
 * The side of the new primary: it was started by a living one (`sluice upgrade`), has its listening sockets, runs beside
 * it until everything is ready, and then takes what only one can have: lock, user ids, admin socket and port.
 */
import { Socket } from 'node:net';
import { SluiceError } from '../../../config/base/errors.js';
import type { Logger } from '../../../config/base/logger.js';
import { type Clock } from '../../../config/base/clock.js';
import { upgradeOrdersLimitMs } from '../../../config/base/service-limits.js';
import { openUpgradePipe, type UpgradePipe } from './messages.js';
import { type NodeOrders, noOrders } from './standing-orders.js';

/** `<pid of the old primary>:<descriptor of the pipe>`. */
export const successionVariable = 'SLUICE_SUCCEEDS';

export class Succession {
  /** Pid of the primary that we follow. */
  readonly predecessor: number;
  readonly #pipe: UpgradePipe;
  readonly #atAgreement: ((orders: NodeOrders) => void)[] = [];
  #orders: NodeOrders | null = null;
  #hearsOrders: () => void = () => undefined;
  #agreed: { resolve: () => void; reject: (error: Error) => void } | null = null;
  #hasTaken = false;
  #isGone = false;
  #whenGone: () => void = () => undefined;

  /** null = a start like any other. The variable is removed: no process that we start must find it. */
  static of(environment: NodeJS.ProcessEnv): Succession | null {
    const match = /^([1-9][0-9]*):([0-9]+)$/.exec(environment[successionVariable] ?? '');
    delete environment[successionVariable];
    // Left over in the environment of some other process: that one is not our parent.
    if (match === null || Number(match[1]) !== process.ppid) return null;
    return new Succession(Number(match[1]), Number(match[2]));
  }

  private constructor(predecessor: number, descriptor: number) {
    this.predecessor = predecessor;
    const socket = new Socket({ fd: descriptor, readable: true, writable: true });
    this.#pipe = openUpgradePipe(
      socket,
      ({ word, orders }) => {
        if (word !== 'orders' && word !== 'yours') return;
        this.#orders = orders;
        this.#hearsOrders();
        if (word === 'yours') this.#take(orders);
      },
      () => this.#gone(),
    );
  }

  /** What administrators ordered so far, for what starts here; none if the old primary does not tell. */
  ordersToBeginWith(clock: Clock): Promise<NodeOrders> {
    return new Promise((resolve) => {
      const told = (): void => resolve(this.#orders ?? noOrders);
      const cancel = clock.setTimer(upgradeOrdersLimitMs, told);
      this.#hearsOrders = () => {
        cancel();
        told();
      };
      if (this.#orders !== null || this.#isGone) this.#hearsOrders();
    });
  }

  /** Runs when the old primary has given up what only one can have; in order. Throwing ends the start. */
  whenAgreed(take: (orders: NodeOrders) => void): void {
    this.#atAgreement.push(take);
  }

  /** Everything runs. Resolves when lock and ids are ours; rejects when the old primary is gone before. */
  agree(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isGone) return reject(abandoned());
      this.#agreed = { resolve, reject };
      this.#pipe.say('ready');
    });
  }

  /** The admin API is here now. `gone` runs when the old primary has ended, however it did. */
  serving(logger: Logger, gone: () => void): void {
    this.#whenGone = () => {
      logger.info('upgrade-ended', { predecessor: this.predecessor });
      gone();
    };
    this.#pipe.say('serving');
    if (this.#isGone) this.#whenGone();
  }

  #take(orders: NodeOrders): void {
    if (this.#agreed === null || this.#hasTaken) return;
    this.#hasTaken = true;
    try {
      for (const take of this.#atAgreement) take(orders);
      this.#agreed.resolve();
    } catch (error) {
      this.#agreed.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#pipe.close();
    this.#hearsOrders();
    if (!this.#hasTaken) this.#agreed?.reject(abandoned());
    this.#whenGone();
  }
}

function abandoned(): SluiceError {
  return new SluiceError(
    'upgrade-abandoned',
    'the primary before this one ended or gave the upgrade up',
    'start again',
  );
}

/**
 * The side of the new primary: it was started by a living one (`sluice upgrade`), has its listening sockets, runs beside
 * it until everything is ready, and then takes what only one can have: lock, user ids, admin socket and port.
 */
import { Socket } from 'node:net';
import { SluiceError } from '../../../config/base/errors.js';
import type { Logger } from '../../../config/base/logger.js';
import { openUpgradePipe, type UpgradePipe } from './messages.js';

/** `<pid of the old primary>:<descriptor of the pipe>`. */
export const successionVariable = 'SLUICE_SUCCEEDS';

export class Succession {
  /** Pid of the primary that we follow. */
  readonly predecessor: number;
  readonly #pipe: UpgradePipe;
  readonly #atAgreement: (() => void)[] = [];
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
      (word) => {
        if (word === 'yours') this.#take();
      },
      () => this.#gone(),
    );
  }

  /** Runs when the old primary has given up what only one can have; in order. Throwing ends the start. */
  whenAgreed(take: () => void): void {
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

  #take(): void {
    if (this.#agreed === null || this.#hasTaken) return;
    this.#hasTaken = true;
    try {
      for (const take of this.#atAgreement) take();
      this.#agreed.resolve();
    } catch (error) {
      this.#agreed.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#pipe.close();
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

/**
 * The side of the primary that serves: starts the version that is installed now beside itself, with copies of the
 * listening sockets, and lets it take over when it is ready. Whatever goes wrong before that leaves this one as it was.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { CancelTimer, Clock } from '../../../config/base/clock.js';
import { messageOf, SluiceError } from '../../../config/base/errors.js';
import type { Logger } from '../../../config/base/logger.js';
import { upgradeReadyLimitMs, upgradeTakeLimitMs } from '../../../config/base/service-limits.js';
import { crashPoint } from '../../../pools/runtimes/crash-points.js';
import { heldName, notifyDescriptorName, passedNames, passedName } from '../passed-sockets.js';
import type { ListeningSockets } from '../sockets.js';
import type { UpgradeView } from '../../admin/control-plane.js';
import { openUpgradePipe, type UpgradePipe, type UpgradeWord } from './messages.js';
import type { NodeOrders } from './standing-orders.js';
import { successionVariable } from './succession.js';

/** What this server does at the steps of an upgrade. */
export interface UpgradeSteps {
  /** From now on two primaries run workers of the same pools. */
  beside(): void;
  /** Gives up what only one can have. */
  giveUp(): Promise<void>;
  /** The new one did not come up, and is gone. `wasGivenUp`: what was given up is to be taken again. */
  alone(wasGivenUp: boolean): Promise<void>;
  /** The other one serves: finish what is here, and end. */
  succeeded(pid: number): void;
}

interface Attempt {
  readonly child: ChildProcess;
  readonly pipe: UpgradePipe;
  cancel: CancelTimer;
}

export interface UpgraderOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  readonly sockets: Pick<ListeningSockets, 'descriptors'>;
  readonly steps: UpgradeSteps;
  isDraining(): boolean;
  orders(): NodeOrders;
}

export class Upgrader {
  readonly #options: UpgraderOptions;
  /** Of this process as it was started: when the one that started it is gone, another one is its parent. */
  readonly #parent = process.ppid;
  #view: UpgradeView;
  #attempt: Attempt | null = null;

  constructor(options: UpgraderOptions) {
    this.#options = options;
    const { version } = options;
    this.#view = { state: 'none', primary: process.pid, version, successor: 0, startedAtMs: 0, error: '' };
  }

  get view(): UpgradeView {
    return this.#view;
  }

  /** Begins; `view` tells how it goes. Throws a SluiceError where it cannot be, or when one is under way. */
  start(reason: string): UpgradeView {
    const { clock, logger, steps } = this.#options;
    const obstacle = obstacleTo(this.#parent);
    if (obstacle !== '') throw new SluiceError('upgrade-impossible', obstacle, 'replace the container');
    if (this.#attempt !== null || this.#options.isDraining()) {
      throw new SluiceError('upgrade-under-way', 'an upgrade or a stop is under way', 'wait for its end');
    }
    const child = this.#spawn();
    const stream = child.stdio.at(-1) as Duplex;
    // Its end shows here first; how it ended follows.
    const gone = (): void => {
      if (this.#view.state !== 'handed-over') child.kill('SIGKILL');
    };
    const pipe = openUpgradePipe(stream, ({ word }) => this.#heard(word), gone);
    pipe.say('orders', this.#options.orders());
    const cancel = clock.setTimer(
      upgradeReadyLimitMs,
      () => this.#failed(`not ready in ${upgradeReadyLimitMs} ms`),
      true,
    );
    this.#attempt = { child, pipe, cancel };
    const successor = child.pid ?? 0;
    this.#view = { ...this.#view, state: 'starting', successor, startedAtMs: clock.wallMs(), error: '' };
    child.once('error', (error) => this.#failed(messageOf(error)));
    child.once('exit', (code, signal) => this.#failed(`it ended with ${String(code ?? signal)}`));
    steps.beside();
    logger.info('upgrade-started', { reason, pid: successor });
    crashPoint('upgrade.spawned');
    return this.#view;
  }

  #heard(word: UpgradeWord): void {
    const { logger, steps, clock } = this.#options;
    const attempt = this.#attempt;
    if (attempt === null) return;
    if (word === 'ready' && this.#view.state === 'starting') {
      this.#view = { ...this.#view, state: 'handing-over' };
      attempt.cancel();
      attempt.cancel = clock.setTimer(upgradeTakeLimitMs, () => this.#failed('it did not take over'), true);
      crashPoint('upgrade.ready');
      steps.giveUp().then(
        () => {
          attempt.pipe.say('yours', this.#options.orders());
          crashPoint('upgrade.given-up');
        },
        (error: unknown) => this.#failed(messageOf(error)),
      );
    } else if (word === 'serving' && this.#view.state === 'handing-over') {
      attempt.cancel();
      this.#view = { ...this.#view, state: 'handed-over' };
      // It lives on when we have ended: nothing here waits for it.
      attempt.child.unref();
      logger.info('upgrade-handed-over', { pid: this.#view.successor });
      crashPoint('upgrade.handed-over');
      steps.succeeded(this.#view.successor);
    }
  }

  /** The new one is killed, if it is not gone; what was given up is taken back when it cannot hold it any more. */
  #failed(error: string): void {
    const { logger, steps } = this.#options;
    const attempt = this.#attempt;
    if (attempt === null || this.#view.state === 'handed-over') return;
    const wasGivenUp = this.#view.state === 'handing-over';
    this.#attempt = null;
    attempt.cancel();
    attempt.pipe.close();
    this.#view = { ...this.#view, state: 'failed', error };
    logger.error('upgrade-failed', {
      pid: this.#view.successor,
      error,
      remedy: 'the old version serves on; see the log before',
    });
    const { child } = attempt;
    const back = (): void => {
      steps
        .alone(wasGivenUp)
        .catch((problem: unknown) => logger.error('upgrade-not-undone', { error: messageOf(problem) }));
    };
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return back();
    child.once('exit', back);
    child.kill('SIGKILL');
  }

  /** The command line that started this process, as it is installed now. */
  #spawn(): ChildProcess {
    const held = this.#options.sockets.descriptors();
    const notify = passedNames(process.env).get(notifyDescriptorName);
    const all = [
      ...held.map(({ fd, isPassed }) => ({ fd, name: isPassed ? passedName : heldName })),
      ...(notify === undefined ? [] : [{ fd: notify, name: notifyDescriptorName }]),
    ];
    const first = 3;
    const { WATCHDOG_PID: _watchdog, ...environment } = process.env;
    // The shell knows the pid that becomes the new primary's.
    const through = ['-c', 'export LISTEN_PID=$$; exec "$@"', 'sh', process.execPath, ...process.execArgv];
    return spawn('/bin/sh', [...through, ...process.argv.slice(1)], {
      // Ctrl-C in the terminal is meant for what was started there.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', ...all.map(({ fd }) => fd), 'pipe'],
      env: {
        ...environment,
        LISTEN_FDS: String(all.length),
        LISTEN_FDNAMES: all.map(({ name }) => name).join(':'),
        [successionVariable]: `${process.pid}:${first + all.length}`,
      },
    });
  }
}

/** A container ends with its first process, or with the one that an init there started. '' = nothing is in the way. */
export function obstacleTo(parent: number, first = nameOf(1)): string {
  if (process.pid === 1) return 'the server is the first process of a container, which ends with it';
  const isInit = first === 'systemd' || first === 'init';
  if (parent !== 1 || isInit) return '';
  return `the server was started by the init of a container (${first}), which ends with it`;
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

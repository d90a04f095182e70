import { spareRestMs } from '../../config/base/limits.js';
import { backoffMs } from '../lifecycle/backoff.js';
import type { SpareEvents, SpareRequest, SpareState } from '../runtimes/runtime.js';
import type { HostBook } from './books.js';
import type { Runtimes } from './ports.js';
import type { Timers } from './timers.js';
import type { Turns } from './turns.js';

export interface SpareBook {
  state: SpareState | 'none';
  /** That ended by themselves, in a row. */
  ended: number;
  /** One will be started after a rest. */
  isDue: boolean;
}

export function noSpare(): SpareBook {
  return { state: 'none', ended: 0, isDue: false };
}

export interface SparePorts {
  readonly timers: Timers;
  readonly turns: Turns;
  readonly runtimes: Runtimes;
}

const timerName = 'spare';

/** Decides for every application whether a spare host waits for its next worker, and when one is started. */
export class Spares {
  readonly #ports: SparePorts;

  constructor(ports: SparePorts) {
    this.#ports = ports;
  }

  /** After every step of an application. None is started beside a worker that starts, which it would only slow down. */
  review(host: HostBook): void {
    const { timers, runtimes } = this.#ports;
    const { spare } = host;
    const request = wanted(host);
    if (request === null) {
      runtimes.inProcess.dropSpare?.(host.id);
      timers.cancel(host.key, timerName);
      host.spare = noSpare();
    } else if (spare.state !== 'none') {
      if (isCalm(host)) this.#keep(host, request);
    } else if (!spare.isDue) {
      spare.isDue = true;
      const restMs = Math.max(spareRestMs, backoffMs(spare.ended));
      timers.set(host.key, timerName, restMs, () => this.#ports.turns.post(() => this.#due(host, spare)));
    }
  }

  #due(host: HostBook, spare: SpareBook): void {
    if (host.spare !== spare) return;
    spare.isDue = false;
    const request = wanted(host);
    if (request === null || !isCalm(host)) return;
    this.#keep(host, request);
  }

  #keep(host: HostBook, request: SpareRequest): void {
    const { inProcess } = this.#ports.runtimes;
    if (inProcess.keepSpare?.(request, this.#hears(host, host.spare)) === true) host.spare.state = 'starting';
  }

  #hears(host: HostBook, spare: SpareBook): SpareEvents {
    const now = (state: SpareState | 'none', ended: number): void =>
      this.#ports.turns.post(() => {
        if (host.spare !== spare) return;
        spare.state = state;
        spare.ended = ended;
        this.review(host);
      });
    return {
      waiting: () => now('waiting', spare.ended),
      taken: () => now('none', 0),
      ended: () => now('none', spare.ended + 1),
    };
  }
}

function wanted(host: HostBook): SpareRequest | null {
  const { pool, config: application, site, machine } = host;
  const { hosting } = application;
  if (host.removed || !pool.config.processModel.spareHost || !machine.open || machine.rules.refused !== null)
    return null;
  return hosting?.hostingModel === 'InProcess' ? { pool: pool.config, application, hosting, site } : null;
}

function isCalm({ machine }: HostBook): boolean {
  if (machine.life !== 'idle' && machine.life !== 'ready') return false;
  return !machine.slots.some(({ current, replacement }) => replacement !== null || current?.phase === 'starting');
}

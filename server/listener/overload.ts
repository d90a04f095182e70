import { readdirSync, readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { Clock } from '../../config/base/clock.js';
import { checksBeforeInUse, keptInUseMs, quietLeastMs } from '../../config/base/edge-limits.js';
import { codeOf } from '../../config/base/errors.js';
import {
  acceptRestMs,
  descriptorReserveMax,
  descriptorReserveMin,
  idleClosedShare,
  overloadCheckMs,
} from '../../config/base/limits.js';
import type { ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { Rejection } from '../http1/types.js';
import { openSockets } from '../proxy/raw-socket.js';
import type { ListeningSockets } from './accept.js';
import { type HeldMemory, MemoryGate, residentLimit } from './memory-gate.js';

/** The listener holds as much memory as it may: requests are refused before it holds more. */
export const memoryFull: Rejection = { status: 503, subStatus: 0, reason: 'ListenerMemory' };

/** A connection that may be closed to make room. */
export interface Closable {
  /** Monotonic ms since when it has been idle between two requests; Infinity = it is not idle. */
  readonly idleSinceMs: number;
  /** Begun on it so far. */
  readonly requests: number;
  /** Takes what its client has sent and nobody has read yet: it may be a request. */
  readUnread(): void;
  destroy(): void;
}

export interface OverloadPorts {
  readonly clock: Clock;
  readonly sockets: ListeningSockets;
  readonly connections: ReadonlySet<Closable>;
  /** Accepted, and no connection yet: each holds a descriptor too. */
  readonly arrivals: ReadonlySet<Closable>;
  /** Of this process, unless somebody else says so. */
  readonly memory?: () => Omit<HeldMemory, 'sockets'>;
  say(message: ListenerToPrimary): void;
}

/**
 * Keeps the listener inside its descriptors and its memory. Near the limit of descriptors the connections that
 * idled longest are closed; when none is idle but those in use, it stops accepting (new connections wait in the
 * kernel, other listeners take them) until there is room, which those in use have to make when nobody else does. What is left of the limit is for the workers' side of the requests
 * that were accepted.
 */
export class Overload {
  /** Requests are answered by it while it is set. */
  rejection: Rejection | null = null;
  /** Share the machine's memory. */
  listeners = 1;
  readonly #memory = new MemoryGate();
  readonly #ports: OverloadPorts;
  /** Descriptors that are no sockets of the data path. */
  readonly #base = otherDescriptors();
  #limit = Infinity;
  #socketsMax = Infinity;
  #isPaused = false;
  /** Since the pause began. */
  #checks = 0;
  #restUntilMs = 0;
  #closedIdle = 0;
  #paused = 0;

  constructor(ports: OverloadPorts) {
    this.#ports = ports;
    this.#readLimit();
    this.#checkLater();
  }

  /** Before a new connection is served. */
  accepting(): void {
    if (this.#open < this.#socketsMax) return;
    // Their descriptors are closed at once, their `close` events come later.
    if (this.#open - this.#closeIdle(0, false) >= this.#socketsMax) this.#pause('descriptors', 0);
  }

  /** The kernel could not give a descriptor (ENFILE, EMFILE, ENOMEM): trying again at once would only spin. */
  acceptFailed(code: string): void {
    this.#closeIdle(quietLeastMs, true);
    this.#pause(code, acceptRestMs);
  }

  get #open(): number {
    return openSockets() + this.#ports.arrivals.size;
  }

  /** The longest idle ones of all, many at once: looking for one costs as much. @returns how many. */
  #closeIdle(leastMs: number, withInUse: boolean): number {
    const { clock, connections, arrivals } = this.#ports;
    const nowMs = clock.monotonicMs();
    const idle = [...connections, ...arrivals].filter((one) => one.idleSinceMs <= nowMs - leastMs);
    const inOrder = inOrderOfClosing(idle, nowMs, withInUse);
    const surplus = Math.ceil(inOrder.length * idleClosedShare);
    let closed = 0;
    for (const one of inOrder) {
      if (closed === surplus) break;
      one.readUnread();
      if (one.idleSinceMs === Infinity) continue;
      one.destroy();
      closed += 1;
    }
    this.#closedIdle += closed;
    return closed;
  }

  #pause(cause: string, restMs: number): void {
    this.#restUntilMs = this.#ports.clock.monotonicMs() + restMs;
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#checks = 0;
    this.#paused += 1;
    this.#ports.sockets.close();
    if (this.#paused === 1) this.#log('accept-paused', { cause });
  }

  #checkLater(): void {
    this.#ports.clock.setTimer(overloadCheckMs, () => {
      this.#check();
      this.#checkLater();
    });
  }

  #check(): void {
    this.#readLimit();
    if (this.#isPaused) this.#tryAgain();
    else if (this.#paused > 0) this.#tell();
    try {
      this.#weigh();
    } catch (error) {
      // Memory is read from /proc, and there may be no descriptor left for that.
      if (!/^E[MN]FILE$/.test(codeOf(error))) throw error;
    }
  }

  #tryAgain(): void {
    this.#checks += 1;
    if (this.#open >= this.#socketsMax) this.#closeIdle(0, this.#checks > checksBeforeInUse);
    if (this.#ports.clock.monotonicMs() < this.#restUntilMs || this.#open >= this.#socketsMax) return;
    this.#isPaused = false;
    this.#ports.say({ type: 'accept-again' });
  }

  #weigh(): void {
    const held = { ...(this.#ports.memory?.() ?? process.memoryUsage()), sockets: this.#open };
    const residentBytesMax = residentLimit(machineBytes(), this.listeners);
    this.#memory.weigh(held, residentBytesMax);
    const { state } = this.#memory;
    if (state !== 'fits' && this.rejection === null) {
      const { heapUsed, external, rss, sockets } = held;
      this.#log('memory-full', { of: state, allocated: heapUsed + external, resident: rss, residentBytesMax, sockets });
    }
    this.rejection = state === 'fits' ? null : memoryFull;
    // Refused requests free nothing of what idle connections hold.
    if (state === 'resident') this.#closeIdle(0, true);
  }

  /** One record for a whole period of pauses. */
  #tell(): void {
    this.#log('accept-resumed', { pauses: this.#paused, idleClosed: this.#closedIdle });
    this.#paused = 0;
    this.#closedIdle = 0;
  }

  /** `prlimit` may change it while we run. */
  #readLimit(): void {
    this.#limit = descriptorLimit(this.#limit);
    const limit = this.#limit;
    const reserve = Math.min(descriptorReserveMax, Math.max(descriptorReserveMin, Math.floor(limit / 8)));
    this.#socketsMax = Math.max(1, limit - reserve - this.#base);
  }

  #log(event: string, fields: Readonly<Record<string, string | number>>): void {
    this.#ports.say({ type: 'log', level: 'warn', event, fields });
  }
}

/**
 * The longest idle first, and those in use last, if at all: clients that come with one request each, again and again,
 * must not push out those that stay.
 */
function inOrderOfClosing(idle: readonly Closable[], nowMs: number, withInUse: boolean): readonly Closable[] {
  const isInUse = (one: Closable): boolean => one.requests > 1 && nowMs - one.idleSinceMs < keptInUseMs;
  const inUse = idle.filter(isInUse);
  const others = inUse.length === 0 ? idle : idle.filter((one) => !isInUse(one));
  return withInUse ? [...byIdleTime(others), ...byIdleTime(inUse)] : byIdleTime(others);
}

function byIdleTime(connections: readonly Closable[]): Closable[] {
  return connections.toSorted((a, b) => a.idleSinceMs - b.idleSinceMs);
}

/** `unknown` without a descriptor left to read it, and where there is no /proc. */
function descriptorLimit(unknown: number): number {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    return found === null ? unknown : Number(found[1]);
  } catch {
    return unknown;
  }
}

/** Of the machine or, where that is less, of the cgroup. */
function machineBytes(): number {
  const ofGroup = process.constrainedMemory();
  return ofGroup > 0 ? Math.min(totalmem(), ofGroup) : totalmem();
}

/** Open now, with room for what a running listener opens: logs, sockets to listen on. */
function otherDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length + 8;
  } catch {
    return 40;
  }
}

/**
 * Tells the service manager how the server stands (systemd's `sd_notify(3)`); silent where there is none.
 *
 * Node has no datagram sockets of the unix kind. Either the unit passes a connected one (`OpenFile=/run/systemd/notify:notify`,
 * systemd 253 and later), or `systemd-notify` sends for us: with the rights to it (CAP_SYS_ADMIN) it speaks in the name of
 * its parent. Either way `NotifyAccess=main` is enough; `all` would let every tenant below our control group restart us.
 */
import { spawn } from 'node:child_process';
import { fstatSync, write } from 'node:fs';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { messageOf } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';
import { notifyPendingMax } from '../../config/base/service-limits.js';
import { notifyDescriptorName, passedNames } from './passed-sockets.js';

/** Sends one datagram; calls back with '' or what went wrong. */
type Send = (message: string, done: (error: string) => void) => void;

export class ServiceManager {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #send: Send | null;
  readonly #watchdogMs: number;
  readonly #pending: string[] = [];
  #isSending = false;
  #hasFailed = false;
  #isSucceeded = false;
  #cancel: CancelTimer | null = null;

  constructor(clock: Clock, logger: Logger, environment: NodeJS.ProcessEnv) {
    this.#clock = clock;
    this.#logger = logger;
    this.#send = senderOf(environment);
    this.#watchdogMs = watchdogMsOf(environment);
  }

  /** The first configuration serves, or the one after a reload. */
  ready(status: string): void {
    this.#say(`READY=1\nSTATUS=${oneLine(status)}`);
    if (this.#cancel === null && this.#send !== null && this.#watchdogMs > 0) this.#beat();
  }

  reloading(): void {
    // The service manager compares it with its own CLOCK_MONOTONIC, which Node's is too.
    this.#say(`RELOADING=1\nMONOTONIC_USEC=${Math.round(this.#clock.monotonicMs() * 1_000)}`);
  }

  stopping(): void {
    this.#say('STOPPING=1\nSTATUS=requests finish');
  }

  /** Another process of ours is the server from now on. */
  mainPid(pid: number): void {
    this.#say(`MAINPID=${pid}`);
    // Only that one is believed now.
    this.#isSucceeded = true;
    this.#cancel?.();
  }

  /** A server whose event loop stands still is restarted: the beat comes from a timer of it. */
  #beat(): void {
    this.#cancel = this.#clock.setTimer(this.#watchdogMs / 2, () => {
      this.#say('WATCHDOG=1');
      this.#beat();
    });
  }

  #say(message: string): void {
    if (this.#send === null || this.#isSucceeded || this.#pending.length >= notifyPendingMax) return;
    this.#pending.push(message);
    this.#sendNext();
  }

  /** One at a time: `READY=1` must not overtake `RELOADING=1`. */
  #sendNext(): void {
    const message = this.#isSending ? undefined : this.#pending.shift();
    if (message === undefined) return;
    this.#isSending = true;
    this.#send?.(message, (error) => {
      this.#isSending = false;
      if (error !== '' && !this.#hasFailed) {
        this.#hasFailed = true;
        const remedy = 'OpenFile=/run/systemd/notify:notify:graceful in the unit, or systemd-notify and CAP_SYS_ADMIN';
        this.#logger.warn('service-manager-not-told', { error, remedy });
      }
      this.#sendNext();
    });
  }
}

function senderOf(environment: NodeJS.ProcessEnv): Send | null {
  const descriptor = passedNames(environment).get(notifyDescriptorName);
  if (descriptor !== undefined && fstatSync(descriptor).isSocket()) return viaDescriptor(descriptor);
  const socket = environment['NOTIFY_SOCKET'] ?? '';
  return socket === '' ? null : viaProgram(socket);
}

function viaDescriptor(fd: number): Send {
  return (message, done) => {
    // Not synchronously: a service manager that does not read must not hold the server up.
    write(fd, message, (error) => done(error === null ? '' : messageOf(error)));
  };
}

function viaProgram(socket: string): Send {
  return (message, done) => {
    const child = spawn('systemd-notify', message.split('\n'), {
      stdio: 'ignore',
      env: { PATH: '/usr/bin:/bin', NOTIFY_SOCKET: socket },
    });
    child.once('error', (error) => done(messageOf(error)));
    child.once('exit', (code) => done(code === 0 ? '' : `systemd-notify ended with ${String(code)}`));
  };
}

/** 0 = no beat is asked for, or not of this process. */
function watchdogMsOf(environment: NodeJS.ProcessEnv): number {
  const of = environment['WATCHDOG_PID'] ?? '';
  if (of !== '' && of !== String(process.pid)) return 0;
  const usec = Number(environment['WATCHDOG_USEC'] ?? 0);
  return Number.isFinite(usec) && usec >= 1_000 ? usec / 1_000 : 0;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ');
}

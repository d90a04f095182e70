import { expect, test } from '@jest/globals';
import { checksBeforeInUse, keptInUseMs } from '../../../config/base/edge-limits.js';
import { overloadCheckMs } from '../../../config/base/limits.js';
import { ListeningSockets } from '../../../server/listener/accept.js';
import { type Closable, Overload } from '../../../server/listener/overload.js';
import { ManualClock } from '../../support/manual-clock.js';

const nothing = (): void => undefined;

/** Clients without a word that hold every descriptor. */
class Crowd extends Set<Closable> {
  override get size(): number {
    return Number.MAX_SAFE_INTEGER;
  }
}

/** A listener that the kernel gives no descriptor for a new connection. */
class Short {
  readonly closed: string[] = [];
  readonly clock = new ManualClock();
  readonly #connections = new Set<Closable>();
  readonly #overload = new Overload({
    clock: this.clock,
    sockets: new ListeningSockets(nothing, nothing, nothing),
    connections: this.#connections,
    arrivals: new Crowd(),
    say: nothing,
  });

  /** Idle from now on. `unread`: what its client has sent makes a request of it as soon as somebody looks. */
  connect(name: string, requests: number, unread = false): void {
    const one = {
      idleSinceMs: this.clock.monotonicMs(),
      requests,
      readUnread: () => {
        if (unread) one.idleSinceMs = Infinity;
      },
      destroy: () => {
        this.closed.push(name);
        this.#connections.delete(one);
      },
    };
    this.#connections.add(one);
  }

  accept(): void {
    this.#overload.accepting();
  }

  check(times: number): void {
    for (let checks = 0; checks < times; checks += 1) this.clock.advance(overloadCheckMs);
  }

  fail(times: number): void {
    for (let failures = 0; failures < times; failures += 1) this.#overload.acceptFailed('ENFILE');
  }
}

test('accept fails in the kernel: who idled longest is closed, who was served a moment ago is not', () => {
  const listener = new Short();
  listener.connect('oldest', 1);
  listener.clock.advance(1_000);
  listener.connect('older', 1);
  listener.clock.advance(4_000);
  listener.connect('in use', 1);
  listener.fail(5);
  expect(listener.closed).toEqual(['oldest', 'older']);
});

test('connections that serve one request after the other go last, until they have idled too', () => {
  const listener = new Short();
  listener.connect('left alone', 7);
  listener.clock.advance(keptInUseMs);
  listener.connect('in use', 7);
  listener.connect('in use too', 2);
  listener.clock.advance(1_000);
  for (const name of ['once', 'never', 'once more']) listener.connect(name, name === 'never' ? 0 : 1);
  listener.clock.advance(3_000);
  listener.fail(5);
  expect(listener.closed).toEqual(['left alone', 'once', 'never', 'once more', 'in use']);
});

test('a connection whose next request has arrived is not closed for a new one: the next in turn is', () => {
  const listener = new Short();
  listener.connect('asks', 1, true);
  listener.connect('is silent', 1);
  listener.clock.advance(4_000);
  listener.fail(3);
  expect(listener.closed).toEqual(['is silent']);
});

test('many new connections at once do not push out those in use: accepting pauses until they are served', () => {
  const listener = new Short();
  listener.connect('in use', 5);
  listener.connect('once', 1);
  listener.accept();
  listener.accept();
  expect(listener.closed).toEqual(['once']);
  listener.connect('new', 1);
  listener.check(1);
  expect(listener.closed).toEqual(['once', 'new']);
  listener.check(checksBeforeInUse - 1);
  expect(listener.closed).toEqual(['once', 'new']);
  listener.check(1);
  expect(listener.closed).toEqual(['once', 'new', 'in use']);
});

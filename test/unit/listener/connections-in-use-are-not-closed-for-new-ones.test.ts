import { expect, test } from '@jest/globals';
import { ListeningSockets } from '../../../server/listener/accept.js';
import { type Closable, Overload } from '../../../server/listener/overload.js';
import { ManualClock } from '../../support/manual-clock.js';

test('accept fails in the kernel: who idled longest is closed, who was served a moment ago is not', () => {
  const clock = new ManualClock();
  const connections = new Set<Closable>();
  const closed: string[] = [];
  const connect = (name: string): void => {
    const destroy = (): void => {
      closed.push(name);
      connections.delete(one);
    };
    const one: Closable = { idleSinceMs: clock.monotonicMs(), destroy };
    connections.add(one);
  };
  const nothing = (): void => undefined;
  const sockets = new ListeningSockets(nothing, nothing, nothing);
  const overload = new Overload({ clock, sockets, connections, arrivals: new Set(), say: nothing });
  connect('oldest');
  clock.advance(1_000);
  connect('older');
  clock.advance(4_000);
  connect('in use');
  for (let failures = 0; failures < 5; failures += 1) overload.acceptFailed('ENFILE');
  expect(closed).toEqual(['oldest', 'older']);
});

import { expect, test } from '@jest/globals';
import { type AdminCaller, socketCaller } from '../../../server/admin/frame/caller.js';
import { CallerTurns } from '../../../server/primary/caller-turns.js';

const named = (name: string, role: AdminCaller['role'] = 'viewer'): AdminCaller => {
  return { name, role, pools: 'all', via: 'token', address: '127.0.0.1' };
};

/** Questions that are answered when the test says so. */
class Asked {
  readonly turns = new CallerTurns(8, 'questions');
  readonly begun: string[] = [];
  readonly refused: string[] = [];
  readonly #ends: (() => void)[] = [];

  async ask(caller: AdminCaller, end: 'well' | 'badly' = 'well'): Promise<void> {
    const work = (): Promise<void> =>
      new Promise((resolve, reject) => {
        this.begun.push(caller.name);
        this.#ends.push(() => (end === 'well' ? resolve() : reject(new Error('no answer'))));
      });
    await this.turns.take(caller, work).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error) this.refused.push(`${caller.name} ${String(error.code)}`);
    });
  }

  async end(): Promise<void> {
    this.#ends.shift()?.();
    await new Promise(setImmediate);
  }
}

test('one after the other, those of admins of all pools and of the socket first', async () => {
  const asked = new Asked();
  void asked.ask(named('a'), 'badly');
  void asked.ask(named('a'));
  void asked.ask(named('b'));
  void asked.ask(named('root', 'admin'));
  void asked.ask(socketCaller);
  expect(asked.begun).toEqual(['a']);
  for (let count = 0; count < 5; count += 1) await asked.end();
  expect(asked.begun).toEqual(['a', 'root', 'socket', 'a', 'b']);
  void asked.ask(named('c'));
  expect(asked.begun.at(-1)).toBe('c');
});

test('one caller has a quarter of the places, and others than admins of all pools never have them all', async () => {
  const asked = new Asked();
  for (const name of ['a', 'b', 'c', 'd']) for (let count = 0; count < 3; count += 1) void asked.ask(named(name));
  await new Promise(setImmediate);
  const code = 'too-many-operations';
  expect(asked.refused).toEqual(['a', 'b', 'c', 'd', 'd', 'd'].map((name) => `${name} ${code}`));
  for (let count = 0; count < 3; count += 1) void asked.ask(socketCaller);
  await asked.end();
  expect(asked.refused.slice(6)).toEqual([`socket ${code}`]);
  expect(asked.begun).toEqual(['a', 'socket']);
  for (let count = 0; count < 8; count += 1) await asked.end();
  void asked.ask(named('d'));
  expect(asked.begun.at(-1)).toBe('d');
});

import { expect, test } from '@jest/globals';
import type { CompiledConfig, Isolation, PoolConfig } from '../../../config/model.js';
import { tellSurroundings } from '../../../server/primary/ground.js';

interface Told {
  readonly event: string;
  readonly fields: unknown;
}

function told(isolations: readonly Isolation[], where: { user: number; pid: number }): Told[] {
  const lines: Told[] = [];
  const pools = isolations.map((isolation): Pick<PoolConfig, 'isolation'> => ({ isolation }));
  const note = (event: string, fields?: unknown): void => void lines.push({ event, fields });
  const log = { debug: note, info: note, warn: note, error: note };
  tellSurroundings({ pools } as unknown as CompiledConfig, log as never, where);
  return lines;
}

test('without root the pools of one user are counted, sandboxed ones not', () => {
  expect(told(['process', 'process', 'sandbox'], { user: 10_001, pid: 7 })).toEqual([
    { event: 'pools-share-one-user', fields: expect.objectContaining({ pools: 2, user: 10_001 }) },
  ]);
  expect(told(['sandbox'], { user: 10_001, pid: 7 })).toEqual([]);
});

test('as root nothing is said here: pools have users of their own', () => {
  expect(told(['user'], { user: 0, pid: 7 })).toEqual([]);
});

test('process 1 is warned that nobody reaps for it', () => {
  expect(told(['user'], { user: 0, pid: 1 }).map((one) => one.event)).toEqual(['runs-as-pid-1']);
});

import { expect, test } from '@jest/globals';
import { history } from './history.js';

const histories = 2_000;

/** SLUICE_SEED=n replays one history; without it the seeds are 1, 2, 3 ... */
function seeds(): readonly number[] {
  const given = process.env['SLUICE_SEED'];
  if (given !== undefined && given !== '') return [Number(given)];
  return Array.from({ length: histories }, (_, index) => index + 1);
}

test('no random history breaks a promise of the supervisor', async () => {
  let answered = 0;
  let checked = 0;
  let receipts = 0;
  for (const seed of seeds()) {
    try {
      const world = await history(seed);
      answered += world.listeners.requests.filter(({ state }) => state === 'answered').length;
      checked += world.counts.checked;
      receipts += world.receipts.count;
    } catch (error) {
      process.stderr.write(`replay with SLUICE_SEED=${seed}\n`);
      throw error;
    }
  }
  // A history in which nothing happens proves nothing.
  expect(answered).toBeGreaterThan(seeds().length * 5);
  expect(receipts).toBeGreaterThan(seeds().length * 5);
  expect(checked).toBeGreaterThan(seeds().length * 5);
}, 600_000);

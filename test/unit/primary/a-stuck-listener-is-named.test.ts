import { expect, test } from '@jest/globals';
import type { LiveRequest } from '../../../pools/protocol/live-requests.js';
import type { PrimaryToListener } from '../../../pools/protocol/primary-to-listener.js';
import { RequestRounds } from '../../../server/primary/request-rounds.js';
import { ManualClock } from '../../support/manual-clock.js';

const everything = { pools: null, site: '', minTimeMs: 0, rowsMax: 9 };

function request(url: string, timeMs: number): LiveRequest {
  const names = { site: 'main', application: 'main/', pool: 'a', client: '127.0.0.1', host: 'a' };
  return { verb: 'GET', url, version: '1.1', ...names, workerId: 1, state: 'sent', timeMs };
}

function listener(id: number) {
  const asked: PrimaryToListener[] = [];
  return { id, pid: id * 100, asked, send: (message: PrimaryToListener) => void asked.push(message) };
}

test('who answers is heard, who does not is named, who is gone is forgotten', async () => {
  const clock = new ManualClock();
  const rounds = new RequestRounds(clock);
  const [quick, stuck, dying] = [listener(1), listener(2), listener(3)];
  const round = rounds.ask([quick, stuck, dying], everything);
  expect(rounds.ask([quick, stuck, dying], everything)).toBe(round);
  expect(quick.asked).toEqual([{ type: 'list-requests', id: 1, filter: everything }]);
  rounds.answered(quick, 1, { total: 3, requests: [request('/short', 1), request('/long', 9)] });
  rounds.gone(dying);
  clock.advance(1_000);
  expect(await round).toMatchObject({
    total: 3,
    requests: [{ url: '/long' }, { url: '/short' }],
    silentListeners: [200],
  });
  // Too late: nobody asks any more.
  rounds.answered(stuck, 1, { total: 1, requests: [] });
  expect(await rounds.ask([], everything)).toEqual({ total: 0, requests: [], silentListeners: [] });
});

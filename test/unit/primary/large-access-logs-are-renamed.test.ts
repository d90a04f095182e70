import { afterAll, expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '../../../config/base/logger.js';
import type { PrimaryToListener } from '../../../pools/protocol/primary-to-listener.js';
import { LogKeeper } from '../../../server/primary/log-keeper.js';
import { LogReopening } from '../../../server/primary/log-reopening.js';
import { logTarget } from '../../support/access-logs.js';
import { ManualClock } from '../../support/manual-clock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder('logs');
afterAll(() => removeFolder(folder));

test('a file beyond the limit is renamed once, one below it is left', async () => {
  const file = join(folder, 'access.log');
  let reopened = 0;
  const keeper = new LogKeeper({
    clock: new ManualClock(),
    log: { ...silentLogger, reopen: () => undefined, close: () => undefined },
    logDir: folder,
    accessLogs: () => [{ target: logTarget(folder), truncateBytes: 10 }],
    budget: () => 0,
    reopenAccessLog: async () => {
      reopened += 1;
    },
    reopenOutput: () => undefined,
    makeFolders: () => false,
  });
  await keeper.check();
  writeFileSync(file, '0123456789');
  await keeper.check();
  expect(reopened).toBe(0);
  writeFileSync(file, '0123456789a');
  await keeper.check();
  await keeper.check();
  expect(reopened).toBe(1);
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, 'the next eleven bytes');
  await keeper.check();
  expect(readFileSync(`${file}.2`, 'latin1')).toBe('the next eleven bytes');
  expect(readFileSync(`${file}.1`, 'latin1')).toBe('0123456789a');
  keeper.close();
});

test('a round is over when every listener has answered or is gone', async () => {
  const reopening = new LogReopening();
  const sent: PrimaryToListener[] = [];
  const listener = (id: number) => ({ id, send: (message: PrimaryToListener) => void sent.push(message) });
  const done: string[] = [];
  const first = reopening.ask([listener(1), listener(2)], 'a').then(() => done.push('first'));
  const second = reopening.ask([listener(1)], '').then(() => done.push('second'));
  expect(sent).toMatchObject([{ id: 1 }, { id: 1 }, { id: 2 }]);
  reopening.answered(1, 2);
  await second;
  reopening.answered(1, 1);
  reopening.answered(1, 99);
  expect(done).toEqual(['second']);
  reopening.gone(2);
  await first;
  await reopening.ask([], '');
  expect(done).toEqual(['second', 'first']);
});

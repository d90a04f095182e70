import { afterAll, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LogFields } from '../../../config/base/logger.js';
import { silentLogger } from '../../../config/base/logger.js';
import { LogKeeper } from '../../../server/primary/log-keeper.js';
import { logTarget } from '../../support/access-logs.js';
import { ManualClock } from '../../support/manual-clock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder('budget');
afterAll(() => removeFolder(folder));

function file(path: string, bytes: number, ageS: number): string {
  const whole = join(folder, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, 'x'.repeat(bytes));
  utimesSync(whole, 1_000_000 - ageS, 1_000_000 - ageS);
  return whole;
}

test('closed files go, the oldest first; open ones, links and what is not ours stay', async () => {
  const said: [string, LogFields | undefined][] = [];
  const log = {
    ...silentLogger,
    info: (event: string, fields?: LogFields) => void said.push([event, fields]),
    warn: (event: string, fields?: LogFields) => void said.push([event, fields]),
    reopen: () => undefined,
    close: () => undefined,
  };
  const own = join(folder, 'own/W3SVC7');
  const clock = new ManualClock();
  let budget = 1_000;
  const keeper = new LogKeeper({
    clock,
    log,
    logDir: join(folder, 'log'),
    accessLogs: () => [
      { target: logTarget(join(folder, 'log/access')), truncateBytes: 0 },
      { target: logTarget(own, { prefix: 'u_ex', period: 'Daily' }), truncateBytes: 0 },
    ],
    budget: () => budget,
    reopenAccessLog: async () => undefined,
    reopenOutput: () => undefined,
    makeFolders: () => false,
  });
  const open = [
    file('log/sluice.log', 100, 9_000),
    file('log/access/access.log', 100, 9_000),
    file('log/workers/a/app.log', 100, 9_000),
    file('own/W3SVC7/u_ex231114.log', 100, 9_000),
  ];
  const foreign = [file('log/other.log', 5_000, 9_000), file('own/W3SVC7/index.html', 5_000, 9_000)];
  symlinkSync(foreign[0] ?? '', join(folder, 'log/access/link.log.1'));
  const newest = [file('log/access/access.log.10', 250, 10), file('own/W3SVC7/u_ex231113.log', 250, 20)];
  const oldest = [
    file('log/sluice.log.1', 100, 8_000),
    file('log/sites/W3SVC1/u_ex231001.log', 100, 7_000),
    file('log/workers/a/app.log.2', 50, 6_000),
  ];
  await keeper.keepBudget();
  expect(oldest.map(existsSync)).toEqual([false, false, true]);
  expect([...open, ...foreign, ...newest].every(existsSync)).toBe(true);
  expect(said).toEqual([['logs-removed', { files: 2, bytes: 200, left: 950, logBudget: 1_000 }]]);
  budget = 300;
  await keeper.keepBudget();
  await keeper.keepBudget();
  expect([...oldest, ...newest].some(existsSync)).toBe(false);
  expect([...open, ...foreign].every(existsSync)).toBe(true);
  expect(readdirSync(join(folder, 'log/access'))).toContain('link.log.1');
  expect(said.slice(1).map(([event]) => event)).toEqual(['logs-removed', 'log-budget-exceeded']);
  budget = 0;
  await keeper.keepBudget();
  keeper.close();
});

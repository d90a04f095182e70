import { readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Clock } from '../../../config/base/clock.js';
import { createServerLog } from '../../../server/log/server-log.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const clock: Clock = { monotonicMs: () => 0, wallMs: () => 1_700_000_000_000, setTimer: () => () => undefined };
const hostile = 'a\nb\u001b[31m\u2028c\u0085\u202e\u2069\u200f\u061c';

test('tenant text is one escaped line in the file and on the terminal', () => {
  const folder = tempFolder();
  const file = join(folder, 'sluice.log');
  const shown: string[] = [];
  const log = createServerLog({ clock, file, terminal: (line) => shown.push(line), level: 'info' });
  log.warn('worker-exited', { pool: 'shop', text: hostile, code: 3, nothing: null });
  log.debug('not shown');
  log.close();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'warn',
    time: '2023-11-14T22:13:20.000Z',
    event: 'worker-exited',
    pool: 'shop',
    text: 'a\\x0ab\\x1b[31m\\x2028c\\x85\\x202e\\x2069\\x200f\\x61c',
    code: 3,
    nothing: null,
  });
  expect(shown).toHaveLength(1);
  expect(shown[0]).toMatch(/^\d\d:\d\d:\d\d warn {2}worker-exited pool=shop text="[^\n]*" code=3$/);
  // oxlint-disable-next-line no-control-regex
  expect(shown[0]).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\u200e\u200f\u061c]/);
  expect(statSync(file).mode & 0o007).toBe(0);
  removeFolder(folder);
});

test('after a rename, reopen writes to a new file', () => {
  const folder = tempFolder();
  const file = join(folder, 'sluice.log');
  const log = createServerLog({ clock, file, terminal: null, level: 'info' });
  log.info('one');
  renameSync(file, `${file}.1`);
  log.reopen();
  log.info('two');
  log.close();
  expect(readFileSync(`${file}.1`, 'utf8')).toContain('"one"');
  expect(readFileSync(file, 'utf8')).toContain('"two"');
  removeFolder(folder);
});

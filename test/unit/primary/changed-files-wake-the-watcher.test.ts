import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { fileTimeLagMs, watchPollIntervalMs } from '../../../config/base/limits.js';
import { systemClock } from '../../../server/primary/clock.js';
import { ConfigWatcher } from '../../../server/primary/watcher.js';
import { ManualClock } from '../../support/manual-clock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { pause, until } from '../../support/time.js';

let folder: string;
let file: string;
let changes: number;
let watcher: ConfigWatcher;
let changed: string[][];

beforeEach(() => {
  folder = tempFolder();
  file = join(folder, 'sluice.yaml');
  writeFileSync(file, 'one');
  changes = 0;
  changed = [];
  watcher = new ConfigWatcher(systemClock, (files) => {
    changes += 1;
    changed.push([...files]);
  });
});

afterEach(() => {
  watcher.close();
  removeFolder(folder);
});

test('a written, a replaced and an appearing file are noticed', async () => {
  const web = join(folder, 'app', 'web.config');
  mkdirSync(join(folder, 'app'));
  watcher.watch([[file, web]]);
  writeFileSync(file, 'two, longer');
  await until('the write is noticed', () => changes === 1);
  writeFileSync(`${file}.new`, 'three');
  renameSync(`${file}.new`, file);
  await until('the replacement is noticed', () => changes === 2);
  writeFileSync(web, '<configuration/>');
  await until('the new file is noticed', () => changes === 3);
  rmSync(web);
  await until('its end is noticed', () => changes === 4);
  expect(changes).toBe(4);
});

test('a file that was renamed into place is told apart from one that is written', async () => {
  watcher.watch([[file]]);
  expect(watcher.movedAtMs(file)).toBeNull();
  writeFileSync(`${file}.new`, 'the next');
  renameSync(`${file}.new`, file);
  await until('it is seen', () => watcher.movedAtMs(file) !== null);
  writeFileSync(file, 'the one after');
  await until('that is seen too', () => watcher.movedAtMs(file) === null);
});

test('other files in the folder, and a touch without effect, wake nobody', async () => {
  watcher.watch([[file]]);
  for (let index = 0; index < 20; index += 1) writeFileSync(join(folder, `log-${index}`), 'x');
  // Longer than every delay of the watcher: what would come has come.
  await pause(400);
  expect(changes).toBe(0);
  writeFileSync(file, 'two, longer');
  await until('the watch still works', () => changes === 1);
});

test('a folder that does not exist is no error', () => {
  watcher.watch([[join(folder, 'missing', 'web.config'), join(file, 'below-a-file')]]);
  expect(changes).toBe(0);
});

test('a file is noticed in a folder that is made for it', async () => {
  const restart = join(folder, 'tmp', 'restart.txt');
  watcher.watch([[file, restart]]);
  mkdirSync(join(folder, 'tmp'));
  writeFileSync(restart, '');
  await until('the file in the new folder is noticed', () => changes === 1);
  rmSync(join(folder, 'tmp'), { recursive: true });
  await until('its end is noticed', () => changes === 2);
  expect(changes).toBe(2);
});

test('a file of a pattern is noticed when it comes, changes and goes, and is named', async () => {
  const pattern = join(folder, 'sites.d', '*.yaml');
  const one = join(folder, 'sites.d', 'one.yaml');
  mkdirSync(join(folder, 'sites.d'));
  watcher.watch([[file, pattern]]);
  writeFileSync(join(folder, 'sites.d', 'one.yaml.new'), 'a');
  writeFileSync(join(folder, 'sites.d', '.hidden.yaml'), 'a');
  renameSync(join(folder, 'sites.d', 'one.yaml.new'), one);
  await until('the new file is noticed', () => changes === 1);
  watcher.watch([[file, pattern, one]]);
  writeFileSync(one, 'longer');
  await until('its change is noticed', () => changes === 2);
  rmSync(one);
  await until('its end is noticed', () => changes === 3);
  expect(changed).toEqual([[pattern], [one], [one, pattern]]);
});

test('a group that stays and one that goes share a file', async () => {
  const [stays, goes] = [[file], [file, join(folder, 'other')]];
  watcher.watch([stays, goes]);
  watcher.watch([stays]);
  writeFileSync(join(folder, 'other'), 'x');
  writeFileSync(file, 'two, longer');
  await until('the change is noticed', () => changes === 1);
  expect(changed).toEqual([[file]]);
});

test('after close nothing is reported', async () => {
  watcher.watch([[file]]);
  watcher.close();
  writeFileSync(file, 'two, longer');
  await pause(400);
  expect(changes).toBe(0);
});

test('the poll finds what the kernel does not tell of', async () => {
  const clock = new ManualClock();
  const polled = new ConfigWatcher(clock, (files) => changed.push([...files]));
  const late = join(folder, 'late.yaml');
  polled.watch([[file, late, join(folder, 'app', 'web.config')]]);
  clock.advance(watchPollIntervalMs);
  writeFileSync(late, 'x');
  writeFileSync(file, 'two, longer');
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app', 'web.config'), 'x');
  clock.advance(watchPollIntervalMs);
  expect(changed.flat().sort()).toEqual([join(folder, 'app'), join(folder, 'app', 'web.config'), late, file].sort());
  polled.close();
});

test('a file that came while the others were read, and went before the next look, is read again', async () => {
  const web = join(folder, 'web.config');
  watcher.watch([[file, web]]);
  watcher.reading();
  writeFileSync(web, 'a load may have read this');
  rmSync(web);
  await until('it is noticed', () => changes === 1);
  expect(changed).toEqual([[web]]);
});

test('a file that is new to the watch, and changed while it was read, is read again', async () => {
  const [read, written, gone] = ['read', 'written', 'gone'].map((name) => join(folder, name, 'web.config'));
  if (read === undefined || written === undefined || gone === undefined) throw new Error('three files');
  for (const one of [read, written, gone]) mkdirSync(dirname(one));
  for (const one of [read, written, gone]) writeFileSync(one, 'one');
  const sinceMs = statSync(gone).ctimeMs + 2 * fileTimeLagMs;
  await until('they are old enough', () => systemClock.wallMs() > sinceMs + fileTimeLagMs);
  writeFileSync(written, 'two');
  rmSync(gone);
  watcher.watch([[file], [read, written, gone]], sinceMs);
  await until('they are noticed', () => changes === 1);
  expect(changed).toEqual([[written, gone]]);
});

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readStat } from '../../../pools/runtimes/proc.js';
import { takeInstanceLock } from '../../../server/primary/instance-lock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

let folder: string;
let runDir: string;
let file: string;

beforeEach(() => {
  folder = tempFolder();
  runDir = join(folder, 'run');
  mkdirSync(runDir);
  file = join(runDir, 'sluice.lock');
});

afterEach(() => removeFolder(folder));

test('the lock names this process by pid and start time, and its folder goes with it', () => {
  const lock = takeInstanceLock(runDir);
  expect(lock.tookOver).toBe(false);
  expect(readFileSync(file, 'latin1')).toBe(`${process.pid} ${readStat(process.pid)?.startTime}\n`);
  lock.release();
  expect(existsSync(runDir)).toBe(false);
});

test('a living owner is an error that names its pid', () => {
  const parent = process.ppid;
  writeFileSync(file, `${parent} ${readStat(parent)?.startTime}\n`);
  expect(() => takeInstanceLock(runDir)).toThrow(`process ${parent} holds`);
  expect(readFileSync(file, 'latin1')).toContain(String(parent));
});

test.each([
  ['a pid that another process has by now', () => `${process.ppid} 1\n`],
  ['a pid that nobody has', () => '4194304 1\n'],
  ['a file that was cut while it was written', () => '12'],
  ['an empty file', () => ''],
])('the lock of a dead owner is taken over: %s', (_name, content) => {
  writeFileSync(file, content());
  const lock = takeInstanceLock(runDir);
  expect(lock.tookOver).toBe(true);
  expect(readFileSync(file, 'latin1')).toMatch(new RegExp(`^${process.pid} `));
  lock.release();
});

test('a lock that somebody else took meanwhile is not removed', () => {
  const lock = takeInstanceLock(runDir);
  writeFileSync(file, `${process.ppid} ${readStat(process.ppid)?.startTime}\n`);
  lock.release();
  expect(existsSync(file)).toBe(true);
});

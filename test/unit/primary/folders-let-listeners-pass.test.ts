import { lchownSync, linkSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { prepareAccessLogFolder, prepareFolders } from '../../../server/primary/folders.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { testNeeding } from '../../support/needs.js';

let folder: string;
let umask: number;

beforeEach(() => {
  folder = tempFolder();
  umask = process.umask();
});

afterEach(() => {
  process.umask(umask);
  removeFolder(folder);
});

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

function settings(runDir: string) {
  return { runDir, stateDir: join(folder, 'state'), logDir: join(folder, 'deep', 'er', 'log') };
}

test('whatever the umask, others may pass through but not look around', () => {
  process.umask(0o077);
  prepareFolders(settings(join(folder, 'run')));
  for (const path of ['run', 'state', 'deep', 'deep/er', 'deep/er/log']) {
    expect([path, modeOf(join(folder, path))]).toEqual([path, 0o711]);
  }
});

test('a file or a link in the place of a folder is refused, naming the setting', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => prepareFolders(settings(join(folder, 'file')))).toThrow(/runDir .*file cannot be used/);
  mkdirSync(join(folder, 'elsewhere'));
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'));
  expect(() => prepareFolders(settings(join(folder, 'link')))).toThrow('it is not a folder');
});

testNeeding('root')('a folder of somebody else is refused', async () => {
  const { chownSync } = await import('node:fs');
  mkdirSync(join(folder, 'run'));
  chownSync(join(folder, 'run'), 12345, 12345);
  expect(() => prepareFolders(settings(join(folder, 'run')))).toThrow('it belongs to user 12345');
});

testNeeding('root')('the access log belongs to the listeners and to nobody else', () => {
  const access = join(folder, 'access');
  prepareAccessLogFolder(access, { uid: 54321, gid: 54321, formerUid: null });
  expect(statSync(access)).toMatchObject({ uid: 54321, gid: 0 });
  expect(modeOf(access)).toBe(0o750);
});

testNeeding('root')('logs of the listeners’ former user are handed over, and nothing that another left there', () => {
  const access = join(folder, 'access');
  const writer = { uid: 54321, gid: 54321, formerUid: null };
  prepareAccessLogFolder(access, writer);
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'of root');
  writeFileSync(join(access, 'old.log'), 'a record');
  symlinkSync(secret, join(access, 'link.log'));
  linkSync(secret, join(access, 'hard.log'));
  for (const name of ['old.log', 'link.log']) lchownSync(join(access, name), 54321, 54321);
  const next = { uid: 54322, gid: 54322, formerUid: 54321 };
  expect(() => prepareAccessLogFolder(access, { ...next, formerUid: null })).toThrow('belongs to user 54321');
  for (let start = 0; start < 2; start += 1) {
    prepareAccessLogFolder(access, next);
    expect(statSync(access)).toMatchObject({ uid: 54322, gid: 0 });
    expect(readdirSync(access).sort()).toEqual(['hard.log', 'old.log']);
    expect(statSync(join(access, 'old.log'))).toMatchObject({ uid: 54322, gid: 54322, size: 8 });
    expect(statSync(secret)).toMatchObject({ uid: 0, size: 7 });
  }
});

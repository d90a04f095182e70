import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createJournal } from '../../../pools/runtimes/journal.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

test('a journal that cannot be written is told once, and written whole when it can be again', () => {
  const folder = tempFolder('journal');
  const file = join(folder, 'workers.journal');
  const failures: unknown[] = [];
  const children = [1, 2, 3].map(() => spawn('/bin/sleep', ['1000'], { stdio: 'ignore' }));
  const [first = 0, second = 0, third = 0] = children.map(({ pid }) => pid ?? 0);
  const journal = createJournal(folder, (error) => failures.push(error));
  journal.add(first);
  // As a full disk does it: neither the file nor one in its place can be written.
  rmSync(file);
  mkdirSync(file);
  journal.add(second);
  journal.add(third);
  expect(failures).toHaveLength(1);
  rmdirSync(file);
  journal.remove(third);
  const pids = readFileSync(file, 'latin1').match(/^[+-]\d+/gm);
  expect(pids).toEqual([`+${first}`, `+${second}`]);
  journal.close();
  for (const child of children) child.kill('SIGKILL');
  removeFolder(folder);
});

import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDump } from '../../../server/primary/dump-files.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

let folder: string;
let dumps: string;

beforeEach(() => {
  folder = tempFolder();
  dumps = join(folder, 'state', 'pools', 'a', 'home', 'dumps');
  mkdirSync(dumps, { recursive: true });
  writeFileSync(join(folder, 'secret'), 'secret');
});

afterEach(() => removeFolder(folder));

function open(path: string) {
  return openDump(join(folder, 'state'), path);
}

test('a plain file is handed out whole', async () => {
  writeFileSync(join(dumps, 'heap.json'), 'content');
  writeFileSync(join(dumps, 'empty.json'), '');
  const { name, size, stream } = open(join(dumps, 'heap.json'));
  expect({ name, size }).toEqual({ name: 'heap.json', size: 7 });
  expect(Buffer.concat(await stream.toArray()).toString()).toBe('content');
  expect(await open(join(dumps, 'empty.json')).stream.toArray()).toEqual([]);
});

test('links, pipes, folders and what lies elsewhere are not', () => {
  symlinkSync(join(folder, 'secret'), join(dumps, 'link'));
  linkSync(join(folder, 'secret'), join(dumps, 'hard'));
  execFileSync('mkfifo', [join(dumps, 'pipe')]);
  mkdirSync(join(dumps, 'folder'));
  symlinkSync(folder, join(dumps, '..', 'elsewhere'));
  const places = ['link', 'hard', 'pipe', 'folder', 'none', '../elsewhere/secret', '../../../../../secret'];
  for (const place of places) {
    expect(() => open(join(dumps, place))).toThrow(expect.objectContaining({ code: expect.stringMatching(/^file-/) }));
  }
});

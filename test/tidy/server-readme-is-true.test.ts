import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { repository } from '../support/paths.js';
import { readText } from './sources.js';

test('every file that server/README.md names exists', () => {
  const named = [...readText('server/README.md').matchAll(/`([\w/-]+\.ts)`/g)].map((match) => match[1] ?? '');
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !existsSync(join(repository, 'server', name)))).toEqual([]);
});

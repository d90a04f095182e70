import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { repository, sluiceMain } from '../support/paths.js';
import { run } from '../support/program.js';

test('generated pages are what the sources say now', async () => {
  const generate = join(repository, 'dist', 'config', 'docs', 'generate.js');
  expect(await run(process.execPath, [generate, '--check'])).toMatchObject({ code: 0, output: '' });
  const page = readFileSync(join(repository, 'docs', 'reference', 'cli.md'), 'utf8');
  expect(await run(process.execPath, [sluiceMain, 'reference-page'])).toMatchObject({ code: 0, output: page });
});

import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { repository } from '../support/paths.js';
import { run } from '../support/program.js';

test('generated pages are what the sources say now', async () => {
  const generate = join(repository, 'dist', 'server', 'docs', 'main.js');
  expect(await run(process.execPath, [generate, '--check'])).toMatchObject({ code: 0, output: '' });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { repository } from '../support/paths.js';

test('every script of package.json names files that are there after the build', () => {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const files = Object.values(scripts).flatMap((script) => script.match(/\b(?:dist|deploy)\/\S+\.m?js/g) ?? []);
  expect(files).toContain('dist/test/conformance/main.js');
  expect(files.filter((file) => !existsSync(join(repository, file)))).toEqual([]);
});

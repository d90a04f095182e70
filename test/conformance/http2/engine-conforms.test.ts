import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repository } from '../../support/paths.js';
import { http2Scripts } from './index.js';
import { runOnEngine } from './on-engine.js';
import { judge } from './script.js';
import { conformancePage } from './table.js';

describe('every script has its outcome on the engine', () => {
  const sources = [...new Set(http2Scripts.map((script) => script.source))];
  test.each(sources)('%s', (source) => {
    const problems = http2Scripts
      .filter((script) => script.source === source)
      .map((script) => {
        const { log, problem } = runOnEngine(script);
        return { script: script.name, problem: problem === '' ? judge(script, log) : problem };
      })
      .filter(({ problem }) => problem !== '');
    expect(problems).toEqual([]);
  });
});

test('names are unique within their section', () => {
  const names = http2Scripts.map((script) => `${script.source}: ${script.name}`);
  expect(new Set(names).size).toBe(names.length);
});

test('docs/reference/http2-conformance.md lists the scripts (SLUICE_GOLDEN=write writes it)', () => {
  const path = join(repository, 'docs', 'reference', 'http2-conformance.md');
  const page = conformancePage(http2Scripts);
  if (process.env['SLUICE_GOLDEN'] === 'write') writeFileSync(path, page);
  expect(readFileSync(path, 'utf8')).toBe(page);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { armCrashPoint, crashPoints } from '../../../pools/runtimes/crash-points.js';
import { repository } from '../../support/paths.js';
import { sources } from '../../tidy/sources.js';
import { RecordingLogger } from '../../integration/runtimes/harness.js';

test('the page lists every point with its number and moment', () => {
  const page = readFileSync(join(repository, 'docs', 'contributing', 'crash-points.md'), 'utf8');
  const rows = page.split('\n').filter((line) => /^\| \d/.test(line));
  expect(rows).toEqual(crashPoints.map(({ name, moment }, index) => `| ${index + 1} | \`${name}\` | ${moment} |`));
});

test('every point is somewhere in the code', () => {
  const calls = sources()
    .filter(({ path }) => !path.startsWith('test/') && !path.endsWith('/crash-points.ts'))
    .flatMap(({ text }) => [...text.matchAll(/crashPoint\(([^)]*)\)/g)].map((match) => match[1] ?? ''))
    .join(' ');
  // Start and reload share some steps: there the name is put together.
  const isCalled = (name: string): boolean => calls.includes(`'${name}'`) || calls.includes(name.replace(/^\w+/, '}'));
  expect(crashPoints.map(({ name }) => name).filter((name) => !isCalled(name))).toEqual([]);
});

test('a value that is in no list refuses the start, and none arms nothing', () => {
  const logger = new RecordingLogger();
  armCrashPoint({}, logger);
  armCrashPoint({ SLUICE_CRASH_POINT: '' }, logger);
  expect(logger.lines).toEqual([]);
  for (const wanted of ['0', String(crashPoints.length + 1), 'start', '-1']) {
    expect(() => armCrashPoint({ SLUICE_CRASH_POINT: wanted }, logger)).toThrow('is no crash point');
  }
});

/**
 * `npm run acceptance [-- NAME... --short FACTOR --readme]`: every acceptance line as an experiment with its full
 * duration, one after the other on an otherwise quiet machine. Writes test/acceptance/results.md and pages of the
 * docs that show results; with `--readme` also those in the README.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../config/base/errors.js';
import { commit, machine } from '../bench/report.js';
import { repository } from '../support/paths.js';
import { monotonicMs } from '../support/time.js';
import type { Experiment, Outcome, Row } from './experiment.js';
import { experiments } from './experiments/all.js';

const resultsFile = join(repository, 'test', 'acceptance', 'results.md');

async function runOne(experiment: Experiment, scale: number): Promise<Outcome> {
  try {
    return await experiment.run(scale);
  } catch (error) {
    return { measured: 'did not finish', broken: [messageOf(error).split('\n')[0] ?? ''], missed: [] };
  }
}

function verdict(outcome: Outcome): string {
  const all = [...outcome.broken, ...outcome.missed];
  return all.length === 0 ? 'pass' : `**fail**: ${all.join('; ')}`;
}

/** A line of the table; what a tenant or tool printed must not break it. */
function row(of: Pick<Experiment, 'name' | 'promise'>, outcome: Outcome, stamp: string): string {
  const cells = [of.name, of.promise, outcome.measured, verdict(outcome), stamp];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\s+/g, ' ')).join(' | ')} |`;
}

/** Rows of earlier runs stay until their experiment runs again. */
function earlierRows(): Map<string, string> {
  if (!existsSync(resultsFile)) return new Map();
  const rows = readFileSync(resultsFile, 'utf8')
    .split('\n')
    .filter((line) => /^\| [a-z]/.test(line));
  return new Map(rows.map((line) => [line.split('|')[1]?.trim() ?? '', line]));
}

function writeResults(rows: ReadonlyMap<string, string>): void {
  const known = experiments.flatMap((one) =>
    [...rows].filter(([name]) => name === one.name || name.startsWith(`${one.name}/`)).map(([, line]) => line),
  );
  const text = [
    '# Acceptance results',
    '',
    'Written by `npm run acceptance`. Each line names the commit and Node version it was measured with.',
    '',
    `Machine: ${machine()}.`,
    '',
    '| experiment | promise | measured | verdict | run |',
    '| --- | --- | --- | --- | --- |',
    ...known,
    '',
  ];
  writeFileSync(resultsFile, text.join('\n'));
}

/** A line for each check of an experiment that has several; those of its last run go. */
function setCheckRows(rows: Map<string, string>, experiment: Experiment, checks: readonly Row[], stamp: string): void {
  for (const name of rows.keys()) if (name.startsWith(`${experiment.name}/`)) rows.delete(name);
  for (const check of checks) {
    const name = `${experiment.name}/${check.name}`;
    const outcome = { measured: check.measured, broken: check.broken, missed: [] };
    rows.set(name, row({ name, promise: '' }, outcome, stamp));
    console.log(`  ${check.name}: ${check.measured}: ${verdict(outcome)}`);
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      short: { type: 'string', default: '1' },
      list: { type: 'boolean', default: false },
      readme: { type: 'boolean', default: false },
    },
  });
  const scale = Number(values.short);
  const wanted = experiments.filter(
    (one) => positionals.length === 0 || positionals.some((name) => one.name.startsWith(name)),
  );
  if (values.list || wanted.length === 0) {
    for (const one of experiments) console.log(`${one.name.padEnd(32)} ${one.promise}`);
    return wanted.length === 0 ? 2 : 0;
  }
  const rows = earlierRows();
  let failures = 0;
  for (const experiment of wanted) {
    console.error(`${experiment.name}: ${experiment.promise}`);
    const startedMs = monotonicMs();
    const outcome = await runOne(experiment, scale);
    const seconds = Math.round((monotonicMs() - startedMs) / 1000);
    const short = scale === 1 ? '' : `, shortened x ${scale}`;
    const stamp = `${seconds} s, ${commit()}, Node ${process.versions.node}${short}`;
    if (outcome.broken.length + outcome.missed.length > 0) failures += 1;
    // A shortened run is a trial: it does not take the place of a figure of full length.
    if (scale === 1 || rows.get(experiment.name)?.includes(', shortened x ') !== false) {
      rows.set(experiment.name, row(experiment, outcome, stamp));
      setCheckRows(rows, experiment, outcome.rows ?? [], stamp);
    }
    console.log(`${experiment.name}: ${outcome.measured}: ${verdict(outcome)} (${seconds} s)`);
    writeResults(rows);
    outcome.publish?.({ shortened: short, readme: values.readme });
  }
  console.log(`${wanted.length - failures} passed, ${failures} failed, 0 skipped`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();

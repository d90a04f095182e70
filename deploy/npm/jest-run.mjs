// One run of jest with everything around it: a temp folder of its own, a watch over the processes it
// starts, skips with reasons, and counts that include what was left behind.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { cache, repository } from './paths.mjs';
import { watchProcesses } from './left-processes.mjs';

const require = createRequire(import.meta.url);

/** More than this many failed files are no accident of a busy machine. */
const runAgainMax = 6;

/**
 * Runs jest under `node` with `args`; `report` is where its JSON goes. Files that fail are run once more,
 * one at a time: real processes and sockets on a machine with other things to do miss a deadline now and
 * then. What passes only then is named, so that it gets mended.
 */
export async function runJest({ node, args, report }) {
  mkdirSync(dirname(report), { recursive: true });
  const first = await once({ node, args, report });
  const failed = failedFiles(first.results);
  if (failed.length === 0 || failed.length > runAgainMax) return told(first);
  // A test that fails half-way may not get to end what it started.
  for (const one of first.left) console.log(`by a test that failed: ${one}`);
  console.log(`${failed.length} files failed and run once more, one at a time`);
  const again = await once({
    node,
    args: ['--runInBand', '--runTestsByPath', ...failed],
    report: `${report}.again`,
  });
  for (const file of failed.filter((name) => !failedFiles(again.results).includes(name))) {
    console.log(`unsteady, passed on the second run only: ${relative(repository, file)}`);
  }
  const steady = first.results.testResults.filter(({ name }) => !failed.includes(name));
  const results = { testResults: [...steady, ...(again.results?.testResults ?? [])] };
  return told({ ...again, results: again.results === null ? null : results });
}

/** One process of jest: its results (null = none were written), exit code, and what it left behind. */
async function once({ node, args, report }) {
  const temp = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  chmodSync(temp, 0o755);
  rmSync(report, { force: true });
  const jest = join(dirname(require.resolve('jest/package.json')), 'bin', 'jest.js');
  const options = ['-c', join(repository, 'jest.config.json'), '--cacheDirectory', join(cache, 'jest')];
  const child = spawn(
    node,
    ['--experimental-vm-modules', '--no-warnings', jest, ...options, '--json', '--outputFile', report, ...args],
    {
      cwd: repository,
      // jest prints its JSON on stdout as well; people read what it says on stderr.
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, TMPDIR: temp, NODE_OPTIONS: '--experimental-vm-modules --no-warnings' },
    },
  );
  const watch = watchProcesses(child.pid, temp);
  const end = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, end);
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (exit) => resolve(exit ?? 1));
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, end);
  const processes = (await watch.left()).map((one) => `process left behind: ${one}`);
  const files = readdirSync(temp).map((name) => `temp folder left behind: ${join(temp, name)}`);
  rmSync(temp, { recursive: true, force: true });
  return { results: readReport(report), code, left: [...processes, ...files] };
}

function readReport(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return null;
  }
}

function failedFiles(results) {
  return (results?.testResults ?? []).filter(({ status }) => status === 'failed').map(({ name }) => name);
}

function told({ results, code, left }) {
  const counts = summary(results, code);
  for (const line of left) console.log(line);
  counts.failed += left.length;
  return { counts, ok: code === 0 && counts.failed === 0 };
}

function summary(results, code) {
  if (results === null) return { passed: 0, failed: 1, skipped: 0 };
  const all = results.testResults.flatMap(({ assertionResults }) => assertionResults);
  tellSkipped(all.filter(({ status }) => status === 'pending'));
  const count = (...states) => all.filter(({ status }) => states.includes(status)).length;
  // A suite that does not even load has no tests to count.
  const broken = results.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
  );
  const failed = count('failed') + broken.length;
  return {
    passed: count('passed'),
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: count('pending', 'todo'),
  };
}

function tellSkipped(skipped) {
  const reasons = new Map();
  for (const { title } of skipped) {
    const reason = /\[([^\]]+)\]$/.exec(title)?.[1] ?? 'not chosen by the pattern';
    reasons.set(reason, [...(reasons.get(reason) ?? []), title.replace(/ \[[^\]]+\]$/, '')]);
  }
  for (const [reason, titles] of reasons) {
    console.log(`skipped, ${reason}: ${titles.length}`);
    if (!reason.startsWith('not chosen')) for (const title of titles) console.log(`  - ${title}`);
  }
}

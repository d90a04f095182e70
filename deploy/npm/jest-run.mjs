// One run of jest with everything around it: a temp folder of its own, a watch over the processes it
// starts, skips with reasons, and counts that include what was left behind.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cache, repository } from './paths.mjs';
import { watchProcesses } from './left-processes.mjs';

const require = createRequire(import.meta.url);

/** Runs jest under `node` with `args`; `report` is where its JSON goes. */
export async function runJest({ node, args, report }) {
  const temp = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  chmodSync(temp, 0o755);
  mkdirSync(dirname(report), { recursive: true });
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
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (exit) => resolve(exit ?? 1));
  });
  const left = [...(await watch.left()).map((one) => `process left behind: ${one}`), ...leftFiles(temp)];
  rmSync(temp, { recursive: true, force: true });
  const counts = summary(report, code);
  for (const line of left) console.log(line);
  counts.failed += left.length;
  return { counts, ok: code === 0 && counts.failed === 0 };
}

function leftFiles(temp) {
  return readdirSync(temp).map((name) => `temp folder left behind: ${join(temp, name)}`);
}

function summary(report, code) {
  let results;
  try {
    results = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const reasons = new Map();
  for (const file of results.testResults) {
    for (const one of file.assertionResults.filter((result) => result.status === 'pending')) {
      const reason = /\[([^\]]+)\]$/.exec(one.title)?.[1] ?? 'not chosen by the pattern';
      reasons.set(reason, [...(reasons.get(reason) ?? []), one.title.replace(/ \[[^\]]+\]$/, '')]);
    }
  }
  for (const [reason, titles] of reasons) {
    console.log(`skipped, ${reason}: ${titles.length}`);
    if (!reason.startsWith('not chosen')) for (const title of titles) console.log(`  - ${title}`);
  }
  // A suite that does not even load has no tests to count.
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

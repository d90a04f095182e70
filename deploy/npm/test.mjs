// `npm test`: every test on compiled output, one line per skip with its reason, and proof that the run
// left no process and no temp folder behind. Last line: `N passed, N failed, N skipped`.
// Arguments are passed on to jest (patterns, -t NAME).
import { join } from 'node:path';
import { runJest } from './jest-run.mjs';
import { repository } from './paths.mjs';

const { counts, ok } = await runJest({
  node: process.execPath,
  args: process.argv.slice(2),
  report: join(repository, 'dist', 'test-report.json'),
});
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = ok ? 0 : 1;

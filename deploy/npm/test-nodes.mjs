// `npm run test:nodes [-- 22 24 26] [--data-path]`: the tests, or only those of data path and hosting, again on
// other Node versions, which come from the npm registry as plain packages (no install script, integrity by the registry).
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runJest } from './jest-run.mjs';
import { cache, repository } from './paths.mjs';

/** What depends on the Node version: framing, sockets, the link, hosting. */
const dataPath = [
  'unit/(http1|http2|link|listener|primary|runtimes)',
  'integration/(http2|in-process|listener|runtimes|server)',
  'conformance',
];
/** Of these folders: what no version of Node makes different, and takes long. */
const alikeEverywhere = [
  'a-pool-starts-on-the-first-request',
  'an-authority-issues-certificates',
  'clients-stay-with-their-worker',
  'dotnet-app-starts-and-stops',
  'examples-show-isolation',
  'hostile-clients-cost-nobody',
  'hosting-settings-act-on-real-programs',
  'limits-are-polled-without-control-groups',
  'limits-hold-over-all-listeners',
  'new-workers-are-warm-before-clients-come',
  'out-of-process-start-failures-name-their-cause',
  'pools-are-apart',
  'requests-and-bandwidth-are-limited',
  'slow-clients-and-workers-run-out-of-time',
  'stops-and-reloads-by-signal',
  'unix-sockets-of-workers-are-their-own',
  'workers-links-are-untrusted',
];
const everything = ['unit', 'integration', 'conformance', 'hostile', 'fault'];
const args = process.argv.slice(2);
const isDataPath = args.includes('--data-path');
const suites = isDataPath ? dataPath : everything;
const named = args.filter((arg) => !arg.startsWith('--'));
const versions = named.length > 0 ? named : ['22', '24', '26'];

function nodeOf(version) {
  const prefix = join(cache, `node${version}`);
  const name = `node-linux-${process.arch}`;
  const binary = join(prefix, 'node_modules', name, 'bin', 'node');
  if (!existsSync(binary)) {
    mkdirSync(prefix, { recursive: true });
    const args = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', `${name}@${version}`];
    execFileSync('npm', args, { stdio: ['ignore', 'inherit', 'inherit'], cwd: prefix });
  }
  // Pools run under ids of their own and have to reach the binary.
  for (const folder of [cache, prefix, join(prefix, 'node_modules')]) chmodSync(folder, 0o755);
  return binary;
}

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const version of versions) {
  const node = nodeOf(version);
  console.log(`Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}`);
  const pattern = `dist/test/(${suites.join('|')})/`;
  const { counts } = await runJest({
    node,
    args: [
      '--testPathPatterns',
      pattern,
      ...(isDataPath ? ['--testPathIgnorePatterns', `/(${alikeEverywhere.join('|')})\\.test\\.js$`] : []),
    ],
    report: join(repository, 'dist', `test-report-node${version}.json`),
  });
  console.log(`Node ${version}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  for (const key of Object.keys(sum)) sum[key] += counts[key];
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 ? 0 : 1;

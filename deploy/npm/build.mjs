// `npm run build`: compiles every project, then bundles the preload of in-process workers.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
process.chdir(root);
const require = createRequire(import.meta.url);

const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
try {
  execFileSync(process.execPath, [tsc, '-b', ...process.argv.slice(2)], { stdio: 'inherit' });
} catch (error) {
  process.exit(typeof error.status === 'number' ? error.status : 1);
}

const hostEntry = 'dist/pools/runtimes/in-process/host/host-main.js';
if (existsSync(hostEntry)) {
  const { build } = await import('esbuild');
  await build({
    entryPoints: [hostEntry],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    outfile: 'dist/pools/runtimes/in-process/host.cjs',
    legalComments: 'none',
    logLevel: 'warning',
  });
}

// `npm run build`: compiles every project, then bundles the preload of in-process workers
// and the package for programs hosted out-of-process.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
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

const { build } = await import('esbuild');
const bundled = { bundle: true, platform: 'node', format: 'cjs', legalComments: 'none', logLevel: 'warning' };

// What the dashboard consists of besides its compiled modules.
cpSync('server/ui', 'dist/server/ui', { recursive: true, filter: (path) => !/\.(ts|json)$/.test(path) });

// The preload, and the thread that watches the loop the preload shares with the app.
for (const [entry, outfile] of [
  ['host-main.js', 'host.cjs'],
  ['watchdog-main.js', 'watchdog.cjs'],
]) {
  const entryPoint = join('dist/pools/runtimes/in-process/host', entry);
  if (!existsSync(entryPoint)) continue;
  await build({
    ...bundled,
    entryPoints: [entryPoint],
    target: 'node20',
    outfile: join('dist/pools/runtimes/in-process', outfile),
  });
}

// The package for application authors: one CommonJS file, which `import` can load as well, and its types.
const compiled = 'dist/pools/integration';
const packaged = 'pools/integration/dist';
await build({
  ...bundled,
  entryPoints: [join(compiled, 'index.js')],
  target: 'node18',
  outfile: join(packaged, 'index.cjs'),
});
for (const name of ['index', 'hosted-env', 'metrics']) {
  const types = readFileSync(join(compiled, `${name}.d.ts`), 'utf8').replaceAll(".js'", ".cjs'");
  writeFileSync(join(packaged, `${name}.d.cts`), types);
}

// `npm start`: builds what is not built yet, then runs Sluice with the examples in this very process.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = realpathSync(join(dirname(fileURLToPath(import.meta.url)), '..', '..'));
const cli = join(root, 'dist', 'server', 'cli', 'main.js');
const examples = join(root, 'examples');

/** The newest change below the folders, in ms; files that are not there count as never changed. */
function newestChange(paths, isSource) {
  let newest = 0;
  for (const path of paths) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) continue;
    if (!found.isDirectory()) newest = Math.max(newest, found.mtimeMs);
    else {
      const inner = readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() || isSource(entry.name))
        .map((entry) => join(path, entry.name));
      newest = Math.max(newest, newestChange(inner, isSource));
    }
  }
  return newest;
}

function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** In an installed package there is nothing to build. In a checkout a stamp says what was built when. */
function build() {
  if (!existsSync(join(root, 'tsconfig.json'))) return;
  const stamp = join(root, 'dist', '.tsbuild', 'start.stamp');
  const sources = ['config', 'pools', 'server', 'tsconfig.json', 'package.json'].map((name) => join(root, name));
  const newest = newestChange(sources, (name) => name.endsWith('.ts') || name === 'tsconfig.json');
  if (existsSync(cli) && changedAt(stamp) > newest) return;
  console.log('building Sluice (only when something changed) ...');
  const built = spawnSync(process.execPath, [join(root, 'deploy', 'npm', 'build.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(built.status ?? 1);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
}

function isThere(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore', env: dotnetEnvironment() }).status === 0;
}

/** dotnet writes its caches below HOME; they stay in this folder, which is not ours to fill otherwise. */
function dotnetEnvironment() {
  const home = join(root, '.cache', 'dotnet');
  mkdirSync(home, { recursive: true });
  return {
    ...process.env,
    HOME: home,
    DOTNET_CLI_HOME: home,
    TMPDIR: home,
    DOTNET_NOLOGO: '1',
    DOTNET_CLI_TELEMETRY_OPTOUT: '1',
    // No build server stays behind.
    MSBUILDDISABLENODEREUSE: '1',
    DOTNET_CLI_USE_MSBUILD_SERVER: '0',
    UseSharedCompilation: 'false',
  };
}

/** Publishes the ASP.NET Core example where it is not yet; returns what the table shows instead of its state, or ''. */
function publishAspNetCore() {
  const folder = join(examples, 'aspnetcore');
  const published = join(folder, 'publish', 'web.config');
  const sources = ['Program.cs', 'aspnetcore.csproj'].map((name) => join(folder, name));
  if (changedAt(published) > newestChange(sources, () => true)) return '';
  if (!isThere('dotnet')) return 'needs dotnet';
  console.log('publishing the ASP.NET Core example (first start only) ...');
  const done = spawnSync('dotnet', ['publish', '-c', 'Release', '-o', 'publish', '-v', 'quiet'], {
    cwd: folder,
    env: dotnetEnvironment(),
    encoding: 'utf8',
  });
  if (done.status === 0) return '';
  console.error(`${done.stdout}${done.stderr}`.trimEnd().split('\n').slice(-5).join('\n'));
  return 'dotnet publish failed';
}

/** The first folder on the way to `path` that other users cannot enter, or null. */
function firstClosedFolder(path) {
  const folders = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  return folders.find((folder) => (statSync(folder).mode & 0o001) === 0) ?? null;
}

/** As root every pool gets a user of its own; where those users cannot reach us, this run does without. */
function isolationFlags() {
  if (process.getuid() !== 0) return [];
  const closed = firstClosedFolder(join(examples, 'sluice.yaml')) ?? firstClosedFolder(realpathSync(process.execPath));
  if (closed === null) return [];
  console.log(
    `note: other users cannot enter ${closed}, so this run uses --isolation process: pools are not protected from each other.`,
  );
  return ['--isolation', 'process'];
}

build();
const notes = [];
const aspNetCore = publishAspNetCore();
if (aspNetCore !== '') notes.push('--note', `examples/aspnetcore=${aspNetCore}`);
if (!existsSync('/usr/bin/python3')) notes.push('--note', 'examples/python=needs python3');
process.argv = [
  process.execPath,
  cli,
  'start',
  join(examples, 'sluice.yaml'),
  ...isolationFlags(),
  ...notes,
  ...process.argv.slice(2),
];
await import(cli);

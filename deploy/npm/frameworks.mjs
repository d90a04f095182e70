// `node deploy/npm/frameworks.mjs [more-frameworks] [next-app]`: installs into .cache, each by its own lock file, the
// frameworks that only tests of hosting use and that would make every `npm ci` heavier. What is there and in step
// with its sources stays. test/support/more-frameworks.ts uses it.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, repository } from './paths.mjs';

/** `inputs`: the files that decide the result; `build`: what node runs after `npm ci`. */
const sets = {
  'more-frameworks': { inputs: ['package.json', 'package-lock.json'], build: null },
  'next-app': {
    inputs: [
      'package.json',
      'package-lock.json',
      'next.config.mjs',
      'app/layout.js',
      'app/page.js',
      'app/api/route.js',
    ],
    build: ['node_modules/next/dist/bin/next', 'build'],
  },
};
const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_OPTIONS: '' };

function isInStep(source, installed, inputs) {
  return inputs.every((name) => {
    const copy = join(installed, name);
    return existsSync(copy) && readFileSync(copy).equals(readFileSync(join(source, name)));
  });
}

function install(name) {
  const { inputs, build } = sets[name];
  const source = join(repository, 'test', 'apps', name);
  const installed = join(cache, name);
  if (isInStep(source, installed, inputs)) return installed;
  const unfinished = `${installed}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    for (const input of inputs) cpSync(join(source, input), join(unfinished, input));
    const run = (command, args) =>
      execFileSync(command, args, { cwd: unfinished, env: environment, stdio: ['ignore', 'inherit', 'inherit'] });
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
    if (build !== null) run(process.execPath, build);
    // Pools run under ids of their own and have to reach the packages.
    for (const one of [cache, unfinished, join(unfinished, 'node_modules')]) chmodSync(one, 0o755);
    rmSync(installed, { recursive: true, force: true });
    renameSync(unfinished, installed);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return installed;
}

const names = process.argv.length > 2 ? process.argv.slice(2) : ['more-frameworks'];
for (const name of names) {
  if (!(name in sets)) throw new Error(`${name}: one of ${Object.keys(sets).join(', ')}`);
  console.log(install(name));
}

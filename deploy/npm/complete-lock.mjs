// `node deploy/npm/complete-lock.mjs [FOLDER]` after an `npm install` that changed the lock file there (default: ours):
// enters the optional packages of other platforms that npm left out because the registry in reach does not offer them. `npm ci` insists on
// an entry for each; version and platform are enough for it to skip them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { repository } from './paths.mjs';

const file = join(resolve(process.argv[2] ?? repository), 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const systems = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32', 'aix'];
const processors = ['arm64', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'arm', 'mips64el', 'wasm32'];

function entry(name, version, isDev) {
  const words = name.split(/[/-]/);
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : null;
  return {
    version,
    cpu: processors.filter((one) => words.includes(one)),
    ...(isDev ? { dev: true } : {}),
    optional: true,
    os: systems.filter((one) => words.includes(one)),
    ...(libc === null ? {} : { libc: [libc] }),
  };
}

let added = 0;
for (const [path, described] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(described.optionalDependencies ?? {})) {
    const places = [`node_modules/${name}`, `${path}/node_modules/${name}`];
    if (places.some((place) => place in lock.packages)) continue;
    lock.packages[places[0]] = entry(name, version.replace(/^[\^~]/, ''), described.dev === true);
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} optional packages entered`);

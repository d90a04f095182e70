/**
 * Stands for `node:24-bookworm-slim`, which no test machine can fetch: Debian's smallest system with apt, and the Node and npm
 * that run the tests where the official image has them. The packages are copied from this machine, which is Debian too:
 * debootstrap takes 50 s for the same, the copy 3 s. Made once for each machine; it stays in buildah's store.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../program.js';
import { removeFolder, tempFolder } from '../temp-folder.js';

/** Beside those that Debian calls essential. */
const furtherPackages = ['apt', 'ca-certificates', 'debian-archive-keyring', 'passwd'];
const officialPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const dpkg = '/var/lib/dpkg';

/** Runs to its end; throws with what was printed unless it ends with 0. */
export async function must(command: string, args: readonly string[], limitMs = 300_000): Promise<string> {
  // Where buildah keeps its cache between builds anyway; the folder for this run's files has to be empty in the end.
  const env = command === 'buildah' ? { ...process.env, TMPDIR: '/var/tmp' } : process.env;
  const { code, output } = await run(command, args, { limitMs, env });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${output.slice(-4_000)}`);
  return output.trim();
}

/** Its name in the store of buildah. */
export async function baseImage(): Promise<string> {
  const name = `localhost/sluice-test-base:bookworm-${process.version}`;
  if ((await run('buildah', ['inspect', '--type', 'image', name])).code === 0) return name;
  const folder = tempFolder('base');
  try {
    const root = join(folder, 'root');
    addSystem(root, smallestSystem());
    addNode(root);
    const container = await must('buildah', ['from', 'scratch']);
    await must('buildah', ['add', '--quiet', container, root, '/']);
    await must('buildah', ['config', '--env', `PATH=${officialPath}`, '--cmd', 'node', container]);
    await must('buildah', ['commit', '--quiet', '--rm', container, name]);
    return name;
  } finally {
    removeFolder(folder);
  }
}

/** Names of the packages, with everything they depend on. */
function smallestSystem(): readonly string[] {
  const format = '${Package}\t${Essential}\t${Pre-Depends}, ${Depends}\t${Provides}\n';
  const told = execFileSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const depends = new Map<string, string>();
  const providers = new Map<string, string>();
  const found = new Set(furtherPackages);
  for (const line of told.split('\n')) {
    const [name = '', essential, needs = '', provides = ''] = line.split('\t');
    depends.set(name, needs);
    for (const one of namesIn(provides)) providers.set(one, name);
    if (essential === 'yes') found.add(name);
  }
  // A Set may grow while it is walked: what is added is walked too.
  for (const name of found) {
    for (const need of (depends.get(name) ?? '').split(',')) {
      const installed = namesIn(need.replaceAll('|', ',')).map((one) => (depends.has(one) ? one : providers.get(one)));
      const first = installed.find((one) => one !== undefined);
      if (first !== undefined) found.add(first);
    }
  }
  return [...found];
}

/** `libc6 (>= 2.36), libgcc-s1:any` -> libc6, libgcc-s1. */
function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((one) => one.trim().replace(/[\s:(].*$/, ''))
    .filter((one) => one !== '');
}

function addSystem(root: string, packages: readonly string[]): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
  const owned = execFileSync('dpkg-query', ['-L', ...packages], { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n');
  const owner = (file: string): string => file.replace(/(:\w+)?\.\w+$/, '');
  const info = readdirSync(join(dpkg, 'info')).filter((file) => packages.includes(owner(file)));
  const list = [
    ...owned.filter(
      (path) => path.startsWith('/') && !/^\/(\.|s?bin|lib|lib64)$|^\/usr\/share\/(doc|man|locale|info)\//.test(path),
    ),
    ...info.map((file) => join(dpkg, 'info', file)),
    '/etc/ca-certificates.conf',
    '/etc/apt/sources.list.d/debian.sources',
    '/usr/bin/awk',
  ].filter((path) => existsSync(path));
  const files = join(dirname(root), 'files');
  writeFileSync(files, list.map((path) => path.slice(1)).join('\n'));
  const copy = `tar -C / -c --no-recursion -T ${files} | tar -C ${root} -x --keep-directory-symlink`;
  execFileSync('/bin/sh', ['-c', copy], { stdio: ['ignore', 'ignore', 'ignore'] });
  // Who vouches for the package servers in reach.
  for (const path of ['/etc/alternatives', '/etc/ssl/certs', '/usr/local/share/ca-certificates']) {
    if (!existsSync(path)) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    execFileSync('cp', ['-a', path, dirname(join(root, path))]);
  }
  const masters = '/usr/share/base-passwd';
  for (const name of ['passwd', 'group']) cpSync(join(masters, `${name}.master`), join(root, 'etc', name));
  const status = execFileSync('dpkg-query', ['-s', ...packages], { encoding: 'utf8', maxBuffer: 1 << 26 });
  mkdirSync(join(root, dpkg, 'updates'), { recursive: true });
  writeFileSync(join(root, dpkg, 'status'), status);
  for (const name of ['tmp', 'proc', 'sys', 'dev', 'run']) mkdirSync(join(root, name), { recursive: true });
  execFileSync('chmod', ['1777', join(root, 'tmp')]);
  execFileSync('ldconfig', ['-r', root]);
}

function addNode(root: string): void {
  const local = join(root, 'usr', 'local');
  mkdirSync(join(local, 'bin'), { recursive: true });
  cpSync(realpathSync(process.execPath), join(local, 'bin', 'node'));
  const npm = dirname(dirname(realpathSync('/usr/bin/npm')));
  mkdirSync(join(local, 'lib', 'node_modules'), { recursive: true });
  execFileSync('cp', ['-r', npm, join(local, 'lib', 'node_modules', 'npm')]);
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin', 'npm'));
  // How this machine reaches its registry.
  const settings = '/usr/etc/npmrc';
  mkdirSync(join(local, 'etc'), { recursive: true });
  if (existsSync(settings)) cpSync(settings, join(local, 'etc', 'npmrc'));
}

/** Our own copy of the configuration on a disk that is full or fails, and what a power cut would leave of it. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../../../config/base/errors.js';
import { reasonToSkip } from '../../../support/missing.js';
import { canSwitchUsers, repository } from '../../../support/paths.js';
import { run as runProgram } from '../../../support/program.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { until } from '../../../support/time.js';
import { type Row, violations } from '../../experiment.js';
import { MortalServer } from './mortal-server.js';

const copyName = 'last-good.json';

/** Where the copy is not kept (a run as root without users of its own) there is nothing to lose. */
function cannotRun(): string | null {
  if (process.getuid?.() === 0 && !canSwitchUsers()) return 'the copy is not kept here';
  return reasonToSkip(['strace']);
}

function editionOf(copy: string): string {
  return /"EDITION"[^}]*?"value":"(\d+)"/.exec(copy)?.[1] ?? /EDITION\D+(\d+)/.exec(copy)?.[1] ?? 'none';
}

/** Applied all the same, the copy before it is whole and has its name, and the log says so. */
async function whileItFails(server: MortalServer, copy: string): Promise<readonly string[]> {
  const before = readFileSync(copy, 'utf8');
  const told = server.life.output().split('last-good-not-stored').length;
  server.change();
  await server.serves();
  await until('the log says so', () => server.life.output().split('last-good-not-stored').length > told);
  return violations({ 'the copy before is as it was': readFileSync(copy, 'utf8') === before });
}

async function afterwards(server: MortalServer, copy: string): Promise<void> {
  server.change();
  await server.serves();
  await until('the copy follows again', () => editionOf(readFileSync(copy, 'utf8')) === String(server.edition));
}

/** The whole instance on a small disk: run folder, state, logs. */
async function fullDisk(): Promise<Row> {
  const name = 'full disk';
  const mount = tempFolder('full');
  const mounted = await runProgram('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0755', 'tmpfs', mount]);
  if (mounted.code !== 0) {
    removeFolder(mount);
    return { name, measured: 'no tmpfs can be mounted here', broken: [] };
  }
  const server = new MortalServer({ server: { stateDir: join(mount, 'state'), logDir: join(mount, 'log') } });
  const ballast = join(mount, 'ballast');
  const copy = join(mount, 'state', copyName);
  try {
    await server.start();
    await server.serves();
    await until('the first copy', () => editionOf(readFileSync(copy, 'utf8')) === '1');
    fill(ballast);
    const broken = await whileItFails(server, copy);
    rmSync(ballast);
    await afterwards(server, copy);
    const exit = await server.life.program.stop('SIGTERM', 60_000);
    return {
      name,
      measured: 'the change was applied, the copy before it kept, and the next one written when there was room',
      broken: [...broken, ...violations({ [`it ended with ${exit.code ?? exit.signal}`]: exit.code === 0 })],
    };
  } finally {
    await server.kill();
    await runProgram('umount', [mount]);
    removeFolder(mount);
  }
}

function fill(file: string): void {
  for (let size = 4 << 20; size >= 1; size >>= 1) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Smaller pieces fill the rest.
    }
  }
}

/** One call of the kernel fails for the new copy alone. */
async function failing(call: 'write' | 'fsync' | 'rename', error: 'EIO' | 'ENOSPC'): Promise<Row> {
  const name = `${error} from ${call}`;
  const state = tempFolder('state');
  const copy = join(state, copyName);
  const server = new MortalServer({ server: { stateDir: state } });
  try {
    await server.start();
    await server.serves();
    await until('the first copy', () => editionOf(readFileSync(copy, 'utf8')) === '1');
    await server.life.program.stop('SIGTERM', 60_000);
    const options = ['-f', '-D', '-qq', '-o', '/dev/null', '-P', `${copy}.new`];
    await server.start({ through: ['strace', ...options, '-e', `inject=${call}:error=${error}`] });
    await server.serves();
    const broken = await whileItFails(server, copy);
    await server.life.program.stop('SIGTERM', 60_000);
    await server.start();
    await server.serves();
    await until('the copy follows again', () => editionOf(readFileSync(copy, 'utf8')) === String(server.edition));
    return { name, measured: 'the change was applied, the copy before it kept', broken };
  } finally {
    await server.kill();
    removeFolder(state);
  }
}

/** What a power cut leaves is what was synced: content before the name, and the name before anything relies on it. */
export async function powerCut(): Promise<Row> {
  const folder = tempFolder('power');
  const file = join(folder, 'file');
  const trace = join(folder, 'trace');
  const module = (path: string): string => pathToFileURL(join(repository, 'dist', ...path.split('/'))).href;
  const script = `
    const { replaceFile } = await import('${module('config/change/replace-file.js')}');
    const { writeAtomic } = await import('${module('pools/runtimes/files.js')}');
    await replaceFile('${file}-1', 'x'.repeat(200_000), 0o600);
    writeAtomic('${file}-2', 'x'.repeat(200_000));
  `;
  try {
    const calls = 'trace=write,pwrite64,writev,pwritev,fsync,fdatasync,rename,renameat,renameat2';
    const args = [
      '-f',
      '-y',
      '-s',
      '0',
      '-e',
      calls,
      '-o',
      trace,
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    await runProgram('strace', args);
    const lines = readFileSync(trace, 'utf8').split('\n');
    const found = ['-1', '-2'].map((end) => order(lines, `${file}${end}`, folder));
    const wanted = 'write, fsync, rename, fsync of the folder';
    return {
      name: 'power cut',
      measured: `asynchronous: ${found[0]}; at once: ${found[1]}`,
      broken: violations({ [`not ${wanted}: ${found.join('; ')}`]: found.every((one) => one === wanted) }),
    };
  } finally {
    removeFolder(folder);
  }
}

/** The calls for one file in their order, repeated ones once. */
function order(lines: readonly string[], file: string, folder: string): string {
  const steps: string[] = [];
  let isRenamed = false;
  for (const line of lines) {
    const call = /^\d+ +(\w+)\(/.exec(line)?.[1] ?? '';
    const isFile = line.includes(`${file}.new`);
    const isFolder = isRenamed && line.includes(`<${folder}>`);
    if (!isFile && !isFolder) continue;
    isRenamed ||= call.startsWith('rename');
    const step = isFolder
      ? `${call} of the folder`
      : call.replace(/^p?write(v|64)?$/, 'write').replace(/^rename.*/, 'rename');
    if (steps.at(-1) !== step && !steps.includes('fsync of the folder')) steps.push(step);
  }
  return steps.join(', ');
}

export async function brokenDisks(scale: number): Promise<readonly Row[]> {
  const skip = cannotRun();
  if (skip !== null) return [{ name: 'broken disks', measured: skip, broken: [] }];
  const calls = [
    ['write', 'ENOSPC'],
    ['write', 'EIO'],
    ['fsync', 'EIO'],
    ['rename', 'EIO'],
  ] as const;
  const rows: Row[] = [await powerCut()];
  const parts = [
    fullDisk,
    ...calls.map(
      ([call, error]) =>
        () =>
          failing(call, error),
    ),
  ];
  for (const part of scale < 1 ? parts.slice(0, 2) : parts) {
    rows.push(
      await part().catch((error: unknown) => ({
        name: 'broken disks',
        measured: 'did not finish',
        broken: [messageOf(error)],
      })),
    );
  }
  return rows;
}

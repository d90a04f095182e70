import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { outputBurstBytes, outputBytesPerSecondMax, outputTailBytes } from '../../../config/base/limits.js';
import { openStdoutLog } from '../../../pools/runtimes/stdout-log.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { monotonicMs, until } from '../../support/time.js';
import { misbehaving, RecordingLogger, RuntimeHarness } from './harness.js';

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('the output of a worker', () => {
  let harness: RuntimeHarness;
  beforeAll(() => {
    harness = new RuntimeHarness();
  });
  afterAll(() => harness.close());

  test('is read at the limited rate beyond the burst, and only its tail is kept', async () => {
    const startedAtMs = monotonicMs();
    const worker = harness.start({
      physicalPath: misbehaving,
      hosting: { processPath: process.execPath, arguments: ['floods-stdout.js'] },
    });
    await until('the worker is left unread', () => harness.logger.has('worker-output-limited'), { withinMs: 60_000 });
    await until('it is left unread again', () => harness.outputPauses.length >= 2, { withinMs: 60_000 });
    expect(harness.outputPauses).toEqual(harness.outputPauses.map(() => 'shop'));
    expect(harness.logger.count('worker-output-limited')).toBe(1);
    const secondsMax = (monotonicMs() - startedAtMs) / 1_000;
    const written = (): number => filesBelow(harness.logDir).reduce((sum, file) => sum + statSync(file).size, 0);
    expect(written()).toBeLessThanOrEqual(outputBurstBytes + (secondsMax + 2) * outputBytesPerSecondMax);
    worker.handle?.kill();
    const exit = await worker.whenExited();
    expect(exit.outputTail).toHaveLength(outputTailBytes);
    for (const file of filesBelow(harness.logDir)) {
      expect(statSync(file).mode & 0o777).toBe(0o640);
      expect(statSync(file).size).toBeLessThanOrEqual(10_485_760 + 65_536);
    }
  }, 90_000);

  test('goes to the file of its application, with control bytes escaped', async () => {
    const worker = harness.start({
      physicalPath: misbehaving,
      path: '/colours',
      hosting: { processPath: process.execPath, arguments: ['exits-at-start.js'] },
    });
    await worker.whenFailed();
    const [file = ''] = filesBelow(harness.logDir).filter((path) => path.includes('colours'));
    expect(readFileSync(file, 'utf8')).toBe('no database here\\x1b[31m\nno database here\\x1b[31m\n');
  });

  test('goes raw to stdoutLogFile when that is enabled', async () => {
    const folder = tempFolder('stdout');
    cpSync(join(misbehaving, 'exits-at-start.js'), join(folder, 'exits-at-start.cjs'));
    const worker = harness.start({
      physicalPath: folder,
      hosting: {
        processPath: process.execPath,
        arguments: ['exits-at-start.cjs'],
        stdoutLogEnabled: true,
        stdoutLogFile: '.\\logs\\stdout',
      },
    });
    await worker.whenFailed();
    const names = readdirSync(join(folder, 'logs'));
    expect(names).toHaveLength(2);
    for (const name of names) {
      expect(name).toMatch(/^stdout_2\d{13}_\d+\.log$/);
      expect(worker.pids).toContain(Number(/_(\d+)\.log$/.exec(name)?.[1]));
      expect(statSync(join(folder, 'logs', name)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(folder, 'logs', name), 'utf8')).toBe('no database here\u001b[31m\n');
    }
    removeFolder(folder);
  });
});

describe('stdoutLogFile cannot lead us astray', () => {
  const wallMs = Date.UTC(2018, 1, 5, 19, 41, 32);
  const stamped = 'stdout_20180205194132_1934.log';
  let folder: string;
  let logger: RecordingLogger;
  beforeAll(() => {
    logger = new RecordingLogger();
  });

  function open(file: string, uid = 52_345): ReturnType<typeof openStdoutLog> {
    const identity = process.getuid?.() === 0 ? { uid, gid: uid, userName: 'x', exclusive: true } : null;
    return openStdoutLog({ file, physicalPath: join(folder, 'app'), identity, pid: 1_934, wallMs, logger });
  }

  function prepare(): void {
    folder = tempFolder('astray');
    mkdirSync(join(folder, 'app', 'logs'), { recursive: true });
    mkdirSync(join(folder, 'outside'));
  }

  test('by a symbolic link in place of a folder', () => {
    prepare();
    symlinkSync(join(folder, 'outside'), join(folder, 'app', 'linked'));
    expect(open('linked/stdout')).toBeNull();
    expect(readdirSync(join(folder, 'outside'))).toEqual([]);
    expect(logger.has('stdout-log-failed')).toBe(true);
    removeFolder(folder);
  });

  test.each(['symlink', 'hard link', 'folder'])('by a %s in place of the file', (kind) => {
    prepare();
    const target = join(folder, 'outside', 'precious');
    writeFileSync(target, 'precious', { mode: 0o644 });
    const place = join(folder, 'app', 'logs', stamped);
    if (kind === 'symlink') symlinkSync(target, place);
    else if (kind === 'hard link') linkSync(target, place);
    else mkdirSync(place);
    expect(open('logs/stdout')).toBeNull();
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(statSync(target).mode & 0o777).toBe(0o644);
    removeFolder(folder);
  });

  test('by a path outside the application folder that is not the pool’s', () => {
    prepare();
    const sink = open('../outside/stdout');
    // Without root the primary writes what its own user may write.
    expect(sink === null).toBe(process.getuid?.() === 0);
    expect(existsSync(join(folder, 'outside', stamped))).toBe(process.getuid?.() !== 0);
    removeFolder(folder);
  });

  test('and a good path gets a file of the pool, folders included', async () => {
    prepare();
    const sink = open('.\\new\\deep\\stdout');
    expect(sink).not.toBeNull();
    const file = statSync(join(folder, 'app', 'new', 'deep', stamped));
    expect(file.mode & 0o777).toBe(0o600);
    expect(file.uid).toBe(process.getuid?.() === 0 ? 52_345 : process.getuid?.());
    await sink?.close();
    removeFolder(folder);
  });
});

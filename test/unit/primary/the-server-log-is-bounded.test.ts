import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { logBacklogBytesMax, logFieldCharsMax } from '../../../config/base/limits.js';
import { type Logger, silentLogger } from '../../../config/base/logger.js';
import { LogFile } from '../../../server/log/log-file.js';
import { createServerLog } from '../../../server/log/server-log.js';
import { systemClock } from '../../../server/primary/clock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = tempFolder();
  path = join(folder, 'sluice.log');
});
afterEach(() => removeFolder(folder));

/** Trouble with the file fails the test where it happens. */
const failing: Logger = {
  ...silentLogger,
  warn: (event, fields) => {
    throw new Error(`${event} ${JSON.stringify(fields)}`);
  },
};

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n');

describe('the file of the server log', () => {
  test('is rotated by size, and what is kept has an end', async () => {
    const file = new LogFile(path, failing, 1_000);
    for (let round = 0; round < 20; round += 1) {
      file.write(`${String(round).padEnd(400)}\n`);
      await until('it is written', () => linesOf(path).some((line) => line.trim() === String(round)));
    }
    file.close();
    expect(readdirSync(folder).sort()).toEqual(['sluice.log', 'sluice.log.1', 'sluice.log.2']);
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(1_000);
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o640);
    }
    expect(linesOf(path).at(-1)?.trim()).toBe('19');
  });

  test('does not hold the writer up, and lines that do not fit into memory are counted', async () => {
    const told: string[] = [];
    const file = new LogFile(path, {
      ...silentLogger,
      warn: (event, fields) => told.push(`${event} ${String(fields?.['count'])}`),
    });
    const line = `${'x'.repeat(1_023)}\n`;
    const fitting = logBacklogBytesMax / line.length;
    for (let index = 0; index < fitting + 10; index += 1) file.write(line);
    await until('the loss is told', () => told.length > 0);
    file.close();
    expect(told).toEqual(['log-lines-dropped 10']);
    expect(statSync(path).size).toBe(logBacklogBytesMax);
  });

  test('holds every line in order when the process exits at once', () => {
    const logModule = fileURLToPath(new URL('../../../server/log/server-log.js', import.meta.url));
    const script = `
      import { createServerLog } from ${JSON.stringify(logModule)};
      const clock = { monotonicMs: () => 0, wallMs: () => 0, setTimer: () => () => undefined };
      const log = createServerLog({ clock, file: ${JSON.stringify(path)}, terminal: null, level: 'info' });
      for (let index = 0; index < 2000; index += 1) log.info('line', { index });
      setImmediate(() => {
        for (let index = 2000; index < 4000; index += 1) log.info('line', { index });
        process.exit(7);
      });`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 7, stderr: '' });
    const indices = linesOf(path).map((line) => (JSON.parse(line) as { index: number }).index);
    expect(indices).toEqual(Array.from({ length: 4_000 }, (_, index) => index));
  });

  test('takes no field of any length', () => {
    const shown: string[] = [];
    const log = createServerLog({
      clock: systemClock,
      file: path,
      terminal: (line) => shown.push(line),
      level: 'info',
    });
    log.error('worker-crashed', { output: 'y'.repeat(1_000_000), pid: 7 });
    log.close();
    expect(statSync(path).size).toBeLessThan(logFieldCharsMax + 200);
    expect(shown[0]?.length).toBeLessThan(logFieldCharsMax + 200);
    expect(JSON.parse(linesOf(path)[0] ?? '')).toMatchObject({ pid: 7 });
  });
});

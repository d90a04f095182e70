import { readdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { dumpsKeptBytesMax, dumpsKeptMax } from '../../../config/base/profile-limits.js';
import { dump } from '../../../pools/runtimes/in-process/host/dump.js';
import { writeProcessReport } from '../../../pools/runtimes/process-report.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

/** The higher the newer. */
function age(file: string, time: number): void {
  utimesSync(file, time, time);
}

test('a worker leaves the newest of its pool, and what is not of its making', async () => {
  const folder = tempFolder();
  const [kept, old, large] = ['my-notes.json', 'heap-7-1.heapsnapshot', 'cpu-7-2.cpuprofile'];
  for (const [index, name] of [kept, old, large].entries()) {
    writeFileSync(join(folder, name), '{}');
    age(join(folder, name), 1 + index);
  }
  const take = async (id: number): Promise<void> => {
    const { file, error } = await dump({ type: 'dump', id, kind: 'heap-statistics', seconds: 0, folder });
    expect(error).toBe('');
    age(join(folder, file), 1_000 + id);
  };
  await take(1);
  expect(readdirSync(folder)).toHaveLength(4);
  // Those that are older than what fills the room go with it.
  truncateSync(join(folder, large), dumpsKeptBytesMax);
  age(join(folder, large), 500);
  await take(2);
  expect(readdirSync(folder).sort()).toEqual(
    [1, 2].map((id) => `heap-statistics-${process.pid}-${id}.json`).concat(kept),
  );
  for (let id = 3; id < 3 + dumpsKeptMax; id += 1) await take(id);
  const names = readdirSync(folder).filter((name) => name !== kept);
  expect(names).toHaveLength(dumpsKeptMax);
  expect(names).not.toContain(`heap-statistics-${process.pid}-2.json`);
  removeFolder(folder);
});

test('what the kernel knows of workers is kept as long, for each pool', () => {
  const stateDir = tempFolder();
  const write = (pool: string, nowMs: number): void =>
    age(writeProcessReport({ stateDir, pool, pid: process.pid, nowMs, output: '' }), nowMs);
  for (let time = 1; time < dumpsKeptMax; time += 1) write('a-1', time);
  for (let time = 101; time <= 102 + dumpsKeptMax; time += 1) write('a', time);
  const left = (pool: string): number[] =>
    readdirSync(join(stateDir, 'dumps'))
      .map((name) => new RegExp(`^${pool}-\\d+-(\\d+)[.]txt$`).exec(name)?.[1] ?? '')
      .filter((time) => time !== '')
      .map(Number);
  expect(left('a-1')).toHaveLength(dumpsKeptMax - 1);
  expect(left('a').sort((one, other) => one - other)).toEqual(
    Array.from({ length: dumpsKeptMax }, (_, index) => 103 + index),
  );
  removeFolder(stateDir);
});

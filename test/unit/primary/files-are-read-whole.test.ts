import { appendFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Clock } from '../../../config/base/clock.js';
import { readAttemptsMax } from '../../../config/base/limits.js';
import { systemClock } from '../../../server/primary/clock.js';
import { readWhole } from '../../../server/primary/whole-files.js';
import { pause } from '../../support/time.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

let folder: string;
let file: string;

beforeEach(() => {
  folder = tempFolder('whole');
  file = join(folder, 'sluice.yaml');
  writeFileSync(file, 'first');
});

afterEach(() => removeFolder(folder));

/** Reads it; `meanwhile` comes between the beginning and the end of each read. */
async function reads(meanwhile: (read: number) => void): Promise<number | null> {
  let count = 0;
  return readWhole(systemClock, [file, join(folder, 'absent.yaml')], () => {
    count += 1;
    meanwhile(count);
    return Promise.resolve(count);
  });
}

test('once when nobody writes', async () => {
  expect(await reads(() => undefined)).toBe(1);
});

test('again when it was written meanwhile', async () => {
  expect(await reads((read) => read === 1 && appendFileSync(file, ' and more'))).toBe(2);
});

test('not at all when it is written on and on', async () => {
  let last = 0;
  const meanwhile = (read: number): void => {
    last = read;
    appendFileSync(file, ' and more');
  };
  expect(await reads(meanwhile)).toBeNull();
  expect(last).toBe(readAttemptsMax);
});

test('not even once while somebody writes with pauses', async () => {
  let isWriting = true;
  const write = async (): Promise<void> => {
    while (isWriting) {
      appendFileSync(file, ' and more');
      await pause(20);
    }
  };
  const writer = write();
  let looked = 0;
  const read = await reads((count) => {
    looked = count;
  });
  isWriting = false;
  await writer;
  expect([read, looked]).toEqual([null, 0]);
});

test('after a pause when it was replaced and then overwritten', async () => {
  let overwritten = 0;
  const replaced = (async (): Promise<void> => {
    await pause(50);
    writeFileSync(`${file}.new`, 'the next');
    renameSync(`${file}.new`, file);
    await pause(40);
    writeFileSync(file, 'the one after');
    overwritten = performance.now();
  })();
  await reads(() => {
    expect(performance.now() - overwritten).toBeGreaterThan(150);
  });
  await replaced;
  expect(overwritten).toBeGreaterThan(0);
});

test('once when it is replaced again and again', async () => {
  const replace = (): void => {
    writeFileSync(`${file}.new`, 'the next');
    renameSync(`${file}.new`, file);
  };
  expect(await reads(replace)).toBe(1);
});

test('at once when it was seen to be replaced, not when it was written since or is empty', async () => {
  const waits = async (movedAtMs: number | null): Promise<number> => {
    let count = 0;
    const clock: Clock = {
      monotonicMs: () => systemClock.monotonicMs(),
      wallMs: () => systemClock.wallMs(),
      setTimer: (delayMs, fire) => {
        count += 1;
        return systemClock.setTimer(delayMs, fire);
      },
    };
    writeFileSync(file, movedAtMs === 0 ? '' : 'the next');
    const seen = movedAtMs === null ? null : systemClock.wallMs() + movedAtMs;
    await readWhole(
      clock,
      [file],
      () => Promise.resolve(true),
      () => seen,
    );
    return count;
  };
  expect(await waits(null)).toBeGreaterThan(0);
  expect(await waits(1)).toBe(0);
  expect(await waits(-1_000)).toBeGreaterThan(0);
  expect(await waits(0)).toBeGreaterThan(0);
});

test('at once when its time lies in the future', async () => {
  utimesSync(file, 4_000_000_000, 4_000_000_000);
  expect(await reads(() => undefined)).toBe(1);
});

import { describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nextOccurrenceMs } from '../../../pools/supervisor/schedule.js';
import { repository } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { sampleApplication, samplePool } from '../../support/sample-pools.js';
import { Stage } from './stage.js';

const hourMs = 3_600_000;
const at = (day: number, hour: number, minute = 0): number => new Date(2026, 0, day, hour, minute).getTime();

describe('the next time of day', () => {
  test('is today if it is still to come, else tomorrow', () => {
    expect(nextOccurrenceMs([3 * hourMs], at(5, 2))).toBe(at(5, 3));
    expect(nextOccurrenceMs([3 * hourMs], at(5, 3))).toBe(at(6, 3));
    expect(nextOccurrenceMs([3 * hourMs], at(31, 4))).toBe(at(32, 3));
  });

  test('is the earliest of several, and none of none', () => {
    const times = [3 * hourMs + 60_000, 15 * hourMs];
    expect(nextOccurrenceMs(times, at(5, 3))).toBe(at(5, 3, 1));
    expect(nextOccurrenceMs(times, at(5, 12))).toBe(at(5, 15));
    expect(nextOccurrenceMs(times, at(5, 16))).toBe(at(6, 3, 1));
    expect(nextOccurrenceMs([], at(5, 3))).toBeNull();
  });
});

/** Every day of 2028, which has a 29 February, at 02:30: in a zone of its own, so in a process of its own. */
const aYear = `
  import { nextOccurrenceMs } from '${pathToFileURL(join(repository, 'dist', 'pools', 'supervisor', 'schedule.js')).href}';
  const days = [];
  const end = new Date(2029, 0, 1).getTime();
  for (let at = new Date(2028, 0, 1).getTime() - 1; (at = nextOccurrenceMs([9_000_000], at)) < end; ) {
    const date = new Date(at);
    days.push([date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes()].join(' '));
  }
  console.log(JSON.stringify(days));
`;

test.each([
  // The hour that is skipped, and the one that is repeated.
  ['Europe/Berlin', '3 26 3 30', '10 29 2 30'],
  ['America/New_York', '3 12 3 30', '11 5 2 30'],
  // Half an hour.
  ['Australia/Lord_Howe', '10 1 2 30', '4 2 2 30'],
  ['Etc/UTC', '2 29 2 30', '12 31 2 30'],
])('in %s there is one on every day, changes of the hour and the leap day included', async (zone, first, second) => {
  const { output } = await run(process.execPath, ['--input-type=module', '-e', aYear], { env: { TZ: zone } });
  const days = JSON.parse(output) as string[];
  expect(days).toHaveLength(366);
  expect(new Set(days.map((day) => day.split(' ', 2).join(' '))).size).toBe(366);
  expect(days).toEqual(expect.arrayContaining(['2 29 2 30', first, second]));
});

describe('a wall clock that is set', () => {
  const threeOClock = [3 * hourMs];
  /** The number of recycles until now. */
  const recycles = (stage: Stage): number => stage.happened.filter((what) => what === 'recycled shop schedule').length;

  async function at245(): Promise<Stage> {
    const stage = new Stage();
    stage.clock.setWall(at(5, 2, 45));
    const pool = samplePool('shop', { recycling: { periodicRestartScheduleMs: threeOClock } });
    stage.apply([pool], [sampleApplication('shop')]);
    await stage.visit();
    return stage;
  }

  test.each([
    ['an hour on', hourMs],
    ['a day on', 24 * hourMs],
    ['ten years on', 87_600 * hourMs],
  ])('%s: what was missed is done once, within a minute', async (_name, stepMs) => {
    const stage = await at245();
    stage.clock.setWall(stage.clock.wallMs() + stepMs);
    await stage.clock.advance(60_000);
    expect(recycles(stage)).toBe(1);
    await stage.clock.advance(10 * 60_000);
    expect(recycles(stage)).toBe(1);
  });

  test('an hour back before the time: done once, when that comes', async () => {
    const stage = await at245();
    stage.clock.setWall(at(5, 1, 45));
    await stage.clock.advance(hourMs);
    expect(recycles(stage)).toBe(0);
    await stage.clock.advance(hourMs);
    expect(recycles(stage)).toBe(1);
  });

  test.each([
    ['an hour', at(5, 2, 5)],
    ['to 1970', 0],
  ])('%s back after the time: not done again', async (_name, wallMs) => {
    const stage = await at245();
    await stage.clock.advance(20 * 60_000);
    expect(recycles(stage)).toBe(1);
    stage.clock.setWall(wallMs);
    await stage.clock.advance(2 * hourMs);
    expect(recycles(stage)).toBe(1);
  });

  test('a second back in every second, just before the time: never early; the day after it was set right again counts', async () => {
    const stage = await at245();
    stage.clock.setWall(at(5, 2, 59) + 30_000);
    for (let second = 0; second < 120; second += 1) {
      await stage.clock.advance(1_000);
      stage.clock.setWall(stage.clock.wallMs() - 1_000);
    }
    expect(recycles(stage)).toBe(0);
    await stage.clock.advance(60_000);
    expect(recycles(stage)).toBe(1);
    stage.clock.setWall(at(6, 2, 59));
    await stage.clock.advance(2 * 60_000);
    expect(recycles(stage)).toBe(2);
  });
});

test('a pool is recycled at its times of day until the setting goes', async () => {
  const stage = new Stage();
  const timeIn = (hours: number): number => {
    const then = new Date(stage.clock.wallMs() + hours * hourMs);
    return (then.getHours() * 60 + then.getMinutes()) * 60_000;
  };
  const pool = (schedule: readonly number[]) =>
    samplePool('shop', { recycling: { periodicRestartScheduleMs: schedule, logEventOnRecycle: ['Schedule'] } });
  stage.apply([pool([timeIn(1), timeIn(2)])], [sampleApplication('shop')]);
  expect(await stage.visit()).toBe('answered');
  await stage.clock.advance(50 * 60_000);
  expect(stage.happened).not.toContain('recycled shop schedule');
  await stage.clock.advance(20 * 60_000);
  expect(stage.happened.filter((what) => what === 'recycled shop schedule')).toHaveLength(1);
  expect(stage.logged('recycle-due')).toMatchObject([{ why: 'schedule', eventId: 5076 }]);
  stage.apply([pool([])], [sampleApplication('shop')]);
  // The second time of day passes, and nobody minds it any more.
  await stage.clock.advance(hourMs);
  expect(stage.happened.filter((what) => what === 'recycled shop schedule')).toHaveLength(1);
});

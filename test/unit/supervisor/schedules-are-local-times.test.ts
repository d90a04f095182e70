import { describe, expect, test } from '@jest/globals';
import { nextOccurrenceMs } from '../../../pools/supervisor/schedule.js';
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

test('a pool is recycled at its times of day until the setting goes', async () => {
  const stage = new Stage();
  const inOneHour = new Date(stage.clock.wallMs() + hourMs);
  const time = (inOneHour.getHours() * 60 + inOneHour.getMinutes()) * 60_000;
  const pool = (schedule: readonly number[]) =>
    samplePool('shop', { recycling: { periodicRestartScheduleMs: schedule, logEventOnRecycle: ['Schedule'] } });
  stage.apply([pool([time])], [sampleApplication('shop')]);
  expect(await stage.visit()).toBe('answered');
  await stage.clock.advance(50 * 60_000);
  expect(stage.happened).not.toContain('recycled shop schedule');
  await stage.clock.advance(20 * 60_000);
  expect(stage.happened.filter((what) => what === 'recycled shop schedule')).toHaveLength(1);
  expect(stage.logged('recycle-due')).toMatchObject([{ why: 'schedule', eventId: 5076 }]);
  stage.apply([pool([])], [sampleApplication('shop')]);
  await stage.clock.advance(24 * hourMs);
  expect(stage.happened.filter((what) => what === 'recycled shop schedule')).toHaveLength(1);
});

/** Names of the files of an access log: IIS's, with the period that a file is for. */
import { unreachable } from '../../config/base/invariant.js';
import type { AccessLogTarget } from '../../config/model.js';

/** Periods begin at multiples of it in every time zone. */
export const periodStepMs = 900_000;

type Named = Pick<AccessLogTarget, 'folder' | 'prefix' | 'suffix' | 'period' | 'localTimeRollover'>;

/** Absolute path of the file that a record of this time belongs to. */
export function logFileAt(target: Named, wallMs: number): string {
  return `${target.folder}/${target.prefix}${periodText(target, wallMs)}.log`;
}

/**
 * `251121` for a day, `25112121` for an hour, `251104` for the fourth week of November (weeks begin on Sunday, the
 * first one may be short), `2511` for a month.
 */
function periodText({ period, suffix, localTimeRollover }: Named, wallMs: number): string {
  const date = new Date(wallMs);
  // The getters of UTC, on a time that is moved to what the local clock shows.
  if (localTimeRollover) date.setTime(wallMs - date.getTimezoneOffset() * 60_000);
  const month = two(date.getUTCFullYear() % 100) + two(date.getUTCMonth() + 1);
  switch (period) {
    case 'Hourly':
      return month + two(date.getUTCDate()) + two(date.getUTCHours());
    case 'Daily':
      return month + two(date.getUTCDate());
    case 'Weekly': {
      const daysBeforeItsSunday = date.getUTCDate() - 1 - date.getUTCDay();
      return month + two(Math.ceil(daysBeforeItsSunday / 7) + 1);
    }
    case 'Monthly':
      return month;
    case 'MaxSize':
      return suffix;
    default:
      return unreachable(period);
  }
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

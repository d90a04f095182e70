import { expect, test } from '@jest/globals';
import { eventIdOfRecord, iisEvents, startEventId } from '../../../config/base/iis-events.js';
import { eventIdOf, rapidFailEvent, recycleFailedEvent } from '../../../pools/supervisor/event-ids.js';
import { createServerLog } from '../../../server/log/server-log.js';
import { ManualClock } from '../../support/manual-clock.js';

test('every id that is given has a row on the reference page, and each row stands once', () => {
  const ids = iisEvents.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const reasons = [
    'exit',
    'signal',
    'ping-timeout',
    'hang',
    'health-check',
    'bad-control-message',
    'startup-timeout',
  ] as const;
  const causes = [
    'time',
    'requests',
    'schedule',
    'memory',
    'unhealthy',
    'on-demand',
    'config-change',
    'private-memory',
  ] as const;
  const given = [...reasons, ...causes, 'shutdown-timeout' as const, 'idle' as const].map(eventIdOf);
  const starts = [true, false].flatMap((model) => [startEventId(model, true), startEventId(model, false)]);
  const records = ['application-rapid-fail', 'stdout-log-failed', 'worker-hung'].map((name) =>
    eventIdOfRecord(name, ''),
  );
  const recycles = ['file-change', 'config-change'].map((why) => eventIdOfRecord('recycled', why));
  const all = new Set([...given, ...starts, ...records, ...recycles, rapidFailEvent, recycleFailedEvent]);
  expect(all).toEqual(new Set(ids));
});

test('records of the server log carry them; one that is named stays, others have none', () => {
  const lines: string[] = [];
  const log = createServerLog({
    clock: new ManualClock(),
    file: null,
    terminal: (line) => void lines.push(line),
    level: 'info',
  });
  log.warn('stdout-log-failed', { pool: 'a' });
  log.info('recycled', { pool: 'a', why: 'file-change' });
  log.info('recycled', { pool: 'a', why: 'time' });
  log.warn('worker-hung', { eventId: 1 });
  log.close();
  expect(lines.map((line) => /eventId=(\d+)/.exec(line)?.[1])).toEqual(['1004', '1012', undefined, '1']);
});

import { expect, test } from '@jest/globals';
import { eventIdOfRecord, iisEvents, refusedEventId, startEventId } from '../../../config/base/iis-events.js';
import {
  crashEventIds,
  endEventIds,
  eventIdOf,
  rapidFailEvent,
  recycleFailedEventIds,
} from '../../../pools/supervisor/event-ids.js';
import { createServerLog } from '../../../server/log/server-log.js';
import { type LogFields, silentLogger } from '../../../config/base/logger.js';
import { logWarnings } from '../../../server/primary/reload.js';
import { sampleApplication, samplePool } from '../../support/sample-pools.js';
import { Stage } from './stage.js';
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
  const names = ['application-rapid-fail', 'stdout-log-failed', 'worker-hung', 'worker-start-repeated'] as const;
  const records = [...names, 'worker-shutdown-asked'].map((name) => eventIdOfRecord(name, ''));
  const both = [true, false].flatMap((one) => [true, false].map((other) => [one, other] as const));
  const ends = both.flatMap(([isInProcess, flag]) => {
    const end = { isInProcess, ran: flag, hasOutput: flag };
    const left = (['idle', 'application-offline', 'shutdown-timeout'] as const).map((reason) => ({ ...end, reason }));
    const crashed = (['exit', 'signal', 'hang'] as const).map((reason) => ({ ...end, reason }));
    return [...left.flatMap(endEventIds), ...crashed.flatMap(crashEventIds)];
  });
  const refused = [19, 34, 35].map((subStatus) => refusedEventId(500, subStatus));
  const failed = (['time', 'file-change'] as const).flatMap(recycleFailedEventIds);
  const recycles = ['file-change', 'config-change'].map((why) => eventIdOfRecord('recycled', why));
  const all = new Set([...given, ...starts, ...records, ...recycles, ...ends, ...refused, ...failed, rapidFailEvent]);
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

test.each([
  ['in-process', 'exit', 'says why', 'exit 3', '5009, 1035'],
  ['in-process', 'exit', '', 'exit 3', '5009, 1011'],
  ['in-process', 'signal', '', 'SIGSEGV', '5009, 1018'],
  ['out-of-process', 'exit', 'says why', 'exit 3', '5009, 1030'],
])('a crash is told with all of its ids: %s %s "%s"', async (model, reason, output, how, eventIds) => {
  const stage = new Stage();
  const hosting = { hostingModel: model === 'in-process' ? 'InProcess' : 'OutOfProcess' } as const;
  stage.apply([samplePool('shop')], [sampleApplication('shop', '/', { hosting })]);
  await stage.visit();
  stage.last().output = output;
  stage.last().die(how === 'SIGSEGV' ? null : 3, how === 'SIGSEGV' ? 'SIGSEGV' : null);
  await stage.clock.advance(10_000);
  expect(stage.logged('worker-crashed')).toMatchObject([{ reason, eventId: 5009, eventIds }]);
  const stopped = stage.supervisor.stopPool('shop');
  await stage.clock.advance(10_000);
  await stopped;
  const ended = stage.logged('worker-ended').map(({ eventId }) => eventId);
  expect(ended).toEqual(ended.map(() => (model === 'in-process' ? 1033 : undefined)));
});

test('a configuration that cannot be used is told with the id of the module', () => {
  const records: LogFields[] = [];
  const log = { ...silentLogger, warn: (_event: string, fields: LogFields = {}) => void records.push(fields) };
  const about = (message: string, line: number) => ({
    severity: 'warning' as const,
    code: 'hosting',
    file: 'web.config',
    line,
    column: 1,
    path: '',
    message,
    remedy: '',
  });
  const broken = (line: number, subStatus: number) => ({
    ...sampleApplication('shop'),
    failure: { status: 500, subStatus, diagnostic: about('as found', line) },
  });
  const warnings = [about('as shown', 3), about('as shown', 4), about('another', 5)];
  logWarnings(log, { warnings, applications: [sampleApplication('fine'), broken(3, 19), broken(4, 34)] });
  expect(records.map(({ eventId }) => eventId)).toEqual([1034, 1009, undefined]);
});

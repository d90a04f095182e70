/**
 * The events of IIS (sources WAS and IIS AspNetCore Module V2) that have a counterpart here: people search for these
 * ids, and rules are written for them. The reference page is made of this table.
 */
import type { LogFields } from './logger.js';

export interface IisEvent {
  readonly id: number;
  readonly source: 'WAS' | 'ANCM';
  readonly meaning: string;
  /** Records of the server log that carry it, with the reason where they have several. */
  readonly records: readonly string[];
}

export const iisEvents: readonly IisEvent[] = [
  {
    id: 1000,
    source: 'ANCM',
    meaning: 'An attempt to start a process failed and is repeated',
    records: ['worker-start-repeated'],
  },
  { id: 1001, source: 'ANCM', meaning: 'A process was started and listens', records: ['worker-started'] },
  { id: 1003, source: 'ANCM', meaning: 'rapidFailsPerMinute is exceeded', records: ['application-rapid-fail'] },
  { id: 1004, source: 'ANCM', meaning: 'The file of stdoutLogFile cannot be made', records: ['stdout-log-failed'] },
  {
    id: 1005,
    source: 'ANCM',
    meaning: 'A process did not end when it was asked to',
    records: ['worker-ended (shutdown-timeout)'],
  },
  {
    id: 1006,
    source: 'ANCM',
    meaning: 'The request to shut down was sent, with the status of its answer',
    records: ['worker-shutdown-asked'],
  },
  {
    id: 1008,
    source: 'ANCM',
    meaning: 'Two in-process applications in one pool (500.35)',
    records: ['configuration-warning'],
  },
  {
    id: 1009,
    source: 'ANCM',
    meaning: 'Both hosting models in one pool (500.34)',
    records: ['configuration-warning'],
  },
  {
    id: 1011,
    source: 'ANCM',
    meaning: 'An in-process application ended by itself, without output',
    records: ['worker-crashed (exit)'],
  },
  {
    id: 1012,
    source: 'ANCM',
    meaning: 'Recycled after a changed file, or offline',
    records: ['recycled (file-change)', 'worker-ended (application-offline)'],
  },
  {
    id: 1018,
    source: 'ANCM',
    meaning: 'An in-process application was ended by a signal, as an unhandled exception of native code does',
    records: ['worker-crashed (signal)'],
  },
  { id: 1020, source: 'ANCM', meaning: 'A process did not start, after all attempts', records: ['start-failed'] },
  {
    id: 1021,
    source: 'ANCM',
    meaning: 'Recycled after a change of its configuration',
    records: ['recycled (config-change)'],
  },
  {
    id: 1022,
    source: 'ANCM',
    meaning: 'The worker for a changed configuration or file did not start',
    records: ['recycle-failed (config-change, file-change)'],
  },
  {
    id: 1030,
    source: 'ANCM',
    meaning: 'The process of an out-of-process application ended by itself',
    records: ['worker-crashed (exit, signal)'],
  },
  { id: 1031, source: 'ANCM', meaning: 'An in-process application did not start', records: ['start-failed'] },
  { id: 1032, source: 'ANCM', meaning: 'An in-process application was started', records: ['worker-started'] },
  {
    id: 1033,
    source: 'ANCM',
    meaning: 'An in-process application was shut down',
    records: ['worker-ended'],
  },
  {
    id: 1034,
    source: 'ANCM',
    meaning: 'The configuration of an application cannot be used (500.0, 500.19)',
    records: ['configuration-warning'],
  },
  {
    id: 1035,
    source: 'ANCM',
    meaning: 'An in-process application ended by itself, with output',
    records: ['worker-crashed (exit)'],
  },
  { id: 5002, source: 'WAS', meaning: 'The pool is stopped by rapid-fail protection', records: ['rapid-fail'] },
  { id: 5009, source: 'WAS', meaning: 'A worker ended unexpectedly', records: ['worker-crashed (exit, signal)'] },
  {
    id: 5010,
    source: 'WAS',
    meaning: 'A worker does not answer',
    records: ['worker-crashed (ping-timeout, hang, health-check)', 'worker-hung'],
  },
  {
    id: 5011,
    source: 'WAS',
    meaning: 'A worker broke the rules of its control channel',
    records: ['worker-crashed (bad-control-message)'],
  },
  { id: 5012, source: 'WAS', meaning: 'A worker did not start in time', records: ['worker-crashed (startup-timeout)'] },
  { id: 5013, source: 'WAS', meaning: 'A worker did not end in time', records: ['worker-ended (shutdown-timeout)'] },
  { id: 5074, source: 'WAS', meaning: 'Recycled: it was its time', records: ['recycle-due (time)', 'receipt'] },
  { id: 5075, source: 'WAS', meaning: 'Recycled: number of requests', records: ['recycle-due (requests)', 'receipt'] },
  { id: 5076, source: 'WAS', meaning: 'Recycled: schedule', records: ['recycle-due (schedule)', 'receipt'] },
  { id: 5077, source: 'WAS', meaning: 'Recycled: memory', records: ['recycle-due (memory)', 'receipt'] },
  {
    id: 5078,
    source: 'WAS',
    meaning: 'Recycled: it called itself unhealthy',
    records: ['recycle-due (unhealthy)', 'receipt'],
  },
  {
    id: 5079,
    source: 'WAS',
    meaning: 'Recycled: an administrator wanted it',
    records: ['recycle-due (on-demand)', 'receipt'],
  },
  { id: 5080, source: 'WAS', meaning: 'Recycled: configuration', records: ['recycle-due (config-change)', 'receipt'] },
  {
    id: 5093,
    source: 'WAS',
    meaning: 'The replacement did not start: the old worker serves',
    records: ['recycle-failed', 'receipt'],
  },
  {
    id: 5117,
    source: 'WAS',
    meaning: 'Recycled: private memory',
    records: ['recycle-due (private-memory)', 'receipt'],
  },
  {
    id: 5186,
    source: 'WAS',
    meaning: 'Nobody asked for it within idleTimeout',
    records: ['worker-idle', 'worker-suspended', 'worker-ended (idle)'],
  },
];

/** Records whose name alone decides. */
const byRecord: Readonly<Record<string, number>> = {
  'application-rapid-fail': 1_003,
  'stdout-log-failed': 1_004,
  'worker-start-repeated': 1_000,
  'worker-shutdown-asked': 1_006,
  'worker-hung': 5_010,
};
const byRecycleReason: Readonly<Record<string, number>> = { 'file-change': 1_012, 'config-change': 1_021 };

/** The id of a record that names none itself; 0 = IIS has none. `why`: the field of that name, or ''. */
export function eventIdOfRecord(record: string, why: string): number {
  return record === 'recycled' ? (byRecycleReason[why] ?? 0) : (byRecord[record] ?? 0);
}

/** Of `worker-started` and `start-failed`. */
export function startEventId(isInProcess: boolean, hasStarted: boolean): number {
  if (isInProcess) return hasStarted ? 1_032 : 1_031;
  return hasStarted ? 1_001 : 1_020;
}

/** Of an application whose configuration cannot be used: the status that its requests get. */
export function refusedEventId(status: number, subStatus: number): number {
  if (status !== 500) return 1_034;
  return subStatus === 35 ? 1_008 : subStatus === 34 ? 1_009 : 1_034;
}

/**
 * The fields of a record: IIS and its module tell one end of a process twice, so a record may have several ids. The first is
 * `eventId`, all of them are `eventIds`. 0 = none.
 */
export function eventFields(...ids: readonly number[]): LogFields {
  const given = existing(ids);
  const [first] = given;
  if (first === undefined) return {};
  return given.length === 1 ? { eventId: first } : { eventId: first, eventIds: given.join(', ') };
}

/** Without those that IIS does not have, and each once. */
export function existing(ids: readonly number[]): readonly number[] {
  return [...new Set(ids.filter((id) => id > 0))];
}

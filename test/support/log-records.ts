/** Records of the server log, by event and pool. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sluice } from './sluice.js';

export type LogRecord = Readonly<Record<string, unknown>>;

export function recordsOf(sluice: Sluice, event: string, pool: string): readonly LogRecord[] {
  return readFileSync(join(sluice.folder, 'log', 'sluice.log'), 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}') && line.includes(`"${event}"`))
    .map((line): unknown => JSON.parse(line))
    .filter((record): record is LogRecord => typeof record === 'object' && record !== null)
    .filter((record) => record['event'] === event && record['pool'] === pool);
}

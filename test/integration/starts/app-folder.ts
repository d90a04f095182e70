/** Applications that a test writes, breaks and repairs while the server runs, and what the server wrote about them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

/** Answers `good` and its pid on PORT, hosted either way. */
export const goodApp = `
require('node:http')
  .createServer((request, response) => response.end('good ' + process.pid))
  .listen(Number(process.env.PORT));
`;

/** A folder below `root` with `index.js`; `source` null = an empty folder. */
export function appFolder(root: string, name: string, source: string | null): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (source !== null) writeFileSync(join(folder, 'index.js'), source);
  return folder;
}

export interface LogRecord {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Records of the server log about one application, oldest first. */
export function records(sluice: Sluice, event: string, application: string): LogRecord[] {
  return (
    readFileSync(join(sluice.folder, 'log', 'sluice.log'), 'utf8')
      .split('\n')
      // The last line may be half written.
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogRecord)
      .filter((record) => record.event === event && record['application'] === application)
  );
}

/** The same once there are `count`: the log is written behind the events, and may not have reached its file. */
export function recordsOnceThere(
  sluice: Sluice,
  event: string,
  application: string,
  count: number,
): Promise<LogRecord[]> {
  return until(`${count} records ${event} of ${application}`, () => {
    const found = records(sluice, event, application);
    return found.length >= count && found;
  });
}

/** The value of `name{labels}`; 0 when there is no such series. */
export async function counter(sluice: Sluice, series: string): Promise<number> {
  const line = (await sluice.metrics()).split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length));
}

/** `sluice logs`: the last lines of a log of the running server, and with -f what is added, also over a broken connection. */
import { escapeControls, printableJson } from '../../config/base/diagnostics.js';
import type { LogLine } from '../admin/log-views.js';
import { exitCode } from './exit-codes.js';
import type { ServerEvent } from './event-reader.js';
import { follow, readEvents } from './events-command.js';
import { type AdminFlags, open } from './pool-command.js';

export interface TailFlags extends AdminFlags {
  readonly follow?: boolean;
  readonly pool?: string;
  readonly worker?: string;
  readonly site?: string;
  readonly source?: string;
  readonly lines: string;
}

/** With a pool and nothing else it is the output of its workers that people look for. */
export async function tailLogs(flags: TailFlags): Promise<number> {
  const client = await open(flags);
  const query = new URLSearchParams({ lines: flags.lines, follow: flags.follow === true ? '1' : '0' });
  query.set(
    'source',
    flags.source ?? (flags.pool !== undefined ? 'output' : flags.site !== undefined ? 'access' : 'server'),
  );
  for (const name of ['pool', 'worker', 'site'] as const) {
    const value = flags[name];
    if (value !== undefined) query.set(name, value);
  }
  const tell = ({ event, data }: ServerEvent): void => {
    if (event === 'line') process.stdout.write(`${shown(JSON.parse(data) as LogLine, flags.json === true)}\n`);
    else if (event === 'skipped') process.stderr.write('... lines came too fast and were skipped\n');
  };
  const path = `/api/v1/logs?${query.toString()}`;
  if (flags.follow === true) await follow(client, path, tell);
  else await readEvents(await client.stream(path), tell);
  return exitCode.ok;
}

function shown(line: LogLine, isJson: boolean): string {
  if (isJson) return printableJson(line);
  const who = line.pid === undefined ? '' : `[${line.pid}] `;
  return escapeControls(who + line.text);
}

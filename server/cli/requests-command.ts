/** `sluice requests`: what is under way now (`list requests` of appcmd). */
import { escapeControls } from '../../config/base/diagnostics.js';
import { SluiceError } from '../../config/base/errors.js';
import type { LiveRequestsView } from '../admin/control-plane.js';
import type { AdminClient } from './admin-client.js';
import { type Paint, painter } from './colours.js';
import { type AdminFlags, open, print } from './pool-command.js';
import { formatTable } from './table.js';

export interface RequestFlags extends AdminFlags {
  readonly pool?: string;
  readonly site?: string;
  /** Id or process id. */
  readonly worker?: string;
  readonly minTime?: string;
}

export async function listRequests(flags: RequestFlags): Promise<number> {
  const client = await open(flags);
  const found = await askRequests(client, flags);
  return print(flags, found, () => requestsText(found, painter(process.stdout)));
}

export async function askRequests(
  client: AdminClient,
  { pool, site, worker, minTime }: RequestFlags,
): Promise<LiveRequestsView> {
  const query = new URLSearchParams();
  if (pool !== undefined) query.set('pool', pool);
  if (site !== undefined) query.set('site', site);
  if (minTime !== undefined) query.set('minTimeMs', String(milliseconds(minTime)));
  const found = await client.ask<LiveRequestsView>('GET', `/api/v1/requests?${query.toString()}`);
  if (worker === undefined) return found;
  const requests = found.requests.filter(({ workerId, pid }) => [String(workerId), String(pid)].includes(worker));
  return { ...found, requests, total: requests.length };
}

/** `1500` (as appcmd's /elapsed) or `1.5s`. */
function milliseconds(text: string): number {
  const [, number = '', unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text) ?? [];
  const value = Math.round(Number(number) * (unit === 's' ? 1_000 : 1));
  if (number !== '' && value < 1e9) return value;
  throw new SluiceError('bad-option', `--min-time ${text} is no time`, 'write milliseconds (1500) or seconds (1.5s)');
}

export function requestsText({ total, requests, silentListeners }: LiveRequestsView, paint: Paint): string {
  const rows = requests.map((one) => [
    one.verb,
    escapeControls(`${one.host}${one.url}`),
    one.state,
    duration(one.timeMs),
    one.client,
    escapeControls(one.application),
    escapeControls(one.pool),
    one.workerId === 0 ? '-' : `${one.workerId} (${one.pid})`,
  ]);
  const head = ['VERB', 'URL', 'STATE', 'TIME', 'CLIENT', 'APPLICATION', 'POOL', 'WORKER'];
  const lines = [formatTable(head, rows, paint)];
  if (total > requests.length) lines.push(`${total - requests.length} more`);
  if (silentListeners.length > 0) {
    lines.push(paint('red', `without those of listener ${silentListeners.join(', ')}: it does not answer`));
  }
  return lines.join('\n');
}

function duration(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** What a change does, in one line for lists. */
import { configHistorySummaryCharsMax } from '../base/config-history-limits.js';
import type { ChangePlan, NamesChange, PoolChange } from './diff.js';

/** Names in one part. */
const namesShown = 3;

const poolWords: Readonly<Record<PoolChange['change'], string>> = {
  added: 'pools added',
  removed: 'pools removed',
  recycle: 'pools that recycle',
  live: 'pools with new limits',
};

export function summaryOf({ pools, sites, applications, restart, routes }: ChangePlan): string {
  const parts: string[] = [];
  for (const change of ['added', 'removed', 'recycle', 'live'] as const) {
    const names = pools.filter((one) => one.change === change).map(({ pool }) => pool);
    if (names.length > 0) parts.push(`${poolWords[change]}: ${listed(names)}`);
  }
  parts.push(...namesParts('sites', sites), ...namesParts('applications', applications));
  if (restart.length > 0) parts.push(`needs a restart: ${listed(restart)}`);
  if (parts.length === 0) parts.push(routes ? 'settings of the server' : 'no setting that acts');
  const text = parts.join('; ');
  return text.length <= configHistorySummaryCharsMax ? text : `${text.slice(0, configHistorySummaryCharsMax - 3)}...`;
}

function namesParts(what: string, { added, removed, changed }: NamesChange): string[] {
  const parts: string[] = [];
  if (added.length > 0) parts.push(`${what} added: ${listed(added)}`);
  if (removed.length > 0) parts.push(`${what} removed: ${listed(removed)}`);
  if (changed.length > 0) parts.push(`${what} changed: ${listed(changed)}`);
  return parts;
}

function listed(names: readonly string[]): string {
  const more = names.length - namesShown;
  return names.slice(0, namesShown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

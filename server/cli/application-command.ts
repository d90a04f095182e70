/** `sluice app`: applications, as their pools tell of them. */
import { escapeControls } from '../../config/base/diagnostics.js';
import type { PoolView } from '../../pools/supervisor/ports.js';
import { painter } from './colours.js';
import { type AdminFlags, open, print } from './pool-command.js';
import { formatTable } from './table.js';

export async function listApplications(
  flags: AdminFlags & { readonly site?: string; readonly pool?: string },
): Promise<number> {
  const client = await open(flags);
  const { pools } = await client.ask<{ pools: PoolView[] }>('GET', '/api/v1/pools');
  const applications = pools
    .filter(({ name }) => flags.pool === undefined || name === flags.pool)
    .flatMap(({ name, applications: all }) => all.map((one) => ({ pool: name, ...one })))
    .filter(({ site }) => flags.site === undefined || site === flags.site);
  const rows = applications.map(({ id, pool, hostingModel, state, problem }) =>
    [id, pool, hostingModel, state, problem].map(escapeControls),
  );
  const head = ['APPLICATION', 'POOL', 'HOSTING', 'STATE', 'PROBLEM'];
  return print(flags, applications, () => formatTable(head, rows, painter(process.stdout)));
}

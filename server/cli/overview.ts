/** What `sluice start` prints once the server runs: every application with its address and state. */
import { escapeControls } from '../../config/base/diagnostics.js';
import type { ApplicationConfig, BindingConfig, CompiledConfig } from '../../config/model.js';
import type { ApplicationView, PoolView } from '../../pools/supervisor/ports.js';
import { formatTable } from './table.js';

export function formatOverview(
  config: CompiledConfig,
  pools: readonly PoolView[],
  notes: ReadonlyMap<string, string>,
): string {
  const views = new Map(pools.flatMap((pool) => pool.applications.map((one) => [one.id, one] as const)));
  const isolations = new Map(config.pools.map((pool) => [pool.name, pool.isolation]));
  const rows = config.sites.flatMap((site) =>
    config.applications
      .filter((application) => application.site === site.name)
      .map((application) =>
        [
          site.name,
          urlOf(site.bindings[0], application.path),
          application.pool,
          hostingText(application),
          isolations.get(application.pool) ?? '',
          notes.get(application.id) ?? stateText(application, views.get(application.id)),
        ].map(escapeControls),
      ),
  );
  const { admin, logDir } = config.server;
  const lines = [formatTable(['SITE', 'URL', 'POOL', 'HOSTING', 'ISOLATION', 'STATE'], rows), ''];
  if (admin.listen !== null) {
    const base = `http://${hostInUrl(admin.listen.host)}:${admin.listen.port}`;
    lines.push(`admin   ${base}/ui/  ${base}/metrics  ${base}/readyz?verbose`);
  }
  lines.push(`socket  ${admin.socket}`, `logs    ${logDir}`);
  return lines.join('\n');
}

/** One address that works from this machine, for the site's first binding. */
function urlOf(binding: BindingConfig | undefined, path: string): string {
  if (binding === undefined) return '(no binding)';
  const host = binding.host === '' ? hostInUrl(binding.address) : binding.host;
  return `${binding.protocol}://${host}${binding.port === 80 ? '' : `:${binding.port}`}${path}`;
}

function hostInUrl(address: string): string {
  if (address === '*' || address === '0.0.0.0' || address === '::') return 'localhost';
  return address.includes(':') ? `[${address}]` : address;
}

function hostingText({ hosting }: ApplicationConfig): string {
  if (hosting === null) return '-';
  return hosting.hostingModel === 'InProcess' ? 'in-process' : 'out-of-process';
}

function stateText({ failure }: ApplicationConfig, view: ApplicationView | undefined): string {
  if (failure !== null) return `error ${failure.status}.${failure.subStatus}: ${failure.diagnostic.message}`;
  if (view === undefined || view.state === 'idle') return 'starts on first request';
  return view.problem === '' ? view.state : `${view.state}: ${view.problem}`;
}

/** `sluice site` and `sluice app`: what is served where, and applications taken offline and back. */
import { escapeControls } from '../../config/base/diagnostics.js';
import type { ApplicationAction } from '../admin/control-plane.js';
import type { ApplicationDetailView, BindingView, SiteView } from '../admin/site-views.js';
import { type Paint, painter } from './colours.js';
import { act, type AdminFlags, open, print } from './pool-command.js';
import { formatTable } from './table.js';

export interface ApplicationFlags extends AdminFlags {
  readonly site?: string;
  readonly pool?: string;
  readonly id?: string;
}

export async function listSites(flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  const { sites } = await client.ask<{ sites: SiteView[] }>('GET', '/api/v1/sites');
  const rows = sites.map(({ id, name, bindings, applications }) => [
    escapeControls(name),
    String(id),
    bindings.map(bindingText).join(', '),
    String(applications.length),
  ]);
  const head = ['SITE', 'ID', 'BINDINGS', 'APPLICATIONS'];
  return print(flags, sites, () => formatTable(head, rows, painter(process.stdout)));
}

export async function showSite(name: string, flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  const site = await client.ask<SiteView>('GET', `/api/v1/sites/${encodeURIComponent(name)}`);
  const paint = painter(process.stdout);
  return print(flags, site, () =>
    [
      `${escapeControls(site.name)} (${site.id}): ${site.bindings.map(bindingText).join(', ') || 'no binding'}`,
      applicationTable(site.applications, paint),
    ].join('\n\n'),
  );
}

export async function listApplications(flags: ApplicationFlags): Promise<number> {
  const client = await open(flags);
  const answer = await client.ask<{ applications: ApplicationDetailView[] }>('GET', '/api/v1/applications');
  const applications = answer.applications.filter(
    ({ id, site, pool }) => (flags.id ?? id) === id && (flags.site ?? site) === site && (flags.pool ?? pool) === pool,
  );
  return print(flags, applications, () => applicationTable(applications, painter(process.stdout)));
}

/** `id` as `app list` shows it: `main/shop`. */
export async function actOnApplication(action: ApplicationAction, id: string, flags: AdminFlags): Promise<number> {
  return act(`/api/v1/applications/${encodeURIComponent(id)}/${action}`, flags);
}

function applicationTable(applications: readonly ApplicationDetailView[], paint: Paint): string {
  const rows = applications.map(({ id, pool, hostingModel, state, offline, physicalPath, problem }) =>
    [id, pool, hostingModel || '-', offline ? 'offline' : state, physicalPath, problem].map(escapeControls),
  );
  return formatTable(['APPLICATION', 'POOL', 'HOSTING', 'STATE', 'FOLDER', 'PROBLEM'], rows, paint);
}

/** As IIS writes a binding: `https/*:443:shop.example`. */
function bindingText({ protocol, address, port, host }: BindingView): string {
  const written = address.includes(':') ? `[${address}]` : address;
  return escapeControls(`${protocol}/${written}:${port}:${host}`);
}

/** Sites, bindings and applications as the admin API shows them: what is configured, and how it lives. */
import type {
  ApplicationConfig,
  BindingConfig,
  CertificateSource,
  CompiledConfig,
  SiteConfig,
} from '../../config/model.js';
import type { ApplicationView, PoolView } from '../../pools/supervisor/ports.js';
import type { ApplicationDetailView, BindingView, SiteView } from '../admin/site-views.js';

export function siteViews(
  config: CompiledConfig | null,
  pools: readonly PoolView[],
  offline: ReadonlySet<string>,
): readonly SiteView[] {
  if (config === null) return [];
  const lives = new Map(pools.flatMap(({ applications }) => applications.map((one) => [one.id, one] as const)));
  const bySite = new Map<string, ApplicationDetailView[]>();
  for (const one of config.applications) {
    const views = bySite.get(one.site) ?? [];
    views.push(applicationView(one, lives.get(one.id), offline.has(one.id)));
    bySite.set(one.site, views);
  }
  return config.sites.map((site) => siteView(site, bySite.get(site.name) ?? []));
}

function siteView(
  { id, name, bindings, limits }: SiteConfig,
  applications: readonly ApplicationDetailView[],
): SiteView {
  const { connectionTimeoutMs, maxConnections } = limits;
  return {
    id,
    name,
    bindings: bindings.map((one) => bindingView(name, one)),
    connectionTimeoutMs,
    maxConnections,
    applications,
  };
}

function bindingView(site: string, { protocol, address, port, host, h2c, tls }: BindingConfig): BindingView {
  return {
    site,
    protocol,
    address,
    port,
    host,
    http2: tls === null ? h2c : tls.http2,
    certificate: tls === null ? 'none' : tls.certificate.kind,
    certificateFile: tls === null ? '' : certificateFile(tls.certificate),
    clientCertificates: tls === null ? 'off' : tls.clientCertificates,
  };
}

function certificateFile(source: CertificateSource): string {
  switch (source.kind) {
    case 'pem':
      return source.certFile;
    case 'pfx':
      return source.file;
    case 'store':
    case 'acme':
    case 'development':
      return '';
  }
}

function applicationView(
  config: ApplicationConfig,
  life: ApplicationView | undefined,
  isOffline: boolean,
): ApplicationDetailView {
  const { id, site, path, pool, physicalPath, hosting } = config;
  const { state = 'idle', problem = '' } = life ?? {};
  return {
    id,
    site,
    path,
    pool,
    physicalPath,
    hostingModel: hosting?.hostingModel ?? '',
    state,
    problem,
    offline: isOffline,
  };
}

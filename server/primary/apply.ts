/**
 * One change of the configuration in two phases. `prepareChange` binds new sockets and may fail; then
 * nothing has changed. `commit` must not fail: it hands the same configuration to everyone in one turn,
 * so that no message of a listener arrives between the parts.
 */
import type { CompiledConfig } from '../../config/model.js';
import { crashPoint } from '../../pools/runtimes/crash-points.js';
import { listenerMetrics } from '../metrics/definitions.js';
import type { PrimaryParts } from './parts.js';
import { changedRoutes } from './route-changes.js';
import { routesOf } from './routes.js';

export interface PreparedChange {
  commit(): void;
}

export function prepareChange(parts: PrimaryParts, config: CompiledConfig): PreparedChange {
  const { sockets, publisher, certificates, issuer, ledger, fleet, runtimes, supervisor } = parts;
  const { totals, published, processMetrics, clock, state } = parts;
  const action = state.config === null ? 'start' : 'apply';
  const prepared = sockets.prepare(config.sites);
  crashPoint(`${action}.sockets-bound`);
  return {
    commit: () => {
      prepared.commit();
      crashPoint(`${action}.sockets-held`);
      const before = state.config;
      // The same list when no pool has changed.
      const isPoolChange = before?.pools !== config.pools;
      if (isPoolChange) ledger.configure(config.pools);
      totals.configure(
        config.pools.map((pool) => pool.name),
        config.sites.map((site) => site.name),
      );
      totals.seriesMax = config.server.metrics.seriesMax;
      if (config.server.metrics.statusCodes === 'class') totals.clear(listenerMetrics.httpRequestsByStatus);
      published.seriesMax = config.server.metrics.publishedSeries;
      published.configure(config.pools.map((pool) => pool.name));
      certificates.configure(config);
      issuer.configure(config.server.acme, config.sites);
      const change = before === null ? null : changedRoutes(before, config);
      parts.siteLogFolders.make(config);
      publisher.publishRoutes(() => routesOf(config), change);
      fleet.applySockets(prepared.added, prepared.removed);
      crashPoint(`${action}.routes-published`);
      state.config = config;
      if (isPoolChange) runtimes.configure(config.pools);
      supervisor.apply(config);
      processMetrics.configurationServes(config.version, clock.wallMs());
      crashPoint(`${action}.committed`);
    },
  };
}

/** Tells which requests are under way. Nothing is kept for it: connections and exchanges know all of it anyway. */
import { liveRequestCharsMax, liveRequestsMax } from '../../config/base/admin-request-limits.js';
import { escapeControls } from '../../config/base/diagnostics.js';
import type { LiveRequest, RequestFilter, RequestList, RequestState } from '../../pools/protocol/live-requests.js';
import type { Exchange } from '../proxy/exchange.js';
import type { ListenerConnection } from './context.js';
import { versionOf } from './versions.js';

export function listRequests(
  connections: Iterable<ListenerConnection>,
  nowMs: number,
  filter: RequestFilter,
): RequestList {
  const pools = filter.pools === null ? null : new Set(filter.pools);
  const found: Exchange[] = [];
  const look = (exchange: Exchange): void => {
    if (exchange.state === 'free' || nowMs - exchange.startedMs < filter.minTimeMs) return;
    if (pools !== null && !pools.has(exchange.pool?.name ?? '')) return;
    if (filter.site !== '' && filter.site !== exchange.siteName) return;
    found.push(exchange);
  };
  for (const { exchange, streams } of connections) {
    if (exchange !== undefined) look(exchange);
    for (const stream of streams ?? []) look(stream.exchange);
  }
  const longest = found
    .toSorted((a, b) => a.startedMs - b.startedMs)
    .slice(0, Math.min(filter.rowsMax, liveRequestsMax));
  return { total: found.length, requests: longest.map((exchange) => describe(exchange, nowMs)) };
}

function describe(exchange: Exchange, nowMs: number): LiveRequest {
  const { request, client, application, pool, worker } = exchange;
  return {
    verb: shown(request.method),
    host: shown(request.hostField),
    url: request.path === request.target ? shown(request.path) : `${shown(request.path)}?...`,
    version: versionOf(client),
    client: client.forward.clientAddress,
    site: exchange.siteName,
    application: application?.id ?? '',
    pool: pool?.name ?? '',
    workerId: worker?.workerId ?? 0,
    state: stateOf(exchange),
    timeMs: Math.max(0, Math.round(nowMs - exchange.startedMs)),
  };
}

function stateOf({ state, answer, application }: Exchange): RequestState {
  switch (state) {
    case 'tunnel':
      return 'tunnel';
    case 'answered':
      return 'answering';
    case 'active':
      return answer.isHeadSent ? 'answering' : 'sent';
    case 'waiting':
    case 'free':
      return application === null || application.workers.length === 0 ? 'starting' : 'queued';
  }
}

/** Nearly every text: spares the look at each of its characters. */
const printable = /^[ -~]*$/;

function shown(text: string): string {
  const cut = text.length > liveRequestCharsMax ? `${text.slice(0, liveRequestCharsMax)}...` : text;
  return printable.test(cut) ? cut : escapeControls(cut);
}

// HOT: measured by test/bench/main.ts
import type { Clock } from '../../config/base/clock.js';
import type { ListenerSettings, RouteSite } from '../../pools/protocol/snapshot.js';
import type { Cells } from '../metrics/cells.js';
import { listenerMetrics as metrics } from '../metrics/definitions.js';
import type { Exchange } from '../proxy/exchange.js';
import { codeIndex, methodIndex } from '../proxy/traffic-cells.js';
import type { AccessLogs } from './access-logs.js';
import type { ConnectionContext, RefusedRequest } from './context.js';
import type { Trails } from './tracing/trails.js';
import { versionOf } from './versions.js';

/** Names and reasons of requests that belong to no application. */
const nobody = '';

/** What is counted and written for each request at its end. */
export class Accounting {
  readonly #clock: Clock;
  readonly #cells: Cells;
  readonly #refusals = new Map<string, number>();
  #countsStatus = false;
  readonly logs: AccessLogs;
  readonly trails: Trails;
  /** null while nothing is noted of any request. */
  trailsWanted: Trails | null = null;

  constructor(clock: Clock, cells: Cells, logs: AccessLogs, trails: Trails) {
    this.#clock = clock;
    this.#cells = cells;
    this.logs = logs;
    this.trails = trails;
  }

  apply(settings: ListenerSettings, sites: readonly RouteSite[], hasTraceRules: boolean): void {
    const { accessLog, telemetry, exactStatusCodes } = settings;
    this.#countsStatus = exactStatusCodes === true;
    this.logs.apply(accessLog, sites);
    this.trails.apply(telemetry ?? null, hasTraceRules);
    this.trailsWanted = this.trails.isOn ? this.trails : null;
  }

  /** Called every second. */
  tick(): void {
    this.logs.flush();
    this.trails.tick();
  }

  end(done: () => void): void {
    this.trails.end(() => this.logs.end(done));
  }

  finished(exchange: Exchange): void {
    const { application, pool, request, answer } = exchange;
    const bytesSent = exchange.output.takeCount();
    const durationMs = this.#clock.monotonicMs() - exchange.startedMs;
    const code = codeIndex(exchange.status);
    application?.cells?.count(methodIndex(request.method), code, exchange.bytesIn, answer.bodyBytes);
    if (this.#countsStatus) application?.cells?.countStatus(exchange.status);
    if (pool !== null) {
      pool.cells.duration(code, durationMs / 1000);
      if (exchange.firstByteMs > 0) pool.cells.firstByte((exchange.firstByteMs - exchange.startedMs) / 1000);
    }
    if (exchange.trail !== null) this.trails.finished(exchange, exchange.trail, durationMs);
    const { client, siteName } = exchange;
    const log = this.logs.of(siteName);
    if (log === null) return;
    const { fields } = request;
    log.append({
      remoteAddress: client.forward.clientAddress,
      host: request.hostField,
      method: request.method,
      target: request.target,
      version: versionOf(client),
      site: siteName,
      pool: pool?.name ?? nobody,
      status: exchange.status,
      subStatus: exchange.subStatus,
      reason: exchange.reason,
      bytesIn: exchange.bytesIn,
      bytesOut: answer.bodyBytes,
      bytesReceived: request.envelopeBytes + exchange.bytesIn,
      bytesSent,
      durationMs,
      referer: valueOf(fields, 'referer'),
      userAgent: valueOf(fields, 'user-agent'),
      cookie: log.wantsCookie ? valueOf(fields, 'cookie') : '',
      localAddress: client.localAddress,
      localPort: client.localPort,
      siteId: client.site?.id ?? 0,
    });
  }

  /** `reason` is a word of a closed list. */
  countRefused(reason: string): void {
    let at = this.#refusals.get(reason);
    if (at === undefined) {
      at = this.#cells.declare(metrics.refusedRequests, [reason]);
      this.#refusals.set(reason, at);
    }
    this.#cells.add(at, 1);
  }

  refused(client: Parameters<ConnectionContext['refused']>[0], refused: RefusedRequest): void {
    this.countRefused(refused.reason);
    const bytesSent = client.output.takeCount();
    this.trailsWanted?.refused(client, refused);
    // What was refused as unreadable is not repeated: method, target and fields may be those of the request before.
    const isReadable = client.request.rejection === null && refused.status !== 408;
    const { request } = client;
    this.logs.of(refused.site)?.append({
      remoteAddress: client.forward.clientAddress,
      host: isReadable ? request.hostField : '',
      method: isReadable ? request.method : '',
      target: isReadable ? request.target : '',
      version: isReadable || client.isStream ? versionOf(client) : '1.1',
      site: refused.site,
      pool: refused.pool,
      status: refused.status,
      subStatus: refused.subStatus,
      reason: refused.reason,
      bytesIn: 0,
      bytesOut: 0,
      bytesReceived: isReadable ? request.envelopeBytes : 0,
      bytesSent,
      durationMs: 0,
      referer: '',
      userAgent: '',
      cookie: '',
      localAddress: client.localAddress,
      localPort: client.localPort,
      siteId: refused.site === nobody ? 0 : (client.site?.id ?? 0),
    });
  }
}

/** The first value of a field. Only lengths are compared until one fits. */
export function valueOf(fields: readonly string[], name: string): string {
  for (let index = 0; index < fields.length; index += 2) {
    const field = fields[index];
    if (field !== undefined && field.length === name.length && field.toLowerCase() === name)
      return fields[index + 1] ?? '';
  }
  return '';
}

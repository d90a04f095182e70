/** Failed-request tracing and spans: decides for each request whether anything is noted, and what becomes of it. */
import type { Clock } from '../../../config/base/clock.js';
import { tracesPerSecondMax } from '../../../config/base/log-limits.js';
import type { TelemetryConfig } from '../../../config/model.js';
import type { ListenerToPrimary } from '../../../pools/protocol/listener-to-primary.js';
import type { RequestTrace } from '../../../pools/protocol/request-trace.js';
import type { RouteSite } from '../../../pools/protocol/snapshot.js';
import type { Exchange } from '../../proxy/exchange.js';
import { joinTrace, type TraceContext } from '../../proxy/trace-context.js';
import { Trail } from '../../proxy/trail.js';
import type { RefusedClient, RefusedRequest } from '../context.js';
import { describeExchange, describeRefusal, type Moment } from './describe.js';
import { SpanExporter } from './span-exporter.js';
import { spanOf } from './spans.js';
import { failureOf } from './trace-rules.js';

type Say = (message: ListenerToPrimary) => void;

export class Trails {
  /** Nothing is asked of any request while it is false. */
  isOn = false;
  readonly #clock: Clock;
  readonly #say: Say;
  #telemetry: TelemetryConfig | null = null;
  #exporter: SpanExporter | null = null;
  #secondAtMs = 0;
  #inSecond = 0;
  #unsaid = 0;

  constructor(clock: Clock, say: Say) {
    this.#clock = clock;
    this.#say = say;
  }

  apply(telemetry: TelemetryConfig | null, sites: Iterable<RouteSite>): void {
    if (JSON.stringify(telemetry) !== JSON.stringify(this.#telemetry)) {
      this.#telemetry = telemetry;
      this.#exporter?.end();
      const otlp = telemetry?.otlp ?? null;
      this.#exporter =
        otlp === null || telemetry === null
          ? null
          : new SpanExporter({ ...otlp, telemetry, clock: this.#clock, say: this.#say });
    }
    this.isOn = telemetry !== null || hasRules(sites);
  }

  /** null = nothing is noted of this request. */
  begin(exchange: Exchange): Trail | null {
    const context = this.#contextOf(exchange);
    return context === null && exchange.client.site?.traceRules === undefined ? null : new Trail(context);
  }

  finished(exchange: Exchange, trail: Trail, timeTakenMs: number): void {
    const { site } = exchange.client;
    if (site === null) return;
    if (trail.context?.isSampled === true && this.#exporter !== null) {
      this.#exporter.add(spanOf(exchange, trail, trail.context, this.#moment()));
    }
    if (site.traceRules === undefined) return;
    const { status, subStatus, request } = exchange;
    const why = failureOf(site.traceRules, { path: request.path, status, subStatus, timeTakenMs });
    if (why !== null && this.#hasRoom()) this.#tell(describeExchange(exchange, site, trail, this.#moment(), why));
  }

  /** A request that never became an exchange. */
  refused(client: RefusedClient, refused: RefusedRequest): void {
    const { site, request } = client;
    if (site?.traceRules === undefined || refused.site === '' || request.rejection !== null) return;
    const { status, subStatus } = refused;
    const why = failureOf(site.traceRules, { path: request.path, status, subStatus, timeTakenMs: 0 });
    if (why !== null && this.#hasRoom()) this.#tell(describeRefusal(client, site, refused, this.#moment()));
  }

  /** Called every second. */
  tick(): void {
    this.#exporter?.flush();
    if (this.#unsaid === 0) return;
    const remedy = 'make the rules of traceFailedRequests narrower';
    this.#say({ type: 'log', level: 'warn', event: 'traces-dropped', fields: { count: this.#unsaid, remedy } });
    this.#unsaid = 0;
  }

  end(done: () => void): void {
    if (this.#exporter === null) done();
    else this.#exporter.end(done);
  }

  #contextOf({ request }: Exchange): TraceContext | null {
    const telemetry = this.#telemetry;
    if (telemetry === null) return null;
    const { traceContext, samplingRatio } = telemetry;
    return joinTrace(request, { createsTraces: traceContext === 'create', samplingRatio });
  }

  #moment(): Moment {
    return { wallMs: this.#clock.wallMs(), monotonicMs: this.#clock.monotonicMs() };
  }

  #hasRoom(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#secondAtMs >= 1_000) {
      this.#secondAtMs = nowMs;
      this.#inSecond = 0;
    }
    this.#inSecond += 1;
    if (this.#inSecond <= tracesPerSecondMax) return true;
    this.#unsaid += 1;
    return false;
  }

  #tell(trace: RequestTrace): void {
    this.#say({ type: 'traced', trace });
  }
}

function hasRules(sites: Iterable<RouteSite>): boolean {
  for (const { traceRules } of sites) if (traceRules !== undefined) return true;
  return false;
}

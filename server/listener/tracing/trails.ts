/** Failed-request tracing and spans: decides for each request whether anything is noted, and what becomes of it. */
import type { Clock } from '../../../config/base/clock.js';
import type { TelemetryConfig } from '../../../config/model.js';
import type { ListenerToPrimary } from '../../../pools/protocol/listener-to-primary.js';
import type { RequestTrace } from '../../../pools/protocol/request-trace.js';
import type { Exchange } from '../../proxy/exchange.js';
import { joinTrace, type TraceContext } from '../../proxy/trace-context.js';
import { Trail } from '../../proxy/trail.js';
import type { RefusedClient, RefusedRequest } from '../context.js';
import { describeExchange, describeRefusal, type Moment } from './describe.js';
import { SpanExporter } from './span-exporter.js';
import { spanOf } from './spans.js';
import { TraceBudget } from './trace-budget.js';
import { failureOf, pathBelow } from './trace-rules.js';

interface Verdict {
  readonly why: RequestTrace['failureReason'];
  /** Whose web.config has the rule; '' = the site has it. */
  readonly application: string;
}

type Say = (message: ListenerToPrimary) => void;

export class Trails {
  /** Nothing is asked of any request while it is false. */
  isOn = false;
  readonly #clock: Clock;
  readonly #say: Say;
  #telemetry: TelemetryConfig | null = null;
  #exporter: SpanExporter | null = null;
  readonly #budget: TraceBudget;

  constructor(clock: Clock, say: Say) {
    this.#clock = clock;
    this.#say = say;
    this.#budget = new TraceBudget(clock);
  }

  apply(telemetry: TelemetryConfig | null, hasRules: boolean): void {
    if (JSON.stringify(telemetry) !== JSON.stringify(this.#telemetry)) {
      this.#telemetry = telemetry;
      this.#exporter?.end();
      const otlp = telemetry?.otlp ?? null;
      this.#exporter =
        otlp === null || telemetry === null
          ? null
          : new SpanExporter({ ...otlp, telemetry, clock: this.#clock, say: this.#say });
    }
    this.isOn = telemetry !== null || hasRules;
  }

  /** null = nothing is noted of this request. */
  begin(exchange: Exchange): Trail | null {
    const context = this.#contextOf(exchange);
    const rules = exchange.client.site?.traceRules ?? exchange.application?.route?.traceRules;
    return context === null && rules === undefined ? null : new Trail(context);
  }

  finished(exchange: Exchange, trail: Trail, timeTakenMs: number): void {
    const { site } = exchange.client;
    if (site === null) return;
    if (trail.context?.isSampled === true && this.#exporter !== null) {
      this.#exporter.add(spanOf(exchange, trail, trail.context, this.#moment()));
    }
    const found = verdictOn(exchange, timeTakenMs);
    if (found === null || !this.#budget.spend(found.application)) return;
    this.#tell(describeExchange(exchange, site, trail, this.#moment(), found.why));
  }

  /** A request that never became an exchange. */
  refused(client: RefusedClient, refused: RefusedRequest): void {
    const { site, request } = client;
    if (site?.traceRules === undefined || refused.site === '' || request.rejection !== null) return;
    const { status, subStatus } = refused;
    const why = failureOf(site.traceRules, { path: request.path, status, subStatus, timeTakenMs: 0 });
    if (why !== null && this.#budget.spend('')) this.#tell(describeRefusal(client, site, refused, this.#moment()));
  }

  /** Called every second. */
  tick(): void {
    this.#exporter?.flush();
    const count = this.#budget.takeUnsaid();
    if (count === 0) return;
    const remedy = 'make the rules of traceFailedRequests narrower';
    this.#say({ type: 'log', level: 'warn', event: 'traces-dropped', fields: { count, remedy } });
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

  #tell(trace: RequestTrace): void {
    this.#say({ type: 'traced', trace });
  }
}

/** The rules of the site come first, then those in the application's web.config; null = the request is not traced. */
function verdictOn(exchange: Exchange, timeTakenMs: number): Verdict | null {
  const { status, subStatus, request, application, client } = exchange;
  const ending = { path: request.path, status, subStatus, timeTakenMs };
  const ofSite = client.site?.traceRules;
  const why = ofSite === undefined ? null : failureOf(ofSite, ending);
  if (why !== null) return { why, application: '' };
  const route = application?.route ?? null;
  if (route?.traceRules === undefined) return null;
  const own = failureOf(route.traceRules, { ...ending, path: pathBelow(route.path, request.path) });
  return own === null ? null : { why: own, application: route.id };
}

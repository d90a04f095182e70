/** A request as a span of OTLP's JSON form, with the names of OpenTelemetry's semantic conventions. */
import type { Exchange } from '../../proxy/exchange.js';
import type { TraceContext } from '../../proxy/trace-context.js';
import type { Trail } from '../../proxy/trail.js';
import { versionOf } from '../versions.js';
import type { Moment } from './describe.js';

type Value = { readonly stringValue: string } | { readonly intValue: string };

interface Attribute {
  readonly key: string;
  readonly value: Value;
}

/** Numbers of 64 bits are text in it; ids are hexadecimal. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events: readonly {
    readonly timeUnixNano: string;
    readonly name: string;
    readonly attributes: readonly Attribute[];
  }[];
  readonly status: { readonly code?: number };
}

const kindServer = 2;
const statusError = 2;
const textCharsMax = 1_024;

export function spanOf(exchange: Exchange, trail: Trail, context: TraceContext, now: Moment): OtlpSpan {
  const { client, request, pool, application, startedMs, firstByteMs } = exchange;
  const wallOf = (monotonicMs: number): string => nanos(now.wallMs - (now.monotonicMs - monotonicMs));
  const text = (key: string, value: string): Attribute[] =>
    value === '' ? [] : [{ key, value: { stringValue: value.slice(0, textCharsMax) } }];
  const number = (key: string, value: number): Attribute => ({ key, value: { intValue: String(value) } });
  const notes =
    firstByteMs > 0 ? [...trail.notes, { stage: 'first-byte', atMs: firstByteMs, detail: '' }] : trail.notes;
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    parentSpanId: context.parentSpanId,
    traceState: context.traceState,
    flags: context.isSampled ? 1 : 0,
    name: request.method,
    kind: kindServer,
    startTimeUnixNano: wallOf(startedMs),
    endTimeUnixNano: wallOf(now.monotonicMs),
    attributes: [
      ...text('http.request.method', request.method),
      ...text('url.scheme', client.forward.scheme),
      ...text('url.path', request.path),
      ...text('server.address', request.host),
      number('server.port', client.localPort),
      ...text('client.address', client.forward.clientAddress),
      ...text('network.protocol.version', versionOf(client)),
      number('http.response.status_code', exchange.status),
      number('http.response.body.size', exchange.answer.bodyBytes),
      ...text('sluice.site', exchange.siteName),
      ...text('sluice.application', application?.id ?? ''),
      ...text('sluice.pool', pool?.name ?? ''),
      ...text('sluice.reason', exchange.reason),
      number('sluice.substatus', exchange.subStatus),
      number('sluice.retries', exchange.retries),
    ],
    events: notes.map(({ stage, atMs, detail }) => ({
      timeUnixNano: wallOf(atMs),
      name: stage,
      attributes: text('sluice.detail', detail),
    })),
    status: exchange.status >= 500 ? { code: statusError } : {},
  };
}

/** Of ms with fractions, without losing their digits in a number of 64 bits. */
function nanos(wallMs: number): string {
  const whole = Math.floor(wallMs);
  return `${whole}${String(Math.floor((wallMs - whole) * 1_000_000)).padStart(6, '0')}`;
}

/** The body of an export: `ExportTraceServiceRequest`. */
export function exportBody(spans: readonly OtlpSpan[], serviceName: string, instance: string): string {
  const resource = {
    attributes: [
      { key: 'service.name', value: { stringValue: serviceName } },
      { key: 'service.instance.id', value: { stringValue: instance } },
    ],
  };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'sluice' }, spans }] }] });
}

/** A request that met a rule, told from its beginning to its end. */
import { traceFieldCharsMax, traceFieldsMax } from '../../../config/base/log-limits.js';
import type { RouteSite } from '../../../pools/protocol/snapshot.js';
import type { RequestTrace, TraceStage } from '../../../pools/protocol/request-trace.js';
import type { Exchange } from '../../proxy/exchange.js';
import type { Trail, TrailNote } from '../../proxy/trail.js';
import type { RefusedClient, RefusedRequest } from '../context.js';
import { versionOf } from '../versions.js';

/** Their values never stand in a file. */
const secretFields: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'ms-aspnetcore-token',
  'ms-aspnetcore-clientcert',
  'x-forwarded-client-cert',
]);

export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export function describeExchange(
  exchange: Exchange,
  site: RouteSite,
  trail: Trail,
  now: Moment,
  failureReason: RequestTrace['failureReason'],
): RequestTrace {
  const { client, request, application, pool, answer, startedMs, firstByteMs } = exchange;
  const notes: TrailNote[] = [
    { stage: 'accepted', atMs: client.forward.acceptedMs, detail: 'the connection' },
    { stage: 'head', atMs: startedMs, detail: '' },
    { stage: 'routed', atMs: startedMs, detail: `${application?.id ?? ''} in pool ${pool?.name ?? ''}` },
    ...trail.notes,
  ];
  if (firstByteMs > 0) notes.push({ stage: 'first-byte', atMs: firstByteMs, detail: '' });
  const isLeft = exchange.reason === 'ClientClosed';
  notes.push({ stage: isLeft ? 'client-left' : 'end', atMs: now.monotonicMs, detail: exchange.reason });
  const { context } = trail;
  return {
    site: site.name,
    siteId: site.id,
    application: application?.id ?? '',
    pool: pool?.name ?? '',
    workerId: trail.workerId,
    startedAtMs: now.wallMs - (now.monotonicMs - startedMs),
    timeTakenMs: now.monotonicMs - startedMs,
    failureReason,
    ...asked(client, request),
    status: exchange.status,
    subStatus: exchange.subStatus,
    reason: exchange.reason,
    retries: exchange.retries,
    connectFailures: exchange.connectFailures,
    stages: stagesOf(notes, startedMs),
    requestFields: fieldsOf(request.fields),
    requestBytes: exchange.bytesIn,
    answerFields: firstByteMs > 0 ? fieldsOf(answer.head.fields) : [],
    answerBytes: answer.bodyBytes,
    traceId: context?.traceId ?? '',
    spanId: context?.spanId ?? '',
    parentSpanId: context?.parentSpanId ?? '',
  };
}

export function describeRefusal(
  client: RefusedClient,
  site: RouteSite,
  refused: RefusedRequest,
  now: Moment,
): RequestTrace {
  const notes: TrailNote[] = [
    { stage: 'accepted', atMs: client.forward.acceptedMs, detail: 'the connection' },
    { stage: 'head', atMs: now.monotonicMs, detail: '' },
    { stage: 'refused', atMs: now.monotonicMs, detail: refused.reason },
  ];
  return {
    site: site.name,
    siteId: site.id,
    application: '',
    pool: refused.pool,
    workerId: 0,
    startedAtMs: now.wallMs,
    timeTakenMs: 0,
    failureReason: 'STATUS_CODE',
    ...asked(client, client.request),
    status: refused.status,
    subStatus: refused.subStatus,
    reason: refused.reason,
    retries: 0,
    connectFailures: 0,
    stages: stagesOf(notes, now.monotonicMs),
    requestFields: fieldsOf(client.request.fields),
    requestBytes: 0,
    answerFields: [],
    answerBytes: 0,
    traceId: '',
    spanId: '',
    parentSpanId: '',
  };
}

function asked(
  client: Pick<RefusedClient, 'forward' | 'isStream' | 'request'>,
  request: RefusedClient['request'],
): Pick<RequestTrace, 'clientAddress' | 'method' | 'url' | 'host' | 'version'> {
  return {
    clientAddress: client.forward.clientAddress,
    method: request.method,
    url: cut(request.target),
    host: cut(request.hostField),
    version: versionOf(client),
  };
}

function stagesOf(notes: readonly TrailNote[], startedMs: number): TraceStage[] {
  return notes
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ stage, atMs, detail }) => ({ stage, atMs: Math.round((atMs - startedMs) * 1_000) / 1_000, detail }));
}

function fieldsOf(fields: readonly string[]): (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  for (let index = 0; index < fields.length && found.length < traceFieldsMax; index += 2) {
    const name = fields[index] ?? '';
    const value = fields[index + 1] ?? '';
    found.push([cut(name), secretFields.has(name.toLowerCase()) ? `(${value.length} characters)` : cut(value)]);
  }
  return found;
}

function cut(text: string): string {
  return text.length > traceFieldCharsMax ? `${text.slice(0, traceFieldCharsMax)}...` : text;
}

/** W3C Trace Context (https://www.w3.org/TR/trace-context/): reads, makes and writes traceparent and tracestate. */
import { randomFillSync } from 'node:crypto';
import { FieldKind } from '../http1/field-kinds.js';
import type { RequestHead } from '../http1/types.js';

/** The part that this server has in a trace. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  /** '' = the trace begins here. */
  readonly parentSpanId: string;
  readonly isSampled: boolean;
  /** As it travels on; '' = none. */
  readonly traceState: string;
}

export interface ParentContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** null = not valid (3.2.2): the trace is begun anew. */
export function parseTraceparent(value: string): ParentContext | null {
  const version = value.slice(0, 2);
  if (!isHex(value, 0, 2) || version === 'ff' || value[2] !== '-' || value[35] !== '-' || value[52] !== '-')
    return null;
  if (version === '00' ? value.length !== 55 : value.length > 55 && value[55] !== '-') return null;
  if (!isHex(value, 3, 35) || !isHex(value, 36, 52) || !isHex(value, 53, 55)) return null;
  const traceId = value.slice(3, 35);
  const spanId = value.slice(36, 52);
  if (isZero(traceId) || isZero(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(value.slice(53, 55), 16) & 1) === 1 };
}

const stateMembersMax = 32;
/** 3.3.1.5: what has to travel at least; ours is the most. */
const stateCharsMax = 512;

/** Whether a tracestate may travel on (3.3.1): at most 32 members `key=value` of printable ASCII. */
export function isTraceState(value: string): boolean {
  if (value.length > stateCharsMax) return false;
  const members = value.split(',').map((member) => member.trim());
  const written = members.filter((member) => member !== '');
  return written.length > 0 && written.length <= stateMembersMax && written.every(isStateMember);
}

function isStateMember(member: string): boolean {
  const at = member.indexOf('=');
  if (at < 1 || at > 256 || member.length - at - 1 > 256 || member.length === at + 1) return false;
  for (let index = 0; index < member.length; index += 1) {
    const code = member.charCodeAt(index);
    if (index < at ? !isKeyCode(code, index) : code < 0x20 || code > 0x7e) return false;
  }
  return member.indexOf('=', at + 1) < 0;
}

function isKeyCode(code: number, index: number): boolean {
  if ((code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39)) return true;
  // _ - * / @
  return index > 0 && (code === 0x5f || code === 0x2d || code === 0x2a || code === 0x2f || code === 0x40);
}

export interface ContextChoice {
  /** Begin a trace where the client sends none. */
  readonly createsTraces: boolean;
  /** 0 to 1, of traces begun here. */
  readonly samplingRatio: number;
}

/**
 * Takes part in the trace of a request: its fields name our span as the parent of whatever the worker does. A
 * traceparent that is not valid, or there twice, is replaced by one of a new trace, and the tracestate goes with it.
 * @returns null when there was none and none is to be made.
 */
export function joinTrace(request: RequestHead, choice: ContextChoice): TraceContext | null {
  const parents = valuesOf(request, 'traceparent');
  if (parents.length === 0 && !choice.createsTraces) return null;
  const parent = parents.length === 1 ? parseTraceparent(parents[0] ?? '') : null;
  const states = valuesOf(request, 'tracestate').join(',');
  const traceState = parent !== null && states !== '' && isTraceState(states) ? states : '';
  const traceId = parent?.traceId ?? randomHex(32);
  const spanId = randomHex(16);
  const isSampled = parent?.isSampled ?? isInShare(traceId, choice.samplingRatio);
  remove(request, 'traceparent');
  remove(request, 'tracestate');
  request.fields.push('traceparent', `00-${traceId}-${spanId}-0${isSampled ? 1 : 0}`);
  request.fieldKinds.push(FieldKind.plain);
  if (traceState !== '') {
    request.fields.push('tracestate', traceState);
    request.fieldKinds.push(FieldKind.plain);
  }
  return { traceId, spanId, parentSpanId: parent?.spanId ?? '', isSampled, traceState };
}

/** As OpenTelemetry's TraceIdRatioBased: the same everywhere for one trace. */
function isInShare(traceId: string, ratio: number): boolean {
  return ratio >= 1 || Number.parseInt(traceId.slice(18), 16) < ratio * 2 ** 56;
}

function valuesOf({ fields }: RequestHead, name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < fields.length; index += 2) {
    const field = fields[index] ?? '';
    if (field.length === name.length && field.toLowerCase() === name) values.push(fields[index + 1] ?? '');
  }
  return values;
}

function remove({ fields, fieldKinds }: RequestHead, name: string): void {
  for (let index = fields.length - 2; index >= 0; index -= 2) {
    const field = fields[index] ?? '';
    if (field.length !== name.length || field.toLowerCase() !== name) continue;
    fields.splice(index, 2);
    fieldKinds.splice(index / 2, 1);
  }
}

function isHex(text: string, from: number, to: number): boolean {
  if (text.length < to) return false;
  for (let index = from; index < to; index += 1) {
    const code = text.charCodeAt(index);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  return true;
}

function isZero(hex: string): boolean {
  for (let index = 0; index < hex.length; index += 1) if (hex[index] !== '0') return false;
  return true;
}

/** Random bytes are made many at once. */
const pool = Buffer.alloc(4_096);
let poolAt = pool.length;

function randomHex(digits: number): string {
  const bytes = digits / 2;
  if (poolAt + bytes > pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const hex = pool.toString('hex', poolAt, poolAt + bytes);
  poolAt += bytes;
  return isZero(hex) ? randomHex(digits) : hex;
}

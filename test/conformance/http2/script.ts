/**
 * A conversation over HTTP/2 and what must come of it. The same scripts run against the pure engine and against a live
 * listener; whoever runs them provides an application with these paths:
 *
 * - any other: answers 200 with a body when the request is complete;
 * - `/hold`: never answers; `/early`: answers 200 with a body before it reads anything;
 * - `/big`: 100,000 bytes with their Content-Length; `/echo`: answers the bytes of the request's body, `/cookie` the
 *   value of its Cookie.
 */
import { ErrorCode, Flag, FrameType } from '../../../server/http2/codes.js';
import { FrameLog, ping, preface, settings } from '../../support/http2-frames.js';

/** Bytes to send, or a condition to wait for before the next. */
export type Step = Buffer | ((log: FrameLog) => boolean);

export type Expectation =
  /** GOAWAY with the code, and the end of the connection. */
  | { readonly outcome: 'connection-error'; readonly code: number }
  /** RST_STREAM with the code; the connection goes on. */
  | { readonly outcome: 'stream-error'; readonly id: number; readonly code: number }
  /** Complete answers of this status; the connection goes on. */
  | { readonly outcome: 'answered'; readonly ids: readonly number[]; readonly status: number }
  /** No frame for any stream; the connection goes on. */
  | { readonly outcome: 'ignored' }
  /** Something else; the connection goes on, unless it may end. */
  | {
      readonly outcome: 'frames';
      readonly says: string;
      readonly check: (log: FrameLog) => boolean;
      readonly mayEnd: boolean;
    };

export interface Script {
  readonly name: string;
  /** RFC and section. */
  readonly source: string;
  readonly steps: readonly Step[];
  readonly expected: Expectation;
  /** The steps begin with the client's preface, or with what is wrong about it. */
  readonly isRaw: boolean;
  /** Depends on an application that takes nothing, or on time: only for the pure engine. */
  readonly isEngineOnly: boolean;
}

export function connectionError(code: keyof typeof ErrorCode): Expectation {
  return { outcome: 'connection-error', code: ErrorCode[code] };
}

export function streamError(id: number, code: keyof typeof ErrorCode): Expectation {
  return { outcome: 'stream-error', id, code: ErrorCode[code] };
}

export function answered(...ids: readonly number[]): Expectation {
  return { outcome: 'answered', ids, status: 200 };
}

export function refused(id: number, status: number): Expectation {
  return { outcome: 'answered', ids: [id], status };
}

export const ignored: Expectation = { outcome: 'ignored' };

export function frames(says: string, check: (log: FrameLog) => boolean): Expectation {
  return { outcome: 'frames', says, check, mayEnd: false };
}

/** As `frames`, for a connection that has nothing more to do. */
export function lastFrames(says: string, check: (log: FrameLog) => boolean): Expectation {
  return { outcome: 'frames', says, check, mayEnd: true };
}

/** Scripts of one section by name. */
export type ScriptTable = Readonly<Record<string, readonly [Expectation, ...Step[]]>>;

export function section(source: string, scripts: ScriptTable): Script[] {
  return Object.entries(scripts).map(([name, [expected, ...steps]]) => ({
    name,
    source,
    steps,
    expected,
    isRaw: false,
    isEngineOnly: false,
  }));
}

export function rawSection(source: string, scripts: ScriptTable): Script[] {
  return section(source, scripts).map((script) => ({ ...script, isRaw: true }));
}

export function engineSection(source: string, scripts: ScriptTable): Script[] {
  return section(source, scripts).map((script) => ({ ...script, isEngineOnly: true }));
}

/** Condition: the server has ended the stream. */
export function ended(id: number): (log: FrameLog) => boolean {
  return (log) => log.isEnded(id);
}

export function wasReset(id: number): (log: FrameLog) => boolean {
  return (log) => log.of(FrameType.rstStream, id).length > 0;
}

export function hasHead(id: number): (log: FrameLog) => boolean {
  return (log) => log.of(FrameType.headers, id).length > 0;
}

/** All steps with the opening of the connection and a last PING, whose answer says that it lives. */
export function stepsOf(script: Script): readonly Step[] {
  const opening = script.isRaw ? [] : [preface, settings()];
  return [...opening, ...script.steps, probe];
}

const probe = ping('probe');

export function isProbeAnswered(log: FrameLog): boolean {
  return log.of(FrameType.ping).some((one) => one.flags === Flag.ack && one.payload.toString().startsWith('probe'));
}

export function goAwayCode(log: FrameLog): number {
  return log.of(FrameType.goAway).at(-1)?.payload.readUInt32BE(4) ?? -1;
}

/** Is everything there that the script waits for? A runner collects frames until it is, or its patience ends. */
export function isSettled(script: Script, log: FrameLog): boolean {
  return goAwayCode(log) > 0 || judge(script, log) === '';
}

/** '' or what is wrong with the outcome. */
export function judge(script: Script, log: FrameLog): string {
  const { expected } = script;
  const code = goAwayCode(log);
  if (expected.outcome === 'connection-error') {
    return code === expected.code ? '' : `GOAWAY ${code}, not ${expected.code}`;
  }
  const mayEnd = expected.outcome === 'frames' && expected.mayEnd;
  if (code > 0 || (code === 0 && !mayEnd))
    return `GOAWAY ${code} (${log.of(FrameType.goAway).at(-1)?.payload.subarray(8).toString()})`;
  if (!mayEnd && !isProbeAnswered(log)) return 'the connection does not go on';
  switch (expected.outcome) {
    case 'stream-error': {
      const codes = log.of(FrameType.rstStream, expected.id).map((one) => one.payload.readUInt32BE(0));
      return codes[0] === expected.code ? '' : `RST_STREAM ${codes.join()}, not ${expected.code}`;
    }
    case 'answered': {
      const found = expected.ids.map((id) => `${log.field(id, ':status')}${log.isEnded(id) ? '' : ' unfinished'}`);
      return found.every((status) => status === String(expected.status)) ? '' : `answers ${found.join()}`;
    }
    case 'ignored':
      return log.frames.some((one) => one.id !== 0) ? 'frames on a stream' : '';
    case 'frames':
      return expected.check(log) ? '' : `not: ${expected.says}`;
  }
}

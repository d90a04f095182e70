import { FrameType } from './codes.js';

/**
 * RFC 9113 5.1 as tables. `idle` and `closed` streams have no object: `idle` are ids not used yet. Of the closed ones
 * those that we reset are told apart for a while, because frames that were under way may still come for them.
 * Reserved states do not exist here: nobody may push to us, and we do not push.
 */
export const StreamState = {
  idle: 0,
  open: 1,
  halfClosedRemote: 2,
  halfClosedLocal: 3,
  closed: 4,
  resetByUs: 5,
} as const;
export const StreamEvent = { peerEnds: 0, weEnd: 1, peerResets: 2, weReset: 3 } as const;

const { halfClosedRemote, halfClosedLocal, closed, resetByUs } = StreamState;

/** Next state by state (from `open` on) and event. */
const transitions: readonly (readonly number[])[] = [
  /* idle             */ [],
  /* open             */ [halfClosedRemote, halfClosedLocal, closed, resetByUs],
  /* halfClosedRemote */ [halfClosedRemote, closed, closed, resetByUs],
  /* halfClosedLocal  */ [closed, halfClosedLocal, closed, resetByUs],
  /* closed           */ [closed, closed, closed, closed],
  /* resetByUs        */ [resetByUs, resetByUs, resetByUs, resetByUs],
];

export function nextState(state: number, event: number): number {
  return (transitions[state] as readonly number[])[event] as number;
}

/** What a frame means in a state. */
export const Verdict = {
  accept: 0,
  ignore: 1,
  /** Stream error STREAM_CLOSED. */
  streamClosed: 2,
  /** Connection error STREAM_CLOSED. */
  connectionClosed: 3,
  /** Connection error PROTOCOL_ERROR: a frame for a stream that was never opened. */
  idleStream: 4,
} as const;

const { accept, ignore, streamClosed, connectionClosed, idleStream } = Verdict;

/** By state; HEADERS in `idle` opens the stream, which the role decides. */
const verdicts: Readonly<Record<number, readonly number[]>> = {
  [FrameType.data]: [idleStream, accept, streamClosed, accept, connectionClosed, ignore],
  [FrameType.headers]: [accept, accept, streamClosed, accept, connectionClosed, ignore],
  [FrameType.rstStream]: [idleStream, accept, accept, accept, ignore, ignore],
  [FrameType.windowUpdate]: [idleStream, accept, accept, accept, ignore, ignore],
  [FrameType.priority]: [ignore, accept, accept, accept, ignore, ignore],
};

export function frameVerdict(type: number, state: number): number {
  return (verdicts[type] as readonly number[])[state] as number;
}

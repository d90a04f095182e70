import type { Exchange } from './exchange.js';

/** Why an upstream gave up on an exchange; decides about retry and status. */
export type LossCause =
  /** Nothing was handed to the app: connect failed, or the worker refused the request unseen. */
  | 'refused'
  /** Its socket has no room for one more connection at the moment (a full backlog). Nothing was handed over. */
  | 'busy'
  /** The connection or link broke under the request: the worker died or reset it. */
  | 'lost'
  /** A kept connection broke before any byte of an answer: the worker had closed it meanwhile. */
  | 'stale'
  /** The app itself destroyed its socket, or stopped in the middle of the answer. */
  | 'app-reset'
  /** No progress within requestTimeout. */
  | 'timeout';

/** Why we stop a request that a worker is busy with. */
export type AbortCause = 'fin' | 'reset' | 'cancel';

/** One request under way in one worker. After `abort` or `release` the exchange is no longer called. */
export interface Upstream {
  /** True: `onAnswerEnd` always follows the last byte. False: the framing says where the answer ends. */
  readonly announcesEnd: boolean;
  /** False: still connecting. A body byte would be handed over too early to be sent elsewhere; wait for `onUpstreamReady`. */
  readonly takesBody: boolean;
  /** Body bytes (after an upgrade: tunnel bytes); valid only during the call. False: wait for `onUpstreamReady`. */
  body(buffer: Buffer, start: number, end: number): boolean;
  endBody(trailers: readonly string[] | null): void;
  /**
   * `over`, if given: wants to know when the worker has let go of the request. @returns whether it will be called, later
   * and once; false: nothing more can be learned of it.
   */
  abort(cause: AbortCause, over: (() => void) | null): boolean;
  pauseAnswer(): void;
  resumeAnswer(): void;
  /** The answer is complete. `reusable` = the worker keeps the connection and nothing unexpected came. */
  release(reusable: boolean): void;
  /** The answer was 101: bytes pass unframed from here on, and the connection is never used again. */
  upgrade(): void;
  /** The client ended its side of a tunnel. @returns false: this worker cannot be told without ending both. */
  endTunnel(): boolean;
}

/** The way to one worker. */
export interface Transport {
  /** Requests may be given to `begin` now. */
  readonly isReady: boolean;
  begin(exchange: Exchange): Upstream;
  /** Traffic goes on: measure the worker's load if it is time to. */
  probe(nowMs: number): void;
  /** No new requests will come; idle connections and streams end now. */
  drain(): void;
  /** The process is gone: everything under way is lost. */
  close(): void;
}

// HOT: measured by test/bench/http2.bench.ts
import { createRequestHead } from '../http1/request-head.js';
import { createResponseHead } from '../http1/response-head.js';
import { nextState, StreamEvent, StreamState } from './stream-states.js';
import type { ClientStream, Http2Stream, ServerStream } from './types.js';

/** A stream of either role; used again for later streams of its connection. */
export abstract class StreamCore<T> implements Http2Stream<T> {
  id = 0;
  owner: T | null = null;
  state: number = StreamState.idle;
  isReset = false;
  /** The owner was told of it and has not released it. */
  isOwned = false;
  isLocalDone = false;
  receivedBytes = 0;
  sentBytes = 0;
  queuedBytes = 0;
  /** Content-Length that DATA is held against; -1 = none. */
  expectedBytes = -1;
  /** What the peer may still send, what was received and not consumed, and what was consumed but not credited. */
  receiveWindow = 0;
  unconsumed = 0;
  uncredited = 0;
  /** What we may send; negative after a change of SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 6.9.2). */
  sendWindow = 0;
  /** Pieces that wait; the first from `queueOffset` on. */
  readonly queue: Buffer[] = [];
  queueOffset = 0;
  /** `queuedBytes` was above the mark: `onWritable` is due. */
  wasHigh = false;
  /** Trailers behind the queue; null = none. */
  trailers: readonly string[] | null = null;
  /** A head of ours was written. */
  hasHead = false;
  /** What its head counts against the connection. */
  headBytes = 0;
  /** Monotonic ms since the queue is watched for its rate (0 = not), and `sentBytes` at that time. */
  watchedSinceMs = 0;
  watchedBytes = 0;

  get isPeerDone(): boolean {
    return this.state === StreamState.halfClosedRemote || this.state >= StreamState.closed;
  }

  open(id: number, receiveWindow: number, sendWindow: number): void {
    this.id = id;
    this.owner = null;
    this.state = StreamState.open;
    this.isReset = false;
    this.isOwned = false;
    this.isLocalDone = false;
    this.receivedBytes = 0;
    this.sentBytes = 0;
    this.queuedBytes = 0;
    this.expectedBytes = -1;
    this.receiveWindow = receiveWindow;
    this.unconsumed = 0;
    this.uncredited = 0;
    this.sendWindow = sendWindow;
    this.queueOffset = 0;
    this.wasHigh = false;
    this.trailers = null;
    this.hasHead = false;
    this.headBytes = 0;
    this.watchedSinceMs = 0;
  }

  /** Ends by a reset of either side; what was queued is gone. */
  close(event: typeof StreamEvent.peerResets | typeof StreamEvent.weReset): void {
    this.state = nextState(this.state, event);
    this.isReset = true;
    this.isLocalDone = true;
    this.dropQueue();
  }

  advance(event: typeof StreamEvent.peerEnds | typeof StreamEvent.weEnd): void {
    this.state = nextState(this.state, event);
  }

  dropQueue(): void {
    this.queue.length = 0;
    this.queuedBytes = 0;
    this.trailers = null;
  }
}

export class ServerStreamCore<T> extends StreamCore<T> implements ServerStream<T> {
  readonly request = createRequestHead();
}

export class ClientStreamCore<T> extends StreamCore<T> implements ClientStream<T> {
  readonly answer = createResponseHead();
  isUnprocessed = false;
  hasFinalHead = false;
  interims = 0;
  /** Extended CONNECT: a tunnel if the answer accepts it. */
  isConnect = false;
  /** The method was HEAD, so that a Content-Length says nothing about DATA. */
  isHead = false;
}

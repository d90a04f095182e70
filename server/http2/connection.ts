// HOT: measured by test/bench/http2.bench.ts
import { http2ControlFramesWaitingMax, http2QueueStalledBytesMax } from '../../config/base/limits.js';
import { Budget, ResetCost } from './budget.js';
import { ErrorCode, lastStreamId } from './codes.js';
import { failures } from './errors.js';
import { FrameWriter } from './frame-writer.js';
import { type BlockLimits, HpackDecoder } from './hpack-decoder.js';
import { HpackEncoder } from './hpack-encoder.js';
import type { PeerSettings } from './peer-settings.js';
import { ReceiveWindow } from './receive-window.js';
import { SendQueue } from './send-queue.js';
import type { StreamCore } from './stream.js';
import { StreamEvent, StreamState } from './stream-states.js';
import { writeTrailers } from './trailers.js';
import type { ConnectionFailure, FrameOutput, Http2Connection, Http2Events } from './types.js';

/** Streams that we reset are remembered so long, in number: frames for them may be under way. */
const resetsRemembered = 256;
/** A peer that does not answer is told its last id by this call of the owner's timer. */
const goAwayCallsMax = 4;
const goAwayPing = Uint8Array.from([0x64, 0x72, 0x61, 0x69, 0x6e, 0, 0, 1]);
const ownerPing = Uint8Array.from([0x61, 0x6c, 0x69, 0x76, 0x65, 0, 0, 1]);
const noBytes = Buffer.alloc(0);

/** What a role allows its peer: header blocks, and windows of a stream and of the connection. */
export interface ConnectionLimits {
  readonly blocks: BlockLimits;
  readonly streamBytes: number;
  readonly connectionBytes: number;
}

type Closing = typeof StreamEvent.peerResets | typeof StreamEvent.weReset;

/**
 * What both roles of a connection have in common, seen from the owner (RFC 9113 5, 6.8, 7): its commands, flow control,
 * and how streams and connection end. What comes in is the matter of `FramedConnection`.
 */
export abstract class ConnectionCore<S extends StreamCore<unknown>> implements Http2Connection<S> {
  failure: ConnectionFailure | null = null;
  headStartedMs = 0;
  isPingPending = false;
  protected readonly events: Http2Events<S>;
  protected readonly writer: FrameWriter;
  protected readonly encoder = new HpackEncoder();
  protected readonly decoder: HpackDecoder;
  protected readonly streams = new Map<number, S>();
  protected readonly sending: SendQueue<S>;
  protected readonly received: ReceiveWindow;
  protected readonly budget = new Budget();
  protected readonly peer: PeerSettings;
  /** Highest stream the peer opened; what GOAWAY names. */
  protected lastPeerId = 0;
  /** GOAWAY with the last id was sent: later streams of the peer are ignored. */
  protected isClosed = false;
  protected peerGoesAway = false;
  readonly #resets = new Set<number>();
  #isAnnounced = false;
  #isAnnouncementHeard = false;
  #callsSinceAnnounced = 0;
  #isDrainedTold = false;
  #controlWaiting = 0;
  /** DATA that had left when it was seen to move last, and the time. */
  #sentSeen = -1;
  #sentSeenMs = 0;

  constructor(output: FrameOutput, events: Http2Events<S>, peer: PeerSettings, limits: ConnectionLimits) {
    this.events = events;
    this.decoder = new HpackDecoder(limits.blocks);
    this.peer = peer;
    this.writer = new FrameWriter(output);
    this.received = new ReceiveWindow(this.writer, limits.streamBytes, limits.connectionBytes);
    this.sending = new SendQueue<S>(this.writer, {
      onQueueEmpty: (stream) => {
        if (stream.isLocalDone) this.finishSending(stream);
      },
      onQueueLow: (stream) => {
        if (stream.isOwned) this.events.onWritable(stream);
      },
      onDataSent: (bytes) => this.budget.transferred(bytes),
    });
  }

  abstract start(): void;

  abstract receive(buffer: Buffer, start: number, end: number, nowMs: number): void;

  /** The code for a stream that we are through with before the peer is. */
  protected abstract readonly releaseCode: number;

  /** Was this id never used, by either side? */
  protected abstract isIdle(id: number): boolean;

  /** The object may be used again. */
  protected abstract recycle(stream: S): void;

  get streamCount(): number {
    return this.streams.size;
  }

  get queuedBytes(): number {
    return this.sending.queuedBytes;
  }

  get mayPeerSend(): boolean {
    return this.received.hasRoom;
  }

  get isGoingAway(): boolean {
    return this.#isAnnounced || this.peerGoesAway;
  }

  data(stream: S, buffer: Buffer, start: number, end: number): void {
    if (stream.isLocalDone || start === end) return;
    this.sending.send(stream, buffer, start, end);
  }

  end(stream: S, trailers: readonly string[] | null): void {
    if (stream.isLocalDone) return;
    stream.isLocalDone = true;
    stream.trailers = trailers !== null && trailers.length > 0 ? trailers : null;
    if (stream.queuedBytes === 0) this.finishSending(stream);
  }

  reset(stream: S, code: number): void {
    if (stream.isReset || stream.state === StreamState.closed) return;
    this.closeStream(stream, StreamEvent.weReset);
    this.sendReset(stream.id, code);
    this.dropIfDone(stream);
  }

  consumed(stream: S, bytes: number): void {
    this.received.consumed(stream, bytes);
  }

  release(stream: S): void {
    if (!stream.isOwned) return;
    stream.isOwned = false;
    stream.owner = null;
    this.received.letGo(stream);
    if (!stream.isLocalDone) this.reset(stream, ErrorCode.cancel);
    else if (stream.queuedBytes === 0) this.#endReleased(stream);
  }

  outputDrained(): void {
    if (this.failure !== null) return;
    this.#controlWaiting = 0;
    this.sending.pump();
  }

  tick(nowMs: number, minBytesPerSecond: number, graceMs: number): void {
    if (this.failure !== null) return;
    this.budget.nowMs = nowMs;
    if (this.writer.output.isFull) return;
    const { sending } = this;
    if (sending.sentBytes !== this.#sentSeen || sending.queuedBytes <= http2QueueStalledBytesMax) {
      this.#sentSeen = sending.sentBytes;
      this.#sentSeenMs = nowMs;
    } else if (nowMs - this.#sentSeenMs >= graceMs) {
      this.fail(failures.stalledReader);
      return;
    }
    if (minBytesPerSecond === 0) return;
    for (const stream of sending.waiting) {
      if (this.#isTooSlow(stream, nowMs, minBytesPerSecond, graceMs)) {
        this.endStream(stream, ErrorCode.cancel, StreamEvent.weReset);
      }
    }
  }

  ping(): boolean {
    if (this.isPingPending || this.failure !== null) return false;
    this.isPingPending = true;
    this.writer.ping(ownerPing, 0, false);
    return true;
  }

  goAway(): void {
    if (this.failure !== null || this.isClosed) return;
    if (!this.#isAnnounced) {
      this.#isAnnounced = true;
      this.writer.goAway(lastStreamId, ErrorCode.noError, '');
      this.writer.ping(goAwayPing, 0, false);
      return;
    }
    this.#callsSinceAnnounced += 1;
    if (!this.#isAnnouncementHeard && this.#callsSinceAnnounced < goAwayCallsMax) return;
    this.isClosed = true;
    this.writer.goAway(this.lastPeerId, ErrorCode.noError, '');
    this.checkDrained();
  }

  /** Which PING of ours did the peer answer? */
  protected pingAnswered(buffer: Buffer, at: number): void {
    const kind = buffer[at];
    if (kind === ownerPing[0]) this.isPingPending = false;
    // Answers to PING overtake the requests that were written before it (nghttp2): those behind it still count.
    else if (kind === goAwayPing[0] && this.#isAnnounced) this.#isAnnouncementHeard = true;
  }

  fail(failure: ConnectionFailure): void {
    if (this.failure !== null) return;
    this.failure = failure;
    this.writer.goAway(this.lastPeerId, failure.code, failure.reason);
    this.resetAll(failure.code);
    this.events.onFailed(failure);
  }

  abandon(): void {
    if (this.failure !== null) return;
    this.failure = { code: ErrorCode.noError, reason: 'Http2Abandoned' };
    this.resetAll(ErrorCode.cancel);
  }

  // For the roles

  protected spendFrame(cost: number): boolean {
    if (this.budget.spendFrame(cost)) return true;
    this.fail(failures.frames);
    return false;
  }

  protected stateOf(id: number, stream: S | undefined): number {
    if (stream !== undefined) return stream.state;
    if (this.#resets.has(id)) return StreamState.resetByUs;
    return this.isIdle(id) ? StreamState.idle : StreamState.closed;
  }

  protected peerEnded(stream: S, trailers: string[] | null): void {
    stream.advance(StreamEvent.peerEnds);
    if (stream.isOwned) this.events.onEnd(stream, trailers);
    this.dropIfDone(stream);
  }

  protected malformed(stream: S, reason: string): void {
    this.events.onMalformed(reason);
    this.endStream(stream, ErrorCode.protocolError, StreamEvent.weReset);
  }

  protected streamError(id: number, stream: S | undefined, code: number): void {
    if (stream !== undefined && !stream.isReset) {
      this.endStream(stream, code, StreamEvent.weReset);
      return;
    }
    if (this.budget.spendReset(ResetCost.unserved)) this.sendReset(id, code);
    else this.fail(failures.resets);
  }

  /** A reset that costs the peer: by itself, or by us because of it. */
  protected endStream(stream: S, code: number, event: Closing): void {
    const cost = stream.hasHead ? ResetCost.served : ResetCost.unserved;
    this.closeStream(stream, event);
    if (event === StreamEvent.weReset) this.sendReset(stream.id, code);
    if (stream.isOwned) this.events.onReset(stream, code, event === StreamEvent.peerResets);
    this.dropIfDone(stream);
    if (!this.budget.spendReset(cost)) this.fail(failures.resets);
  }

  protected closeStream(stream: S, event: Closing): void {
    this.sending.drop(stream);
    stream.close(event);
    this.received.letGo(stream);
  }

  protected sendReset(id: number, code: number): void {
    this.#remember(id);
    if (this.countControl()) this.writer.resetStream(id, code);
  }

  /** Our side is through: END_STREAM, in the frame that was written last if it can be. */
  protected finishSending(stream: S): void {
    const { trailers } = stream;
    if (trailers !== null) writeTrailers(this.writer, this.encoder, stream.id, trailers);
    else if (!this.writer.endWithLast(stream.id)) this.writer.data(stream.id, noBytes, 0, 0, true);
    stream.trailers = null;
    stream.advance(StreamEvent.weEnd);
    this.budget.served();
    if (stream.isOwned) this.dropIfDone(stream);
    else this.#endReleased(stream);
  }

  protected dropIfDone(stream: S): void {
    if (stream.isOwned || stream.state < StreamState.closed || !this.streams.delete(stream.id)) return;
    this.recycle(stream);
    this.checkDrained();
  }

  protected checkDrained(): void {
    if (this.streams.size > 0 || this.#isDrainedTold || this.failure !== null) return;
    if (!this.isClosed && !this.peerGoesAway) return;
    this.#isDrainedTold = true;
    this.events.onDrained();
  }

  /** A frame of ours that answers one of the peer: it must not pile up while the peer does not read. */
  protected countControl(): boolean {
    if (!this.writer.output.isFull || ++this.#controlWaiting <= http2ControlFramesWaitingMax) return true;
    this.fail(failures.unreadAnswers);
    return false;
  }

  protected resetAll(code: number): void {
    for (const stream of this.streams.values()) {
      if (!stream.isReset) {
        this.closeStream(stream, StreamEvent.peerResets);
        if (stream.isOwned) this.events.onReset(stream, code, false);
      }
      this.dropIfDone(stream);
    }
  }

  /** The owner is through, and so are we: what the peer did not send yet is not wanted. */
  #endReleased(stream: S): void {
    if (stream.state < StreamState.closed) this.reset(stream, this.releaseCode);
    else this.dropIfDone(stream);
  }

  #remember(id: number): void {
    const resets = this.#resets;
    resets.add(id);
    if (resets.size <= resetsRemembered) return;
    for (const oldest of resets) {
      resets.delete(oldest);
      return;
    }
  }

  /** Bytes wait, and the peer took fewer than it must since they are watched. */
  #isTooSlow(stream: S, nowMs: number, minBytesPerSecond: number, graceMs: number): boolean {
    if (stream.watchedSinceMs === 0) {
      stream.watchedSinceMs = nowMs;
      stream.watchedBytes = stream.sentBytes;
      return false;
    }
    const elapsedMs = nowMs - stream.watchedSinceMs;
    return elapsedMs >= graceMs && stream.sentBytes - stream.watchedBytes < (elapsedMs / 1_000) * minBytesPerSecond;
  }
}

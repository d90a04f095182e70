// HOT: measured by test/bench/http2.bench.ts
import { Gathered } from '../http1/gathered.js';
import { usefulBytes } from './budget.js';
import { ErrorCode, Flag, FrameType, lastStreamId, windowBytesLimit } from './codes.js';
import { ConnectionCore, type ConnectionLimits } from './connection.js';
import { failures } from './errors.js';
import { FrameReader, type FrameSink } from './frame-reader.js';
import { HeaderBlock } from './header-block.js';
import type { PeerSettings } from './peer-settings.js';
import type { StreamCore } from './stream.js';
import { frameVerdict, StreamEvent, StreamState, Verdict } from './stream-states.js';
import type { FrameOutput, Http2Events } from './types.js';

/** What a frame that carries nothing costs (`Budget`). */
const FrameCost = { plain: 1, ping: 2, emptyData: 2, settings: 10 } as const;
const noBytes = Buffer.alloc(0);

/** What comes in, frame by frame (RFC 9113 6), for both roles. The roles say what header blocks mean. */
export abstract class FramedConnection<S extends StreamCore<unknown>> extends ConnectionCore<S> implements FrameSink {
  readonly #reader: FrameReader;
  readonly #block: HeaderBlock;
  #hasSettings = false;
  /** The stream of the DATA frame at hand; null = its bytes are not wanted. */
  #dataStream: S | null = null;
  #dataEnds = false;
  /** DATA of one stream, not told yet: what stands in consecutive frames of a `receive` is told at once. */
  #gatheredFor: S | null = null;
  #gatheredFrom: Buffer = noBytes;
  readonly #gathered = new Gathered();

  constructor(
    output: FrameOutput,
    events: Http2Events<S>,
    peer: PeerSettings,
    limits: ConnectionLimits,
    expectsPreface: boolean,
  ) {
    super(output, events, peer, limits);
    this.#block = new HeaderBlock(limits.blocks.bytes);
    this.#reader = new FrameReader(this, expectsPreface);
  }

  /** A complete header block; it is decoded whatever its stream, or the tables fall out of step. */
  protected abstract onBlock(id: number, isEnd: boolean, buffer: Buffer, start: number, end: number): void;

  /** All bytes of a `receive` are read. */
  protected abstract onReceived(): void;

  /** DATA comes for this stream. Returns '' or why that makes its message malformed. */
  protected abstract beforeData(stream: S, dataBytes: number, isEnd: boolean): string;

  /** DATA of few bytes that does not end its stream. @returns false when there was too much of it. */
  protected abstract spendSmallData(): boolean;

  /** SETTINGS were taken. */
  protected abstract onPeerSettings(): void;

  /** The peer resets this stream; told before the stream is closed. */
  protected abstract onPeerReset(stream: S, code: number): void;

  /** The peer looks at no stream of ours above `lastId`. */
  protected abstract onPeerGoAway(lastId: number): void;

  get openBlock(): number {
    return this.#block.id;
  }

  protected get hasSettings(): boolean {
    return this.#hasSettings;
  }

  receive(buffer: Buffer, start: number, end: number, nowMs: number): void {
    if (this.failure !== null) return;
    this.budget.nowMs = nowMs;
    this.#reader.read(buffer, start, end);
    if (this.#gatheredFor !== null) this.#tellData();
    if (!this.hasFailed()) this.onReceived();
    const isWaiting = this.#reader.isWaiting || this.#block.id !== 0;
    if (!isWaiting) this.headStartedMs = 0;
    else if (this.headStartedMs === 0) this.headStartedMs = Math.max(1, nowMs);
  }

  /** Events may have ended the connection; the compiler does not see that in `failure`. */
  protected hasFailed(): boolean {
    return this.failure !== null;
  }

  // FrameSink

  frame(type: number, flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    if (this.#block.id === 0) this.headStartedMs = 0;
    if (this.#gatheredFor !== null && !this.#tellData()) return;
    if (!this.#hasSettings && (type !== FrameType.settings || (flags & Flag.ack) !== 0)) {
      this.fail(failures.settingsFirst);
      return;
    }
    switch (type) {
      case FrameType.headers:
        this.#onHeaders(flags, id, buffer, start, end);
        return;
      case FrameType.continuation:
        this.#onContinuation(flags, buffer, start, end);
        return;
      case FrameType.windowUpdate:
        this.#onWindowUpdate(id, buffer.readUInt32BE(start) & lastStreamId);
        return;
      case FrameType.rstStream:
        this.#onReset(id, buffer.readUInt32BE(start));
        return;
      case FrameType.settings:
        this.#onSettings(flags, buffer, start, end);
        return;
      case FrameType.ping:
        this.#onPing(flags, buffer, start);
        return;
      case FrameType.goAway:
        this.#onGoAway(buffer.readUInt32BE(start) & lastStreamId);
        return;
      case FrameType.priority:
        this.#onPriority(id, buffer, start, end);
        return;
      case FrameType.pushPromise:
        this.fail(failures.pushPromise);
        return;
      default:
        this.spendFrame(FrameCost.plain);
    }
  }

  beginData(id: number, flags: number, length: number, dataBytes: number): void {
    this.#dataStream = null;
    const isEnd = (flags & Flag.endStream) !== 0;
    this.#dataEnds = isEnd;
    if (this.#gatheredFor !== null && this.#gatheredFor.id !== id && !this.#tellData()) return;
    if (!this.#hasSettings) return this.fail(failures.settingsFirst);
    if (dataBytes < usefulBytes && !isEnd && !this.#spendData(dataBytes)) return;
    if (!this.received.take(length)) return this.fail(failures.windowExceeded);
    const stream = this.streams.get(id);
    const verdict = frameVerdict(FrameType.data, this.stateOf(id, stream));
    if (stream === undefined || verdict !== Verdict.accept) {
      this.received.giveBack(length);
      this.refuse(verdict, id, stream);
      return;
    }
    stream.receiveWindow -= length;
    const reason = stream.receiveWindow < 0 ? '' : this.beforeData(stream, dataBytes, isEnd);
    if (stream.receiveWindow < 0 || reason !== '') {
      this.received.giveBack(length);
      if (reason !== '') this.malformed(stream, reason);
      else this.endStream(stream, ErrorCode.flowControlError, StreamEvent.weReset);
      return;
    }
    this.#accept(stream, length, dataBytes);
  }

  #accept(stream: S, length: number, dataBytes: number): void {
    if (stream.isReset) {
      this.received.giveBack(length);
      return;
    }
    this.#dataStream = stream;
    stream.unconsumed += length;
    if (!stream.isOwned) this.received.letGo(stream);
    else if (length > dataBytes) this.received.consumed(stream, length - dataBytes);
    this.budget.transferred(dataBytes);
  }

  dataBytes(buffer: Buffer, start: number, end: number): void {
    const stream = this.#dataStream;
    if (stream === null || stream.isReset) return;
    stream.receivedBytes += end - start;
    if (!stream.isOwned) return;
    if (!this.#gathered.add(buffer, start, end)) {
      this.#tellData();
      this.#gathered.add(buffer, start, end);
    }
    this.#gatheredFor = stream;
    this.#gatheredFrom = buffer;
  }

  endData(): void {
    const stream = this.#dataStream;
    this.#dataStream = null;
    if (stream === null || !this.#dataEnds) return;
    if (this.#gatheredFor !== null && !this.#tellData(true)) return;
    if (!stream.isReset) this.peerEnded(stream, null);
  }

  #spendData(dataBytes: number): boolean {
    return dataBytes === 0 ? this.spendFrame(FrameCost.emptyData) : this.spendSmallData();
  }

  /** @returns false when its owner ended the connection over it. */
  #tellData(isLast = false): boolean {
    const stream = this.#gatheredFor;
    const buffer = this.#gatheredFrom;
    const { start, end } = this.#gathered;
    this.#gatheredFor = null;
    this.#gatheredFrom = noBytes;
    this.#gathered.clear();
    if (stream?.isOwned === true && !stream.isReset) this.events.onData(stream, buffer, start, end, isLast);
    return this.failure === null;
  }

  /** Deals with a frame that its stream may not have. */
  protected refuse(verdict: number, id: number, stream: S | undefined): void {
    if (verdict === Verdict.connectionClosed) this.fail(failures.closedStream);
    else if (verdict === Verdict.idleStream) this.fail(failures.idleStream);
    else if (verdict === Verdict.streamClosed) this.streamError(id, stream, ErrorCode.streamClosed);
  }

  #onHeaders(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    let at = start;
    let stop = end;
    const isPadded = (flags & Flag.padded) !== 0;
    const hasPriority = (flags & Flag.priority) !== 0;
    if (end - start < (isPadded ? 1 : 0) + (hasPriority ? 5 : 0)) return this.fail(failures.frameSize);
    if (isPadded) stop -= buffer[at++] as number;
    if (hasPriority) {
      if ((buffer.readUInt32BE(at) & lastStreamId) === id) return this.fail(failures.selfDependency);
      at += 5;
    }
    if (stop < at) return this.fail(failures.padding);
    const isEnd = (flags & Flag.endStream) !== 0;
    if ((flags & Flag.endHeaders) !== 0) {
      this.onBlock(id, isEnd, buffer, at, stop);
      return;
    }
    this.#block.open(id, isEnd);
    if (!this.#block.add(buffer, at, stop)) this.fail(failures.headerBlock);
  }

  #onContinuation(flags: number, buffer: Buffer, start: number, end: number): void {
    const block = this.#block;
    if (!block.add(buffer, start, end)) return this.fail(failures.headerBlock);
    if ((flags & Flag.endHeaders) === 0) return;
    const { id, isEnd, bytes, length } = block;
    block.close();
    this.headStartedMs = 0;
    this.onBlock(id, isEnd, bytes, 0, length);
  }

  #onWindowUpdate(id: number, increment: number): void {
    if (!this.spendFrame(FrameCost.plain)) return;
    if (id === 0) {
      if (increment === 0) this.fail(failures.windowIncrement);
      else if (!this.sending.widen(increment)) this.fail(failures.windowOverflow);
      return;
    }
    const stream = this.streams.get(id);
    const verdict = frameVerdict(FrameType.windowUpdate, this.stateOf(id, stream));
    if (stream === undefined || verdict !== Verdict.accept) this.refuse(verdict, id, stream);
    else if (increment === 0) this.streamError(id, stream, ErrorCode.protocolError);
    else if (!this.sending.widenStream(stream, increment)) this.streamError(id, stream, ErrorCode.flowControlError);
  }

  #onReset(id: number, code: number): void {
    const stream = this.streams.get(id);
    const verdict = frameVerdict(FrameType.rstStream, this.stateOf(id, stream));
    if (stream !== undefined && verdict === Verdict.accept) {
      this.onPeerReset(stream, code);
      this.endStream(stream, code, StreamEvent.peerResets);
    } else if (verdict === Verdict.idleStream) this.fail(failures.idleStream);
    else this.spendFrame(FrameCost.plain);
  }

  #onSettings(flags: number, buffer: Buffer, start: number, end: number): void {
    if ((flags & Flag.ack) !== 0) {
      if (end > start) this.fail(failures.frameSize);
      else this.spendFrame(FrameCost.plain);
      return;
    }
    if (!this.spendFrame(FrameCost.settings)) return;
    const { peer } = this;
    for (let at = start; at < end; at += 6) {
      const before = peer.initialWindowBytes;
      const failure = peer.take(buffer.readUInt16BE(at), buffer.readUInt32BE(at + 2));
      if (failure !== null) return this.fail(failure);
      if (!this.#moveWindows(peer.initialWindowBytes - before)) return this.fail(failures.settingWindow);
    }
    if (peer.headerTableBytes >= 0) this.encoder.limitTable(peer.headerTableBytes);
    this.#hasSettings = true;
    if (!this.countControl()) return;
    this.writer.settingsAck();
    this.sending.pump();
    this.onPeerSettings();
  }

  /** RFC 9113 6.9.2: a new initial window moves those of all streams, below zero too. */
  #moveWindows(difference: number): boolean {
    if (difference === 0) return true;
    for (const stream of this.streams.values()) {
      stream.sendWindow += difference;
      if (stream.sendWindow > windowBytesLimit) return false;
    }
    return true;
  }

  #onPing(flags: number, buffer: Buffer, start: number): void {
    if ((flags & Flag.ack) !== 0) {
      if (this.spendFrame(FrameCost.plain)) this.pingAnswered(buffer, start);
      return;
    }
    if (this.spendFrame(FrameCost.ping) && this.countControl()) this.writer.ping(buffer, start, true);
  }

  #onGoAway(lastId: number): void {
    if (!this.spendFrame(FrameCost.plain)) return;
    this.peerGoesAway = true;
    this.onPeerGoAway(lastId);
    this.checkDrained();
  }

  /** Priorities are not used (RFC 9113 5.3.2); only the frame itself is checked (6.3). */
  #onPriority(id: number, buffer: Buffer, start: number, end: number): void {
    if (!this.spendFrame(FrameCost.plain)) return;
    const stream = this.streams.get(id);
    if (end - start !== 5) {
      if (stream === undefined || stream.state >= StreamState.closed) this.fail(failures.frameSize);
      else this.streamError(id, stream, ErrorCode.frameSizeError);
    } else if ((buffer.readUInt32BE(start) & lastStreamId) === id) {
      this.fail(failures.selfDependency);
    }
  }
}

// HOT: measured by test/bench/http2.bench.ts
import {
  headerBlockBytesMax,
  http2ConnectionWindowBytes,
  http2HeadBytesMax,
  http2StreamsMax,
  http2StreamWindowBytes,
} from '../../config/base/limits.js';
import { invariant } from '../../config/base/invariant.js';
import type { ResponseHead } from '../http1/types.js';
import { writeAnswer, writeFields } from './answer-fields.js';
import { ResetCost } from './budget.js';
import { ErrorCode, FrameType, initialWindowBytes, Setting } from './codes.js';
import { failures } from './errors.js';
import { FramedConnection } from './framed-connection.js';
import { requestBlocks } from './hpack-decoder.js';
import { PeerSettings } from './peer-settings.js';
import { readRequest } from './request-fields.js';
import { ServerStreamCore } from './stream.js';
import { frameVerdict, StreamEvent, StreamState, Verdict } from './stream-states.js';
import { readSection, readTrailers } from './trailers.js';
import type {
  AnswerAdditions,
  FrameOutput,
  ServerConnection,
  ServerEvents,
  ServerOptions,
  ServerStream,
} from './types.js';

/** Stream objects of one connection that are kept for later requests; those that had large heads are not. */
const sparesMax = 32;
const spareHeadBytesMax = 8_192;
/** A header block that only keeps the tables in step: trailers of a request that we have reset, a request behind GOAWAY. */
const unusedBlockCost = 8;

/** The server's side of a client connection: header blocks become requests, answers become frames. */
class ServerEngine<T> extends FramedConnection<ServerStreamCore<T>> implements ServerConnection<T> {
  protected override readonly events: ServerEvents<T>;
  protected readonly releaseCode = ErrorCode.noError;
  readonly #schemes: 'https' | 'any';
  readonly #streamsMax: number;
  readonly #spares: ServerStreamCore<T>[] = [];
  /** Requests of this `receive` that the owner was not told of. */
  #untold: ServerStreamCore<T>[] = [];
  /** Ids that the client left out last, [from, to): they are closed without ever having been open (5.1.1). */
  #skippedFrom = 0;
  #skippedTo = 0;
  /** Of the heads of all live streams. */
  #headBytes = 0;

  constructor(output: FrameOutput, events: ServerEvents<T>, options: ServerOptions) {
    const streamBytes = options.streamWindowBytes ?? http2StreamWindowBytes;
    const connectionBytes = options.connectionWindowBytes ?? http2ConnectionWindowBytes;
    invariant(streamBytes >= initialWindowBytes && connectionBytes >= initialWindowBytes, 'windows only grow');
    super(output, events, new PeerSettings(false), { blocks: requestBlocks, streamBytes, connectionBytes }, true);
    this.events = events;
    this.#schemes = options.schemes;
    this.#streamsMax = options.maxConcurrentStreams ?? http2StreamsMax;
  }

  start(): void {
    this.writer.settings([
      Setting.maxConcurrentStreams,
      this.#streamsMax,
      Setting.initialWindowSize,
      this.received.streamBytes,
      Setting.maxHeaderListSize,
      headerBlockBytesMax,
      Setting.enableConnectProtocol,
      1,
    ]);
    this.received.start();
  }

  interim(stream: ServerStream<T>, head: ResponseHead): number {
    const core = this.#live(stream);
    if (core === null || core.hasHead) return 0;
    return writeAnswer(this.writer, this.encoder, stream.id, head, null);
  }

  respond(stream: ServerStream<T>, head: ResponseHead, additions: AnswerAdditions, end: boolean): number {
    const core = this.#live(stream);
    if (core === null || core.hasHead) return 0;
    core.hasHead = true;
    const bytes = writeAnswer(this.writer, this.encoder, stream.id, head, additions);
    if (end) this.end(core, null);
    return bytes;
  }

  respondWith(stream: ServerStream<T>, status: number, fields: readonly string[], end: boolean): void {
    const core = this.#live(stream);
    if (core === null || core.hasHead) return;
    core.hasHead = true;
    writeFields(this.writer, this.encoder, stream.id, status, fields);
    if (end) this.end(core, null);
  }

  #live(stream: ServerStream<T>): ServerStreamCore<T> | null {
    const core = this.streams.get(stream.id);
    return core === undefined || core.isLocalDone || this.failure !== null ? null : core;
  }

  protected isIdle(id: number): boolean {
    // We push nothing: streams of even numbers never exist.
    return id % 2 === 0 || id > this.lastPeerId;
  }

  protected recycle(stream: ServerStreamCore<T>): void {
    this.#headBytes -= stream.headBytes;
    const untold = this.#untold.indexOf(stream);
    if (untold >= 0) this.#untold.splice(untold, 1);
    if (stream.headBytes <= spareHeadBytesMax && this.#spares.length < sparesMax) this.#spares.push(stream);
  }

  protected onBlock(id: number, isEnd: boolean, buffer: Buffer, start: number, end: number): void {
    const stream = this.streams.get(id);
    const state = this.stateOf(id, stream);
    if (state === StreamState.idle && id % 2 === 0) return this.fail(failures.streamId);
    const verdict = frameVerdict(FrameType.headers, state);
    if (verdict === Verdict.connectionClosed) {
      return this.fail(id >= this.#skippedFrom && id < this.#skippedTo ? failures.streamId : failures.closedStream);
    }
    if (!this.decoder.decode(buffer, start, end)) return this.fail(failures.compression);
    const isUnused = verdict === Verdict.ignore || (this.isClosed && stream === undefined);
    if (isUnused && !this.spendFrame(unusedBlockCost)) return;
    if (verdict !== Verdict.accept) this.refuse(verdict, id, stream);
    else if (stream !== undefined) this.#onTrailers(stream, isEnd);
    else this.#onRequest(id, isEnd, end - start);
  }

  #onRequest(id: number, isEnd: boolean, blockBytes: number): void {
    if (this.isClosed) return;
    if (id > this.lastPeerId + 2) {
      this.#skippedFrom = this.lastPeerId + 1;
      this.#skippedTo = id;
    }
    this.lastPeerId = id;
    const headBytes = Math.min(this.decoder.listBytes, headerBlockBytesMax);
    if (this.streams.size >= this.#streamsMax || this.#headBytes + headBytes > http2HeadBytesMax) {
      if (this.budget.spendReset(ResetCost.refused)) this.sendReset(id, ErrorCode.refusedStream);
      else this.fail(failures.resets);
      return;
    }
    const stream = this.#spares.pop() ?? new ServerStreamCore<T>();
    stream.open(id, this.received.streamBytes, this.peer.initialWindowBytes);
    const reason = readRequest(this.decoder, stream.request, isEnd, this.#schemes);
    stream.request.envelopeBytes = blockBytes;
    this.streams.set(id, stream);
    stream.headBytes = headBytes;
    this.#headBytes += headBytes;
    if (isEnd) stream.advance(StreamEvent.peerEnds);
    else stream.expectedBytes = stream.request.framing === 'chunked' ? -1 : stream.request.contentLength;
    if (reason !== '') this.malformed(stream, reason);
    else this.#untold.push(stream);
  }

  #onTrailers(stream: ServerStreamCore<T>, isEnd: boolean): void {
    this.#tell();
    if (stream.isReset) return;
    const { decoder } = this;
    let reason = isEnd ? readTrailers(decoder.entries, decoder.count) : 'TrailersWithoutEnd';
    if (decoder.isTooLarge) reason = 'TrailersTooLarge';
    if (stream.request.upgradeWebSocket) reason = 'TunnelHeaders';
    if (reason === '') reason = this.#lengthReason(stream, 0, true);
    if (reason !== '') this.malformed(stream, reason);
    else this.peerEnded(stream, readSection.trailers);
  }

  protected beforeData(stream: ServerStreamCore<T>, dataBytes: number, isEnd: boolean): string {
    this.#tell();
    return stream.isReset ? '' : this.#lengthReason(stream, dataBytes, isEnd);
  }

  /** RFC 9113 8.1.1: DATA adds up to the Content-Length. A tunnel has none. */
  #lengthReason(stream: ServerStreamCore<T>, dataBytes: number, isEnd: boolean): string {
    const { expectedBytes } = stream;
    if (expectedBytes < 0 || stream.request.upgradeWebSocket) return '';
    const bytes = stream.receivedBytes + dataBytes;
    return bytes > expectedBytes || (isEnd && bytes !== expectedBytes) ? 'ContentLengthDiffers' : '';
  }

  protected spendSmallData(): boolean {
    if (this.budget.spendSmallData()) return true;
    this.fail(failures.frames);
    return false;
  }

  protected onReceived(): void {
    this.#tell();
  }

  /** Tells the owner of the requests of this `receive`; those that were reset meanwhile are no longer among them. */
  #tell(): void {
    if (this.#untold.length === 0) return;
    const untold = this.#untold;
    this.#untold = [];
    for (const stream of untold) {
      if (this.failure !== null) return;
      stream.isOwned = true;
      this.events.onRequest(stream);
    }
  }

  protected onPeerSettings(): void {
    // Nothing of ours depends on them.
  }

  protected onPeerReset(): void {
    // The owner is told as of any reset.
  }

  protected onPeerGoAway(): void {
    // The client opens no more streams; what runs is finished.
  }
}

/** The engine of one client connection. Call `start` before anything else. */
export function createServerConnection<T>(
  output: FrameOutput,
  events: ServerEvents<T>,
  options: ServerOptions,
): ServerConnection<T> {
  return new ServerEngine<T>(output, events, options);
}

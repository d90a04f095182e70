// HOT: measured by test/bench/http2.bench.ts
import {
  http2StreamsMax,
  http2StreamWindowBytes,
  interimResponsesMax,
  responseHeaderBytesMax,
} from '../../config/base/limits.js';
import { readAnswer } from './answer-head.js';
import { connectionPreface, ErrorCode, FrameType, lastStreamId, Setting } from './codes.js';
import { encodedName } from './encoded-names.js';
import { failures } from './errors.js';
import { FramedConnection } from './framed-connection.js';
import { answerBlocks } from './hpack-decoder.js';
import { fieldBytesMax } from './hpack-encoder.js';
import { PeerSettings } from './peer-settings.js';
import { ClientStreamCore } from './stream.js';
import { frameVerdict, StreamEvent, StreamState, Verdict } from './stream-states.js';
import { readSection, readTrailers } from './trailers.js';
import type { ClientConnection, ClientEvents, ClientStream, FrameOutput, Http2Request } from './types.js';

/** A stream that is not read must not hold up the others: the connection's window has room for all of theirs. */
const limits = {
  blocks: answerBlocks,
  streamBytes: http2StreamWindowBytes,
  connectionBytes: http2StreamWindowBytes * http2StreamsMax,
};

const sparesMax = 32;
const protocolName = encodedName(':protocol');
const methodName = encodedName(':method');
const pathName = encodedName(':path');
const authorityName = encodedName(':authority');

/** Lines of the static table (RFC 7541 Appendix A). */
const staticMethods: ReadonlyMap<string, number> = new Map([
  ['GET', 2],
  ['POST', 3],
]);
const staticSchemes = { http: 6, https: 7 } as const;
const rootPathIndex = 4;

/** The client's side of a connection to a worker: requests become frames, header blocks become answers. */
class ClientEngine<T> extends FramedConnection<ClientStreamCore<T>> implements ClientConnection<T> {
  protected override readonly events: ClientEvents<T>;
  protected readonly releaseCode = ErrorCode.cancel;
  readonly #spares: ClientStreamCore<T>[] = [];
  #nextId = 1;

  constructor(output: FrameOutput, events: ClientEvents<T>) {
    super(output, events, new PeerSettings(true), limits, false);
    this.events = events;
  }

  start(): void {
    const { output } = this.writer;
    output.reserve(connectionPreface.length);
    output.at += output.buffer.write(connectionPreface, output.at, 'latin1');
    this.writer.settings([
      Setting.enablePush,
      0,
      Setting.initialWindowSize,
      this.received.streamBytes,
      Setting.maxHeaderListSize,
      responseHeaderBytesMax,
    ]);
    this.received.start();
  }

  get streamsMax(): number {
    return Math.min(this.peer.maxConcurrentStreams, http2StreamsMax);
  }

  get canOpen(): boolean {
    const hasRoom = this.streams.size < this.streamsMax && this.#nextId < lastStreamId;
    return this.failure === null && !this.isGoingAway && hasRoom;
  }

  get allowsConnectProtocol(): boolean {
    return this.peer.enablesConnectProtocol;
  }

  open(request: Http2Request, end: boolean): ClientStream<T> | null {
    if (!this.canOpen || (request.protocol !== '' && !this.allowsConnectProtocol)) return null;
    const stream = this.#spares.pop() ?? new ClientStreamCore<T>();
    stream.open(this.#nextId, this.received.streamBytes, this.peer.initialWindowBytes);
    stream.isOwned = true;
    stream.isHead = request.method === 'HEAD';
    stream.isConnect = request.protocol !== '';
    stream.isUnprocessed = false;
    stream.hasFinalHead = false;
    stream.interims = 0;
    stream.hasHead = true;
    this.#nextId += 2;
    this.streams.set(stream.id, stream);
    this.#writeRequest(stream.id, request);
    if (end) this.end(stream, null);
    return stream;
  }

  #writeRequest(id: number, request: Http2Request): void {
    const { method, scheme, authority, path, protocol, fields, neverIndexed } = request;
    let bytesMax = 128 + method.length + fieldBytesMax(path, authority);
    for (let i = 0; i < fields.length; i += 2) bytesMax += fieldBytesMax(fields[i] as string, fields[i + 1] as string);
    const { writer, encoder } = this;
    writer.reserveBlock(bytesMax);
    const { buffer } = writer.output;
    let at = encoder.begin(buffer, writer.blockStart);
    const verb = protocol === '' ? method : 'CONNECT';
    const methodIndex = staticMethods.get(verb);
    at =
      methodIndex === undefined
        ? encoder.field(buffer, at, methodName, verb)
        : encoder.indexed(buffer, at, methodIndex);
    if (protocol !== '') at = encoder.field(buffer, at, protocolName, protocol);
    at = encoder.indexed(buffer, at, staticSchemes[scheme]);
    if (path === '/') at = encoder.indexed(buffer, at, rootPathIndex);
    else at = encoder.field(buffer, at, pathName, path, neverIndexed);
    if (authority !== '') at = encoder.field(buffer, at, authorityName, authority, neverIndexed);
    for (let i = 0; i < fields.length; i += 2) {
      at = encoder.field(buffer, at, encodedName(fields[i] as string), fields[i + 1] as string, neverIndexed);
    }
    writer.headers(id, at, false);
  }

  protected isIdle(id: number): boolean {
    // Push is off: the worker opens no streams.
    return id % 2 === 0 || id >= this.#nextId;
  }

  protected recycle(stream: ClientStreamCore<T>): void {
    if (this.#spares.length < sparesMax) this.#spares.push(stream);
    if (this.failure === null) this.events.onCapacity();
  }

  protected onBlock(id: number, isEnd: boolean, buffer: Buffer, start: number, end: number): void {
    const stream = this.streams.get(id);
    const state = this.stateOf(id, stream);
    if (state === StreamState.idle) return this.fail(failures.idleStream);
    const verdict = frameVerdict(FrameType.headers, state);
    if (verdict === Verdict.connectionClosed) return this.fail(failures.closedStream);
    if (!this.decoder.decode(buffer, start, end)) return this.fail(failures.compression);
    if (stream === undefined || verdict !== Verdict.accept) this.refuse(verdict, id, stream);
    else if (stream.hasFinalHead) this.#onTrailers(stream, isEnd);
    else this.#onAnswer(stream, isEnd);
  }

  #onAnswer(stream: ClientStreamCore<T>, isEnd: boolean): void {
    const { answer } = stream;
    let reason = readAnswer(this.decoder, answer);
    const isFinal = answer.status >= 200;
    if (reason === '' && !isFinal) {
      if (isEnd) reason = 'AnswerCut';
      else if (++stream.interims > interimResponsesMax) reason = 'TooManyInterimAnswers';
    }
    if (reason === '' && isFinal) {
      stream.hasFinalHead = true;
      stream.expectedBytes = expectedBytes(stream);
      reason = isEnd ? lengthReason(stream, 0, true) : '';
    }
    if (reason !== '') {
      this.malformed(stream, reason);
      return;
    }
    if (isEnd) stream.advance(StreamEvent.peerEnds);
    if (stream.isOwned) this.events.onAnswer(stream);
    this.dropIfDone(stream);
  }

  #onTrailers(stream: ClientStreamCore<T>, isEnd: boolean): void {
    const { decoder } = this;
    let reason = isEnd ? readTrailers(decoder.entries, decoder.count) : 'TrailersWithoutEnd';
    if (decoder.isTooLarge) reason = 'TrailersTooLarge';
    if (stream.isConnect && stream.answer.status < 300) reason = 'TunnelHeaders';
    if (reason === '') reason = lengthReason(stream, 0, true);
    if (reason !== '') this.malformed(stream, reason);
    else this.peerEnded(stream, readSection.trailers);
  }

  protected beforeData(stream: ClientStreamCore<T>, dataBytes: number, isEnd: boolean): string {
    return stream.hasFinalHead ? lengthReason(stream, dataBytes, isEnd) : 'DataBeforeAnswer';
  }

  /** Of many clients' answers; what they cost is bounded by the turn. */
  protected spendSmallData(): boolean {
    return true;
  }

  protected onReceived(): void {
    // Answers are told as they come.
  }

  protected onPeerSettings(): void {
    this.events.onCapacity();
  }

  protected onPeerReset(stream: ClientStreamCore<T>, code: number): void {
    stream.isUnprocessed = code === ErrorCode.refusedStream;
  }

  /** RFC 9113 6.8: what is above the id that the worker names was never looked at. */
  protected onPeerGoAway(lastId: number): void {
    for (const stream of this.streams.values()) {
      if (stream.id <= lastId || stream.isReset) continue;
      stream.isUnprocessed = true;
      this.closeStream(stream, StreamEvent.peerResets);
      if (stream.isOwned) this.events.onReset(stream, ErrorCode.refusedStream, true);
      this.dropIfDone(stream);
    }
  }
}

/** What DATA must add up to: nothing where an answer has no body, whatever its Content-Length says; -1 = anything. */
function expectedBytes(stream: ClientStreamCore<unknown>): number {
  const { status, framing, contentLength } = stream.answer;
  if (stream.isHead || status === 204 || status === 304) return 0;
  return framing === 'length' ? contentLength : -1;
}

function lengthReason(stream: ClientStreamCore<unknown>, dataBytes: number, isEnd: boolean): string {
  const { expectedBytes: expected } = stream;
  if (expected < 0) return '';
  const bytes = stream.receivedBytes + dataBytes;
  return bytes > expected || (isEnd && bytes !== expected) ? 'AnswerContentLengthDiffers' : '';
}

/** The engine of one connection to a worker, with prior knowledge (RFC 9113 3.3). Call `start` before anything else. */
export function createClientConnection<T>(output: FrameOutput, events: ClientEvents<T>): ClientConnection<T> {
  return new ClientEngine<T>(output, events);
}

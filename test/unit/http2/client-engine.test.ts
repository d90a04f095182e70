import { describe, expect, test } from '@jest/globals';
import { createClientConnection } from '../../../server/http2/client-connection.js';
import { ErrorCode, Flag, FrameType, Setting } from '../../../server/http2/codes.js';
import { FrameBuffer } from '../../../server/http2/frame-buffer.js';
import type { ClientConnection, ClientStream, Http2Request } from '../../../server/http2/types.js';
import {
  block,
  data,
  frame,
  FrameLog,
  goAway,
  headers,
  preface,
  resetStream,
  settings,
  uint32,
  windowUpdate,
} from '../../support/http2-frames.js';

const request: Http2Request = {
  method: 'GET',
  scheme: 'http',
  authority: 'a.test',
  path: '/p?q=1',
  protocol: '',
  fields: ['X-Upper', 'v', 'te', 'trailers'],
  neverIndexed: null,
};

/** Our side of a connection to a worker that the test plays. */
class Front {
  readonly log = new FrameLog();
  readonly told: string[] = [];
  readonly connection: ClientConnection<null>;
  readonly #output = new FrameBuffer();

  constructor(...values: readonly number[]) {
    this.connection = createClientConnection<null>(this.#output, {
      onAnswer: ({ id, answer, isPeerDone }) =>
        this.told.push(
          `answer ${id} ${answer.status} ${answer.framing} ${answer.fields.join()}${isPeerDone ? ' end' : ''}`,
        ),
      onData: ({ id }, buffer, start, end) => this.told.push(`data ${id} ${buffer.toString('latin1', start, end)}`),
      onEnd: ({ id }, trailers) => this.told.push(`end ${id} ${JSON.stringify(trailers)}`),
      onReset: (stream, code, byPeer) =>
        this.told.push(
          `reset ${stream.id} ${code} ${byPeer ? 'peer' : 'us'}${stream.isUnprocessed ? ' unprocessed' : ''}`,
        ),
      onWritable: () => undefined,
      onMalformed: (reason) => this.told.push(reason),
      onCapacity: () => undefined,
      onFailed: ({ reason }) => this.told.push(`failed ${reason}`),
      onDrained: () => this.told.push('drained'),
    });
    this.connection.start();
    const opening = this.#output.take();
    expect(opening.subarray(0, preface.length).equals(preface)).toBe(true);
    this.log.add(opening.subarray(preface.length));
    this.send(settings(...values));
  }

  open(more: Partial<Http2Request> = {}, end = true): ClientStream<null> {
    const stream = this.connection.open({ ...request, ...more }, end);
    if (stream === null) throw new Error('no stream');
    this.flush();
    return stream;
  }

  send(...parts: readonly Buffer[]): void {
    const bytes = Buffer.concat(parts);
    this.connection.receive(bytes, 0, bytes.length, 1);
    this.flush();
  }

  flush(): void {
    this.log.add(this.#output.take());
  }

  resetCode(id: number): number | undefined {
    return this.log.of(FrameType.rstStream, id)[0]?.payload.readUInt32BE(0);
  }
}

test('a request is written with its pseudo-header fields first and lower-case names', () => {
  const front = new Front();
  front.open();
  front.open({ method: 'PATCH', path: '/', fields: [] }, false);
  const [first, second] = front.log.of(FrameType.headers);
  expect(first?.fields.join()).toBe(':method,GET,:scheme,http,:path,/p?q=1,:authority,a.test,x-upper,v,te,trailers');
  expect([first?.flags, second?.flags]).toEqual([Flag.endHeaders | Flag.endStream, Flag.endHeaders]);
  expect(second?.fields.slice(0, 6)).toEqual([':method', 'PATCH', ':scheme', 'http', ':path', '/']);
});

test('answers with bodies, interim answers and trailers', () => {
  const front = new Front();
  front.open();
  front.send(
    headers(1, block(':status', '103', 'link', '</a>'), 0),
    headers(1, block(':status', '200', 'content-type', 'application/grpc'), 0),
    data(1, 'abc'),
    headers(1, block('grpc-status', '0')),
  );
  expect(front.told).toEqual([
    'answer 1 103 chunked link,</a>',
    'answer 1 200 chunked content-type,application/grpc',
    'data 1 abc',
    'end 1 ["grpc-status","0"]',
  ]);
  front.open({ method: 'HEAD' });
  front.send(headers(3, block(':status', '200', 'content-length', '5')));
  expect(front.told.at(-1)).toBe('answer 3 200 length content-length,5 end');
});

describe('an answer that breaks the rules resets its stream and nothing else', () => {
  test.each([
    ['DATA before a head', [data(1, 'x')], 'DataBeforeAnswer'],
    ['no :status', [headers(1, block('a', 'b'))], 'AnswerStatus'],
    ['a :status of two digits', [headers(1, block(':status', '20'))], 'AnswerStatus'],
    ['101', [headers(1, block(':status', '101'), 0)], 'AnswerStatus'],
    ['two :status', [headers(1, block(':status', '200', ':status', '200'))], 'AnswerPseudoField'],
    ['a pseudo-header field of requests', [headers(1, block(':status', '200', ':path', '/'))], 'AnswerPseudoField'],
    ['an upper-case name', [headers(1, block(':status', '200', 'X-A', 'b'))], 'AnswerFieldName'],
    ['LF in a value', [headers(1, block(':status', '200', 'x-a', 'b\nc'))], 'AnswerControlCharacter'],
    ['transfer-encoding', [headers(1, block(':status', '200', 'transfer-encoding', 'chunked'))], 'AnswerConnection'],
    [
      'two lengths',
      [headers(1, block(':status', '200', 'content-length', '1', 'content-length', '1'))],
      'AnswerContentLengthRepeated',
    ],
    ['a bad length', [headers(1, block(':status', '200', 'content-length', '-1'))], 'AnswerContentLength'],
    [
      'a body shorter than its length',
      [headers(1, block(':status', '200', 'content-length', '5'), 0), data(1, 'abc', 1)],
      'AnswerContentLengthDiffers',
    ],
    [
      'a body longer than its length',
      [headers(1, block(':status', '200', 'content-length', '1'), 0), data(1, 'abc')],
      'AnswerContentLengthDiffers',
    ],
    ['a body on 204', [headers(1, block(':status', '204'), 0), data(1, 'abc')], 'AnswerContentLengthDiffers'],
    ['an interim answer that ends', [headers(1, block(':status', '103'))], 'AnswerCut'],
    [
      '17 interim answers',
      Array.from({ length: 17 }, () => headers(1, block(':status', '102'), 0)),
      'TooManyInterimAnswers',
    ],
    [
      'trailers without an end',
      [headers(1, block(':status', '200'), 0), headers(1, block('a', 'b'), 0)],
      'TrailersWithoutEnd',
    ],
    [
      'a pseudo-header field in trailers',
      [headers(1, block(':status', '200'), 0), headers(1, block(':status', '500'))],
      'TrailerPseudoField',
    ],
  ])('%s', (_name, frames, reason) => {
    const front = new Front();
    front.open();
    front.open();
    front.send(...frames);
    expect(front.told.slice(-2)).toEqual([reason, 'reset 1 1 us']);
    expect(front.resetCode(1)).toBe(ErrorCode.protocolError);
    front.send(headers(3, block(':status', '204')));
    expect(front.told.at(-1)).toBe('answer 3 204 chunked  end');
  });
});

describe('a worker that breaks the rules of the connection', () => {
  test.each([
    ['PUSH_PROMISE', frame(5, Flag.endHeaders, 1, Buffer.concat([uint32(2), block(':path', '/')])), 'Http2PushPromise'],
    ['ENABLE_PUSH of 1', settings(Setting.enablePush, 1), 'Http2Setting'],
    ['HEADERS on a stream that was not opened', headers(7, block(':status', '200')), 'Http2IdleStream'],
    ['DATA on a stream of its own', data(2, 'x'), 'Http2IdleStream'],
    ['a block that cannot be decoded', headers(1, Buffer.from([0xbe])), 'Http2Compression'],
  ])('%s', (_name, bytes, reason) => {
    const front = new Front();
    front.open();
    front.send(bytes);
    expect(front.told.slice(-2)).toEqual([expect.stringMatching(/^reset 1 /), `failed ${reason}`]);
    expect(front.connection.canOpen).toBe(false);
  });
});

test('streams that the worker did not look at are told as such', () => {
  const front = new Front();
  for (let i = 0; i < 3; i++) front.open();
  front.send(resetStream(5, ErrorCode.refusedStream), goAway(1, ErrorCode.noError));
  expect(front.told).toEqual(['reset 5 7 peer unprocessed', 'reset 3 7 peer unprocessed']);
  expect(front.connection.canOpen).toBe(false);
});

test('the limits of the worker are kept: streams, windows, extended CONNECT', () => {
  const front = new Front(Setting.maxConcurrentStreams, 2, Setting.initialWindowSize, 5);
  expect(front.connection.open({ ...request, protocol: 'websocket' }, false)).toBeNull();
  const stream = front.open({ method: 'POST' }, false);
  front.connection.data(stream, Buffer.from('0123456789'), 0, 10);
  front.connection.end(stream, null);
  front.open();
  expect(front.connection.canOpen).toBe(false);
  front.flush();
  expect(front.log.body(1)).toBe('01234');
  front.send(windowUpdate(1, 5));
  expect([front.log.body(1), front.log.isEnded(1)]).toEqual(['0123456789', true]);
  front.send(settings(Setting.enableConnectProtocol, 1, Setting.maxConcurrentStreams, 10));
  const tunnel = front.open({ protocol: 'websocket', path: '/chat', fields: [] }, false);
  expect(front.log.of(FrameType.headers, tunnel.id)[0]?.fields.slice(0, 4)).toEqual([
    ':method',
    'CONNECT',
    ':protocol',
    'websocket',
  ]);
  front.connection.release(tunnel);
  front.flush();
  expect(front.resetCode(tunnel.id)).toBe(ErrorCode.cancel);
});

test('a tunnel has no trailers (RFC 9113 8.5); the answer that refuses one may', () => {
  const front = new Front(Setting.enableConnectProtocol, 1);
  const tunnel = { protocol: 'websocket', path: '/chat', fields: [] } as const;
  for (let i = 0; i < 2; i++) front.open(tunnel, false);
  front.send(headers(1, block(':status', '200'), 0), data(1, 'x'), headers(1, block('x-sum', '1')));
  expect(front.told.slice(1)).toEqual(['data 1 x', 'TunnelHeaders', 'reset 1 1 us']);
  expect(front.resetCode(1)).toBe(ErrorCode.protocolError);
  front.send(headers(3, block(':status', '403'), 0), data(3, 'no'), headers(3, block('x-sum', '2')));
  expect(front.told.slice(-2)).toEqual(['data 3 no', 'end 3 ["x-sum","2"]']);
});

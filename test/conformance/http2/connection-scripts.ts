/** RFC 9113 3, 4 and what 6 says of frames for the connection. */
import { Flag, FrameType, Setting } from '../../../server/http2/codes.js';
import {
  block,
  continuation,
  data,
  frame,
  get,
  goAway,
  headers,
  indexedLiteral,
  ping,
  post,
  preface,
  priority,
  requestFields,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from '../../support/http2-frames.js';
import {
  answered,
  connectionError,
  ended,
  frames,
  ignored,
  lastFrames,
  rawSection,
  type Script,
  section,
  streamError,
} from './script.js';

const empty = Buffer.alloc(0);
const isAck = (flags: number): boolean => (flags & Flag.ack) !== 0;
const wholeBlock = block(...requestFields('GET', '/'));

const starting: readonly Script[] = [
  // A listener takes these for HTTP/1.1.
  ...rawSection('RFC 9113 3.4', {
    'a preface that differs in one byte': [
      connectionError('protocolError'),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\rX', 'latin1'),
    ],
    'an HTTP/1.1 request instead of the preface': [
      connectionError('protocolError'),
      Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n', 'latin1'),
    ],
  }).map((script) => ({ ...script, isEngineOnly: true })),
  ...rawSection('RFC 9113 3.4', {
    'HEADERS before SETTINGS': [connectionError('protocolError'), preface, get(1)],
    'DATA before SETTINGS': [connectionError('protocolError'), preface, data(1, 'x')],
    'an acknowledgement as the first SETTINGS': [connectionError('protocolError'), preface, settingsAck],
    'the preface byte by byte': [
      answered(1),
      ...[...preface].map((byte) => Buffer.from([byte])),
      settings(),
      get(1),
      ended(1),
    ],
    'the server speaks first, with SETTINGS': [
      frames('the first frame is SETTINGS', (log) => log.frames[0]?.type === FrameType.settings),
      preface,
      settings(),
    ],
  }),
];

const framing: readonly Script[] = [
  ...section('RFC 9113 4.1', {
    'a frame of an unknown type is ignored': [answered(1), frame(0xfa, 0xff, 1, Buffer.from('any')), get(1), ended(1)],
    'a frame of an unknown type on the connection is ignored': [ignored, frame(0x10, 0, 0, empty)],
    'flags without a meaning are ignored': [
      frames('PING is answered', (log) => log.of(FrameType.ping).some((one) => one.payload.toString() === 'flagged ')),
      ping('flagged', 0xfe),
    ],
    'the reserved bit of the stream is ignored': [
      answered(1),
      headers(0x8000_0001, block(...requestFields('GET', '/'))),
      ended(1),
    ],
  }),
  ...section('RFC 9113 4.2', {
    'DATA above the largest size': [connectionError('frameSizeError'), post(1), frame(0, 0, 1, empty, 16_385)],
    'HEADERS above the largest size': [connectionError('frameSizeError'), frame(1, 5, 1, empty, 16_385)],
    'SETTINGS above the largest size': [connectionError('frameSizeError'), frame(4, 0, 0, empty, 16_386)],
    'an unknown frame above the largest size': [connectionError('frameSizeError'), frame(99, 0, 0, empty, 16_777_215)],
    'a frame of exactly the largest size': [ignored, frame(99, 0, 0, Buffer.alloc(16_384))],
  }),
  ...section('RFC 9113 4.3', {
    'a frame of another type inside a header block': [
      connectionError('protocolError'),
      frame(FrameType.headers, Flag.endStream, 1, wholeBlock),
      ping('inside'),
    ],
    'PRIORITY inside a header block': [
      connectionError('protocolError'),
      frame(FrameType.headers, Flag.endStream, 1, wholeBlock),
      priority(1, 0),
    ],
    'an unknown frame inside a header block': [
      connectionError('protocolError'),
      frame(FrameType.headers, Flag.endStream, 1, wholeBlock),
      frame(0x20, 0, 1, empty),
    ],
    'HEADERS inside a header block': [
      connectionError('protocolError'),
      frame(FrameType.headers, Flag.endStream, 1, wholeBlock),
      get(3),
    ],
    'CONTINUATION of another stream': [
      connectionError('protocolError'),
      frame(FrameType.headers, Flag.endStream, 1, wholeBlock),
      continuation(3, empty),
    ],
    'a block that cannot be decoded': [connectionError('compressionError'), headers(1, Buffer.from([0xff, 0xff]))],
    'a block for a refused stream is decoded all the same': [
      answered(3),
      // The malformed request puts a field into the table, which the good one uses.
      headers(
        1,
        Buffer.concat([block(...requestFields('GET', '/', 'connection', 'close')), indexedLiteral('x-kept', 'yes')]),
      ),
      headers(3, Buffer.concat([block(...requestFields('GET', '/')), Buffer.from([0xbe])])),
      ended(3),
    ],
  }),
];

const connectionFrames: readonly Script[] = [
  ...section('RFC 9113 6.5', {
    'SETTINGS are acknowledged': [
      frames(
        'two acknowledgements',
        (log) => log.of(FrameType.settings).filter((one) => isAck(one.flags)).length === 2,
      ),
      settings(),
    ],
    'an acknowledgement with a payload': [connectionError('frameSizeError'), frame(4, Flag.ack, 0, Buffer.alloc(6))],
    'SETTINGS on a stream': [connectionError('protocolError'), frame(4, 0, 1, empty)],
    'SETTINGS of five bytes': [connectionError('frameSizeError'), frame(4, 0, 0, Buffer.alloc(5))],
    'an acknowledgement that nobody asked for is ignored': [ignored, settingsAck, settingsAck],
  }),
  ...section('RFC 9113 6.5.2', {
    'ENABLE_PUSH of 2': [connectionError('protocolError'), settings(Setting.enablePush, 2)],
    'INITIAL_WINDOW_SIZE of 2^31': [
      connectionError('flowControlError'),
      settings(Setting.initialWindowSize, 0x8000_0000),
    ],
    'MAX_FRAME_SIZE of 16,383': [connectionError('protocolError'), settings(Setting.maxFrameSize, 16_383)],
    'MAX_FRAME_SIZE of 2^24': [connectionError('protocolError'), settings(Setting.maxFrameSize, 16_777_216)],
    'MAX_FRAME_SIZE of 2^24 - 1 is good': [ignored, settings(Setting.maxFrameSize, 16_777_215)],
    'an unknown setting is ignored': [answered(1), settings(0xabcd, 0xffff_ffff, 0, 7), get(1), ended(1)],
    'ENABLE_PUSH of 0 and 1 are good': [ignored, settings(Setting.enablePush, 0), settings(Setting.enablePush, 1)],
  }),
  ...section('RFC 9113 6.5.3', {
    'values take effect in the order they come': [
      frames('no more DATA than the last value allows', (log) => log.body(1).length === 10),
      settings(Setting.initialWindowSize, 0, Setting.initialWindowSize, 10),
      get(1, '/big'),
      (log) => log.body(1).length >= 10,
    ],
  }),
  ...section('RFC 8441 3', {
    'ENABLE_CONNECT_PROTOCOL is announced': [
      frames('value 1', (log) => {
        const payload = log.of(FrameType.settings)[0]?.payload ?? empty;
        return payload.includes(Buffer.from([0, 8, 0, 0, 0, 1]));
      }),
    ],
    'ENABLE_CONNECT_PROTOCOL of 2': [connectionError('protocolError'), settings(Setting.enableConnectProtocol, 2)],
    'ENABLE_CONNECT_PROTOCOL back from 1 to 0': [
      connectionError('protocolError'),
      settings(Setting.enableConnectProtocol, 1),
      settings(Setting.enableConnectProtocol, 0),
    ],
  }),
  ...section('RFC 9113 6.7', {
    'PING is answered with its payload': [
      frames('the same eight bytes', (log) =>
        log.of(FrameType.ping).some((one) => isAck(one.flags) && one.payload.toString() === 'eight123'),
      ),
      ping('eight123'),
    ],
    'the answer to a PING is not answered': [
      frames('one answer, to the last PING', (log) => log.of(FrameType.ping).length === 1),
      ping('answer', Flag.ack),
    ],
    'PING on a stream': [connectionError('protocolError'), frame(6, 0, 1, Buffer.alloc(8))],
    'PING of seven bytes': [connectionError('frameSizeError'), frame(6, 0, 0, Buffer.alloc(7))],
    'PING of nine bytes': [connectionError('frameSizeError'), frame(6, 0, 0, Buffer.alloc(9))],
  }),
  ...section('RFC 9113 6.8', {
    'GOAWAY on a stream': [connectionError('protocolError'), frame(7, 0, 1, Buffer.concat([uint32(0), uint32(0)]))],
    'GOAWAY of seven bytes': [connectionError('frameSizeError'), frame(7, 0, 0, Buffer.alloc(7))],
    'GOAWAY with a code that nobody knows': [
      lastFrames('the answer is complete', (log) => log.body(1) === 'late'),
      post(1, '/echo'),
      goAway(0, 0xdead_beef),
      data(1, 'late', Flag.endStream),
      ended(1),
    ],
    'a stream that runs is finished after GOAWAY': [
      lastFrames('the answer is complete', (log) => log.body(1) === 'late'),
      post(1, '/echo'),
      goAway(0, 0),
      data(1, 'late', Flag.endStream),
      ended(1),
    ],
  }),
  ...section('RFC 9113 6.6 and 8.4', {
    'PUSH_PROMISE of a client': [
      connectionError('protocolError'),
      frame(5, Flag.endHeaders, 1, Buffer.concat([uint32(2), wholeBlock])),
    ],
  }),
  ...section('RFC 9113 6.3', {
    'PRIORITY on the connection': [connectionError('protocolError'), frame(2, 0, 0, Buffer.alloc(5))],
    'PRIORITY of four bytes': [streamError(1, 'frameSizeError'), post(1, '/hold'), frame(2, 0, 1, Buffer.alloc(4))],
    'PRIORITY in any state is accepted': [
      answered(1),
      priority(1, 0),
      get(1),
      ended(1),
      priority(1, 0),
      priority(9, 1),
    ],
    'WINDOW_UPDATE of the connection is accepted': [ignored, windowUpdate(0, 1)],
  }),
];

export const connectionScripts: readonly Script[] = [...starting, ...framing, ...connectionFrames];

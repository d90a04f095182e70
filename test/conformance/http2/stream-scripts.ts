/** RFC 9113 5: states and identifiers of streams; 6: frames for streams, flow control. */
import { Flag, FrameType, Setting } from '../../../server/http2/codes.js';
import {
  block,
  continuation,
  data,
  frame,
  get,
  headers,
  post,
  priority,
  requestFields,
  resetStream,
  settings,
  uint32,
  windowUpdate,
} from '../../support/http2-frames.js';
import {
  answered,
  connectionError,
  ended,
  engineSection,
  frames,
  hasHead,
  ignored,
  type Script,
  section,
  streamError,
  wasReset,
} from './script.js';

const empty = Buffer.alloc(0);
const cancel = 8;
const streamsMax = 128;

const states: readonly Script[] = [
  ...section('RFC 9113 5.1, half-closed (remote)', {
    'RST_STREAM after END_STREAM ends the stream': [
      answered(3),
      get(1, '/hold'),
      resetStream(1, cancel),
      get(3),
      ended(3),
    ],
  }),
  ...section('RFC 9113 5.1, half-closed (local)', {
    'a body is read on after an early answer, or stopped without an error': [
      frames('an answer, and no error', (log) => {
        const codes = log.of(FrameType.rstStream, 1).map((one) => one.payload.readUInt32BE(0));
        return log.field(1, ':status') === '200' && codes.every((code) => code === 0);
      }),
      post(1, '/early'),
      hasHead(1),
      data(1, 'late', Flag.endStream),
    ],
  }),
  ...section('RFC 9113 5.1, closed', {
    'WINDOW_UPDATE and RST_STREAM on a closed stream are ignored': [
      answered(1, 3),
      get(1),
      ended(1),
      windowUpdate(1, 1),
      resetStream(1, cancel),
      priority(1, 0),
      get(3),
      ended(3),
    ],
    'frames on their way when the server reset the stream are ignored': [
      answered(3),
      headers(1, block(...requestFields('POST', '/', 'connection', 'close')), 0),
      wasReset(1),
      data(1, 'under way'),
      windowUpdate(1, 1),
      headers(1, block('x-trailer', 'under way')),
      resetStream(1, cancel),
      get(3),
      ended(3),
    ],
  }),
  ...section('RFC 9113 5.1.1', {
    'a stream of an even number': [connectionError('protocolError'), get(2)],
    'a stream below one that is open': [connectionError('protocolError'), get(5, '/hold'), get(3)],
    'streams may be left out': [answered(1, 101), get(1), get(101), ended(1), ended(101)],
    'a stream on the connection itself': [connectionError('protocolError'), get(0)],
  }),
  ...section('RFC 9113 5.1.2', {
    'more streams than SETTINGS_MAX_CONCURRENT_STREAMS': [
      streamError(streamsMax * 2 + 1, 'refusedStream'),
      ...Array.from({ length: streamsMax + 1 }, (_, i) => get(i * 2 + 1, '/hold')),
    ],
  }),
];

const streamFrames: readonly Script[] = [
  ...section('RFC 9113 6.1', {
    'DATA on the connection': [connectionError('protocolError'), frame(0, 0, 0, Buffer.from('x'))],
    'padding as long as the payload': [
      connectionError('protocolError'),
      post(1, '/hold'),
      frame(0, Flag.padded, 1, Buffer.from([3, 0, 0])),
    ],
    'padded DATA without its pad length': [
      connectionError('frameSizeError'),
      post(1, '/hold'),
      frame(0, Flag.padded, 1, empty),
    ],
    'padding is not part of the body': [
      frames('the body without padding', (log) => log.body(1) === 'abcd'),
      post(1, '/echo'),
      frame(0, Flag.padded, 1, Buffer.from('\x03ab\0\0\0', 'latin1')),
      frame(0, Flag.padded, 1, Buffer.from('\x00cd', 'latin1')),
      frame(0, Flag.padded | Flag.endStream, 1, Buffer.from('\x02\0\0', 'latin1')),
      ended(1),
    ],
  }),
  ...section('RFC 9113 6.2', {
    'HEADERS on the connection': [connectionError('protocolError'), get(0)],
    'padding longer than the block': [
      connectionError('protocolError'),
      headers(
        1,
        Buffer.concat([Buffer.from([200]), block(...requestFields('GET', '/'))]),
        Flag.padded | Flag.endStream,
      ),
    ],
    'padding and priority are taken off': [
      answered(1),
      headers(
        1,
        Buffer.concat([
          Buffer.from([2]),
          uint32(0x8000_0000),
          Buffer.from([9]),
          block(...requestFields('GET', '/')),
          Buffer.alloc(2),
        ]),
        Flag.padded | Flag.priority | Flag.endStream,
      ),
      ended(1),
    ],
    'HEADERS too short for their priority': [
      connectionError('frameSizeError'),
      headers(1, Buffer.alloc(4), Flag.priority | Flag.endStream),
    ],
    'a stream that depends on itself': [
      connectionError('protocolError'),
      headers(1, Buffer.concat([uint32(1), Buffer.from([9]), block(...requestFields('GET', '/'))]), Flag.priority | 1),
    ],
    'an empty block': [streamError(1, 'protocolError'), headers(1, empty)],
  }),
  ...section('RFC 9113 6.4', {
    'RST_STREAM on the connection': [connectionError('protocolError'), resetStream(0, cancel)],
    'RST_STREAM of three bytes': [connectionError('frameSizeError'), post(1, '/hold'), frame(3, 0, 1, Buffer.alloc(3))],
    'RST_STREAM with an unknown code is accepted': [ignored, post(1, '/hold'), resetStream(1, 0xdead_beef)],
  }),
  ...section('RFC 9113 6.10', {
    'CONTINUATION on the connection': [
      connectionError('protocolError'),
      frame(1, Flag.endStream, 1, block(...requestFields('GET', '/'))),
      continuation(0, empty),
    ],
    'CONTINUATION after END_HEADERS': [connectionError('protocolError'), get(1, '/hold'), continuation(1, empty)],
    'CONTINUATION after DATA': [
      connectionError('protocolError'),
      post(1, '/hold'),
      data(1, 'x'),
      continuation(1, empty),
    ],
    'a block over several frames': [
      answered(1),
      frame(1, Flag.endStream, 1, block(':method', 'GET', ':scheme', 'http')),
      continuation(1, block(':path', '/'), 0),
      continuation(1, empty, 0),
      continuation(1, block(':authority', 'a.test')),
      ended(1),
    ],
    'END_STREAM stands on HEADERS alone': [
      frames('the body is read', (log) => log.body(1) === 'x'),
      frame(1, 0, 1, block(':method', 'POST', ':scheme', 'http', ':path', '/echo')),
      continuation(1, block(':authority', 'a.test'), Flag.endHeaders | Flag.endStream),
      data(1, 'x', Flag.endStream),
      ended(1),
    ],
  }),
];

const flowControl: readonly Script[] = [
  ...section('RFC 9113 6.9', {
    'WINDOW_UPDATE of 0 on the connection': [connectionError('protocolError'), windowUpdate(0, 0)],
    'WINDOW_UPDATE of 0 on a stream': [streamError(1, 'protocolError'), post(1, '/hold'), windowUpdate(1, 0)],
    'WINDOW_UPDATE of three bytes': [connectionError('frameSizeError'), frame(8, 0, 0, Buffer.alloc(3))],
    'the reserved bit of the increment is ignored': [ignored, windowUpdate(0, 0x8000_0001)],
  }),
  ...section('RFC 9113 6.9.1', {
    'the window of the connection above 2^31 - 1': [connectionError('flowControlError'), windowUpdate(0, 0x7fff_ffff)],
    'the window of a stream above 2^31 - 1': [
      streamError(1, 'flowControlError'),
      post(1, '/hold'),
      windowUpdate(1, 0x7fff_ffff),
    ],
    'DATA stays within the window of the stream': [
      frames('16 bytes and no more', (log) => log.body(1).length === 16),
      settings(Setting.initialWindowSize, 16),
      get(1, '/big'),
      (log) => log.body(1).length >= 16,
    ],
    'DATA stays within the window of the connection': [
      frames('65,535 bytes and no more', (log) => log.body(1).length === 65_535),
      settings(Setting.initialWindowSize, 1_000_000),
      get(1, '/big'),
      (log) => log.body(1).length >= 65_535,
    ],
    'DATA goes on with the windows': [
      answered(1),
      settings(Setting.initialWindowSize, 0),
      get(1, '/big'),
      hasHead(1),
      windowUpdate(1, 70_000),
      windowUpdate(0, 40_000),
      (log) => log.body(1).length >= 70_000,
      windowUpdate(1, 30_000),
      ended(1),
    ],
  }),
  ...engineSection('RFC 9113 6.9.1', {
    'DATA beyond the window of the connection or the stream': [
      frames('FLOW_CONTROL_ERROR', (log) => log.of(FrameType.rstStream, 1).at(-1)?.payload.readUInt32BE(0) === 3),
      post(1, '/hold'),
      ...Array.from({ length: 10 }, () => data(1, Buffer.alloc(16_384))),
      wasReset(1),
    ],
  }),
  ...section('RFC 9113 6.9.2', {
    'a new initial window moves the windows of open streams': [
      frames('the new window is used', (log) => log.body(1).length === 1_000),
      settings(Setting.initialWindowSize, 0),
      get(1, '/big'),
      hasHead(1),
      settings(Setting.initialWindowSize, 1_000),
      (log) => log.body(1).length >= 1_000,
    ],
    'a window below zero has to be filled up first': [
      frames('100 bytes before, 10 after', (log) => log.body(1).length === 110),
      settings(Setting.initialWindowSize, 100),
      get(1, '/big'),
      (log) => log.body(1).length >= 100,
      settings(Setting.initialWindowSize, 50),
      windowUpdate(1, 60),
      (log) => log.body(1).length >= 110,
    ],
    'a new initial window above 2^31 - 1 for an open stream': [
      connectionError('flowControlError'),
      post(1, '/hold'),
      windowUpdate(1, 1_000_000),
      settings(Setting.initialWindowSize, 0x7fff_ffff),
    ],
    'credit for request bodies comes back': [
      frames('all of the body', (log) => log.isEnded(1)),
      post(1),
      ...Array.from({ length: 12 }, () => data(1, Buffer.alloc(10_000))),
      (log) => log.of(FrameType.windowUpdate, 1).length > 0,
      data(1, Buffer.alloc(10_000), Flag.endStream),
      ended(1),
    ],
  }),
];

export const streamScripts: readonly Script[] = [...states, ...streamFrames, ...flowControl];

/** RFC 9113 4 to 6 as tables: every frame in every state of a stream, every length, every bound of a setting. */
import { Flag, FrameType, Setting } from '../../../server/http2/codes.js';
import {
  block,
  continuation,
  data,
  type FrameLog,
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
  type Expectation,
  frames,
  ignored,
  type Script,
  type ScriptTable,
  section,
  type Step,
  streamError,
  wasReset,
} from './script.js';

const cancel = 8;
const empty = Buffer.alloc(0);
const protocolError = connectionError('protocolError');
const closedStream = connectionError('streamClosed');
const frameSizeError = connectionError('frameSizeError');

const onlyTheReset = frames(
  'nothing but the reset before',
  (log: FrameLog) => log.frames.filter((one) => one.id !== 0).length === 1,
);

/** How stream 1 comes into each state, and what shows that a frame changed nothing. */
const states = {
  idle: { steps: [], unchanged: ignored },
  open: { steps: [post(1, '/hold')], unchanged: ignored },
  'half-closed (remote)': { steps: [get(1, '/hold')], unchanged: ignored },
  'closed by END_STREAM': { steps: [get(1), ended(1)], unchanged: answered(1) },
  'closed by the client': { steps: [post(1, '/hold'), resetStream(1, cancel)], unchanged: ignored },
  'closed by the server': {
    steps: [headers(1, block(...requestFields('POST', '/', 'connection', 'close')), 0), wasReset(1)],
    unchanged: onlyTheReset,
  },
} as const satisfies Readonly<Record<string, { steps: readonly Step[]; unchanged: Expectation }>>;

type StateName = keyof typeof states;

/** What each frame means, by state in the order above; null: it changes nothing. */
const meanings: Readonly<Record<string, readonly [Buffer, ...(Expectation | null)[]]>> = {
  DATA: [data(1, 'x'), protocolError, null, streamError(1, 'streamClosed'), closedStream, closedStream, null],
  'DATA with END_STREAM': [
    data(1, 'x', Flag.endStream),
    protocolError,
    null,
    streamError(1, 'streamClosed'),
    closedStream,
    closedStream,
    null,
  ],
  HEADERS: [
    headers(1, block('x-sum', '1')),
    streamError(1, 'protocolError'),
    null,
    streamError(1, 'streamClosed'),
    closedStream,
    closedStream,
    null,
  ],
  PRIORITY: [priority(1, 3), null, null, null, null, null, null],
  RST_STREAM: [resetStream(1, cancel), protocolError, null, null, null, null, null],
  WINDOW_UPDATE: [windowUpdate(1, 1), protocolError, null, null, null, null, null],
  CONTINUATION: [continuation(1, empty), ...Array.from({ length: 6 }, () => protocolError)],
  PUSH_PROMISE: [
    frame(FrameType.pushPromise, Flag.endHeaders, 1, Buffer.concat([uint32(2), block(...requestFields('GET', '/'))])),
    ...Array.from({ length: 6 }, () => protocolError),
  ],
  'a frame of an unknown type': [frame(0xee, 0xff, 1, Buffer.from('any')), null, null, null, null, null, null],
};

const everyState: readonly Script[] = (Object.keys(states) as StateName[]).flatMap((name, at) => {
  const { steps, unchanged } = states[name];
  return section(
    `RFC 9113 5.1, every frame on a stream that is ${name}`,
    Object.fromEntries(
      Object.entries(meanings).map(([what, [bytes, ...outcomes]]) => [
        what,
        [outcomes[at] ?? unchanged, ...steps, bytes] as const,
      ]),
    ),
  );
});

function sizes(type: number, id: number, lengths: readonly number[], before: readonly Step[] = []): ScriptTable {
  const name = Object.entries(FrameType).find(([, code]) => code === type)?.[0] ?? '';
  const where = id === 0 ? 'the connection' : 'a stream';
  return Object.fromEntries(
    lengths.map((length) => [
      `${name} of ${length} bytes on ${where}`,
      [frameSizeError, ...before, frame(type, 0, id, Buffer.alloc(length))] as const,
    ]),
  );
}

/** A request of 16,384 bytes. */
function largestBlock(): Buffer {
  const fields = requestFields('GET', '/');
  const rest = block(...fields, 'x-large', 'a'.repeat(10_000)).length - 10_000;
  return block(...fields, 'x-large', 'a'.repeat(16_384 - rest));
}

const lengths: readonly Script[] = section('RFC 9113 4.2 and 6, lengths', {
  ...sizes(FrameType.rstStream, 1, [0, 3, 5, 8], [post(1, '/hold')]),
  ...sizes(FrameType.settings, 0, [1, 5, 7, 11, 6 * 100 + 1]),
  ...sizes(FrameType.ping, 0, [0, 4, 16]),
  ...sizes(FrameType.goAway, 0, [0, 4]),
  ...sizes(FrameType.windowUpdate, 0, [0, 5, 8]),
  ...sizes(FrameType.windowUpdate, 1, [0, 3, 5], [post(1, '/hold')]),
  ...sizes(FrameType.priority, 1, [0, 4, 6]),
  ...Object.fromEntries(
    [0, 3, 6].map((length) => [
      `priority of ${length} bytes on an open stream`,
      [
        streamError(1, 'frameSizeError'),
        post(1, '/hold'),
        frame(FrameType.priority, 0, 1, Buffer.alloc(length)),
      ] as const,
    ]),
  ),
  'RST_STREAM above the largest size': [frameSizeError, post(1, '/hold'), frame(3, 0, 1, empty, 16_385)],
  'CONTINUATION above the largest size': [
    frameSizeError,
    frame(1, Flag.endStream, 1, block(...requestFields('GET', '/'))),
    frame(9, Flag.endHeaders, 1, empty, 16_385),
  ],
  'HEADERS of the largest size': [
    answered(1),
    frame(FrameType.headers, Flag.endStream | Flag.endHeaders, 1, largestBlock()),
    ended(1),
  ],
});

const places: readonly Script[] = section('RFC 9113 6, frames on the connection or on a stream', {
  ...Object.fromEntries(
    [0, 1, 2, 3, 5, 9].map((type) => [
      `a frame of type ${type} on the connection`,
      [protocolError, frame(type, Flag.endHeaders, 0, Buffer.alloc(type === 2 ? 5 : 4))] as const,
    ]),
  ),
  ...Object.fromEntries(
    (
      [
        [4, 0],
        [4, 6],
        [6, 8],
        [7, 8],
      ] as const
    ).map(([type, length]) => [
      `a frame of type ${type} with ${length} bytes on a stream`,
      [protocolError, post(1, '/hold'), frame(type, 0, 1, Buffer.alloc(length))] as const,
    ]),
  ),
});

const paddings: readonly Script[] = section('RFC 9113 6.1 and 6.2, padding', {
  ...Object.fromEntries(
    [
      [1, 1],
      [255, 4],
      [4, 4],
    ].map(([pad = 0, length = 0]) => [
      `${pad} bytes of padding in DATA of ${length}`,
      [
        protocolError,
        post(1, '/hold'),
        frame(0, Flag.padded, 1, Buffer.concat([Buffer.from([pad]), Buffer.alloc(length - 1)])),
      ] as const,
    ]),
  ),
  'DATA of 255 bytes of padding and nothing else': [
    answered(1),
    post(1),
    frame(0, Flag.padded | Flag.endStream, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)])),
    ended(1),
  ],
  'padding that is not zero is no body': [
    frames('the body without it', (log) => log.body(1) === 'ab'),
    post(1, '/echo'),
    frame(0, Flag.padded | Flag.endStream, 1, Buffer.from('\x04abGET ', 'latin1')),
    ended(1),
  ],
  'padded HEADERS without their pad length': [frameSizeError, frame(1, Flag.padded | Flag.endHeaders, 1, empty)],
  'padded HEADERS with a priority that does not fit': [
    frameSizeError,
    frame(1, Flag.padded | Flag.priority | Flag.endHeaders, 1, Buffer.alloc(5)),
  ],
  'padded trailers': [
    answered(1),
    post(1),
    data(1, 'abc'),
    headers(1, Buffer.concat([Buffer.from([3]), block('x-sum', '3'), Buffer.alloc(3)]), Flag.padded | Flag.endStream),
    ended(1),
  ],
});

const identifiers: readonly Script[] = section('RFC 9113 5.1.1, identifiers', {
  'the largest one': [answered(0x7fff_ffff), get(0x7fff_ffff), ended(0x7fff_ffff)],
  'a lower one behind the largest': [protocolError, get(0x7fff_ffff, '/hold'), get(1)],
  'an even one behind odd ones': [protocolError, get(1), ended(1), get(4)],
  'DATA on an even one': [protocolError, data(2, 'x')],
  'WINDOW_UPDATE on an even one': [protocolError, get(3, '/hold'), windowUpdate(2, 1)],
  'RST_STREAM on an even one': [protocolError, get(3, '/hold'), resetStream(2, cancel)],
  'one that was left out': [protocolError, get(7), ended(7), get(5)],
  'trailers open nothing': [answered(1, 3), post(1), headers(1, block('x-sum', '0')), get(3), ended(1), ended(3)],
});

/** Values at their bounds; null: they are good. */
const bounds: readonly (readonly [keyof typeof Setting, readonly number[], Expectation | null])[] = [
  ['headerTableSize', [0, 1, 4_097, 0xffff_ffff], null],
  ['enablePush', [3, 0xffff_ffff], protocolError],
  ['maxConcurrentStreams', [0, 1, 0xffff_ffff], null],
  ['initialWindowSize', [0, 1, 0x7fff_ffff], null],
  ['initialWindowSize', [0xffff_ffff], connectionError('flowControlError')],
  ['maxFrameSize', [16_384, 65_536], null],
  ['maxFrameSize', [0, 1, 0xffff_ffff], protocolError],
  ['maxHeaderListSize', [0, 0xffff_ffff], null],
  ['enableConnectProtocol', [3, 0xffff_ffff], protocolError],
];

const settingBounds: readonly Script[] = section('RFC 9113 6.5.2, bounds', {
  ...Object.fromEntries(
    bounds.flatMap(([name, values, outcome]) =>
      values.map((value) => [`${name} of ${value}`, [outcome ?? ignored, settings(Setting[name], value)] as const]),
    ),
  ),
  ...Object.fromEntries(
    [0, 7, 9, 0xffff].map((identifier) => [
      `the unknown setting ${identifier}`,
      [ignored, settings(identifier, 0xffff_ffff)] as const,
    ]),
  ),
  'a hundred values in one frame': [ignored, settings(...Array.from({ length: 100 }, (_, i) => [0x100 + i, i]).flat())],
  'a good value before a bad one': [protocolError, settings(Setting.headerTableSize, 0, Setting.enablePush, 9)],
});

export const stateScripts: readonly Script[] = [
  ...everyState,
  ...lengths,
  ...places,
  ...paddings,
  ...identifiers,
  ...settingBounds,
];

/** Attacks that cost the server more than the client: each ends with ENHANCE_YOUR_CALM, or costs nothing. */
import { Flag, Setting } from '../../../server/http2/codes.js';
import {
  block,
  continuation,
  data,
  frame,
  get,
  headers,
  indexedLiteral,
  ping,
  post,
  priority,
  requestFields,
  resetStream,
  settings,
  windowUpdate,
} from '../../support/http2-frames.js';
import { connectionError, ended, engineSection, refused, type Script, section } from './script.js';

const calm = connectionError('enhanceYourCalm');
const cancel = 8;
const empty = Buffer.alloc(0);

function times(count: number, make: (i: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));
}

/** Requests that provoke a reset by the server, 300 times. */
function provoked(make: (id: number) => readonly Buffer[]): Buffer {
  return times(300, (i) => Buffer.concat([...make(i * 2 + 1)]));
}

export const abuseScripts: readonly Script[] = [
  ...section('CVE-2023-44487, rapid reset', {
    'streams opened and reset at once': [
      calm,
      times(300, (i) => Buffer.concat([get(i * 2 + 1), resetStream(i * 2 + 1, cancel)])),
    ],
    'streams reset after their requests began': [
      calm,
      ...Array.from({ length: 300 }, (_, i) => [get(i * 2 + 1, '/hold'), resetStream(i * 2 + 1, cancel)]).flat(),
    ],
  }),
  ...section('CVE-2025-8671, resets that the server is made to send', {
    'by WINDOW_UPDATE of 0': [calm, provoked((id) => [post(id, '/hold'), windowUpdate(id, 0)])],
    'by a window above 2^31 - 1': [calm, provoked((id) => [post(id, '/hold'), windowUpdate(id, 0x7fff_ffff)])],
    'by PRIORITY of a wrong length': [calm, provoked((id) => [post(id, '/hold'), frame(2, 0, id, Buffer.alloc(4))])],
    'by DATA after END_STREAM': [calm, provoked((id) => [get(id, '/hold'), data(id, 'x')])],
    'by HEADERS after END_STREAM': [calm, provoked((id) => [get(id, '/hold'), get(id)])],
    'by malformed requests': [calm, provoked((id) => [get(id, '/', 'connection', 'close')])],
  }),
  ...section('CVE-2024-27316, CONTINUATION flood', {
    'empty CONTINUATION frames': [
      calm,
      frame(1, Flag.endStream, 1, block(...requestFields('GET', '/'))),
      times(100, () => continuation(1, empty, 0)),
    ],
    'CONTINUATION frames of one byte': [
      calm,
      frame(1, Flag.endStream, 1, empty),
      times(100, () => continuation(1, Buffer.from([0x82]), 0)),
    ],
    'a block of 40,000 bytes': [
      calm,
      frame(1, Flag.endStream, 1, empty),
      times(3, () => continuation(1, Buffer.alloc(14_000), 0)),
    ],
  }),
  ...section('Header compression bombs', {
    'one entry of 4 kB, referenced 10,000 times': [
      refused(1, 431),
      headers(
        1,
        Buffer.concat([
          block(...requestFields('GET', '/')),
          indexedLiteral('x-bomb', 'a'.repeat(4_000)),
          Buffer.alloc(10_000, 0xbe),
        ]),
      ),
      ended(1),
    ],
    'an empty entry, referenced 10,000 times': [
      refused(1, 431),
      headers(
        1,
        Buffer.concat([block(...requestFields('GET', '/')), indexedLiteral('a', ''), Buffer.alloc(10_000, 0xbe)]),
      ),
      ended(1),
    ],
    'a crumb of Cookie, referenced 10,000 times': [
      refused(1, 431),
      headers(
        1,
        Buffer.concat([block(...requestFields('GET', '/')), indexedLiteral('cookie', 'a'), Buffer.alloc(10_000, 0xbe)]),
      ),
      ended(1),
    ],
  }),
  // A budget that time fills up again, and more bytes than a listener reads behind GOAWAY: live they would be a race.
  ...engineSection('Floods of frames that carry next to nothing', {
    'DATA of one byte': [calm, post(1, '/hold'), times(120_000, () => data(1, 'x'))],
    'DATA of one byte, of two streams in turn': [
      calm,
      post(1, '/hold'),
      post(3, '/hold'),
      times(120_000, (i) => data(1 + 2 * (i % 2), 'x')),
    ],
  }),
  ...section('Floods of frames that carry next to nothing', {
    'trailers of a stream that we have reset': [
      calm,
      post(1, '/hold'),
      windowUpdate(1, 0),
      times(600, () => headers(1, block('x-a', 'b'.repeat(500)))),
    ],
    'PING with ACK that nobody asked for': [calm, times(5_000, () => ping('flood', Flag.ack))],
    'SETTINGS with ACK that nobody asked for': [calm, times(5_000, () => frame(4, Flag.ack, 0, empty))],
  }),
  ...section('CVE-2019-9512 to 9518, floods of frames that carry nothing', {
    PING: [calm, times(3_000, () => ping('flood'))],
    SETTINGS: [calm, times(1_000, () => settings(Setting.initialWindowSize, 65_535))],
    'empty DATA': [calm, post(1, '/hold'), times(3_000, () => data(1, ''))],
    'DATA of padding alone': [calm, post(1, '/hold'), times(3_000, () => frame(0, Flag.padded, 1, Buffer.from([0])))],
    PRIORITY: [calm, times(5_000, (i) => priority(i * 2 + 3, 1))],
    WINDOW_UPDATE: [calm, times(5_000, () => windowUpdate(0, 1))],
    'WINDOW_UPDATE of a stream that waits': [
      calm,
      settings(Setting.initialWindowSize, 0),
      get(1, '/big'),
      times(5_000, () => windowUpdate(1, 1)),
    ],
    'frames of an unknown type': [calm, times(5_000, () => frame(0x33, 0, 0, empty))],
    'RST_STREAM of a closed stream': [calm, get(1), ended(1), times(5_000, () => resetStream(1, cancel))],
  }),
];

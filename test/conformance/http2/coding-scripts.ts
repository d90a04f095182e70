/** RFC 7541 by tables: the RFC's own examples, both tables at their bounds, and every way for a literal to be cut off. */
import { staticTable } from '../../../server/http2/static-table.js';
import { block, headers, indexedLiteral, literal, requestFields } from '../../support/http2-frames.js';
import {
  answered,
  connectionError,
  ended,
  frames,
  type Script,
  type ScriptTable,
  section,
  type Step,
  streamError,
} from './script.js';

const lost = connectionError('compressionError');
const good = block(...requestFields('GET', '/'));

function request(id: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  return headers(id, Buffer.concat(parts.map((part) => Buffer.from(part))));
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** Three requests on one connection, each with the table that the one before left. */
function inARow(...blocks: readonly string[]): readonly Step[] {
  return blocks.flatMap((bytes, i) => [headers(i * 2 + 1, hex(bytes)), ended(i * 2 + 1)]);
}

const examples: readonly Script[] = section('RFC 7541 Appendix C', {
  'C.2.1, a literal with indexing': [
    answered(1),
    request(1, good, hex('400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572')),
    ended(1),
  ],
  'C.2.2, a literal without indexing': [
    // Its :path stands behind the rest of the pseudo-header fields.
    answered(1),
    headers(
      1,
      Buffer.concat([
        block(':method', 'GET', ':scheme', 'http', ':authority', 'a.test'),
        hex('040c 2f73 616d 706c 652f 7061 7468'),
      ]),
    ),
    ended(1),
  ],
  'C.2.3, a literal that is never indexed': [
    answered(1),
    request(1, good, hex('1008 7061 7373 776f 7264 0673 6563 7265 74')),
    ended(1),
  ],
  'C.3, requests without Huffman coding': [
    answered(1, 3, 5),
    ...inARow(
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ),
  ],
  'C.4, requests with Huffman coding': [
    answered(1, 3, 5),
    ...inARow(
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ),
  ],
});

/** Of the static table what a request may carry beside its pseudo-header fields, and what has no rules of its own. */
const plainIndexes = staticTable.flatMap(({ name }, at) =>
  /^(?::.*|host|content-length|transfer-encoding|expect|set-cookie|cookie|proxy-.*|upgrade|via)$/.test(name)
    ? []
    : [at + 1],
);

const staticTables: readonly Script[] = section('RFC 7541 Appendix A, static table', {
  'every plain entry as it stands': [
    answered(1),
    request(
      1,
      good,
      plainIndexes.map((index) => 0x80 | index),
    ),
    ended(1),
  ],
  ...Object.fromEntries(
    [
      [0x40, 6, 'with indexing'],
      [0x00, 4, 'without indexing'],
      [0x10, 4, 'never indexed'],
    ].map(([form = 0, bits = 0, what]) => [
      `every plain name, ${what}`,
      [
        answered(1),
        request(
          1,
          good,
          ...plainIndexes.flatMap((index) => [prefixed(Number(form), Number(bits), index), literal(`v${index}`)]),
        ),
        ended(1),
      ] as const,
    ]),
  ),
  'the entry of transfer-encoding': [streamError(1, 'protocolError'), request(1, good, [0x80 | 57])],
  'the entry of :status 200': [streamError(1, 'protocolError'), request(1, good, [0x80 | 8])],
  ':method once more': [streamError(1, 'protocolError'), request(1, good, [0x82])],
});

/** RFC 7541 5.1. */
function prefixed(form: number, bits: number, value: number): Buffer {
  const max = (1 << bits) - 1;
  return value < max ? Buffer.from([form | value]) : Buffer.from([form | max, value - max]);
}

const entries = Buffer.concat(Array.from({ length: 5 }, (_, i) => indexedLiteral(`x-${i}`, String(i))));

const dynamicTables: readonly Script[] = section('RFC 7541 2.3.2, 4.3 and 4.4, dynamic table', {
  'the newest and the oldest of five entries': [
    answered(1, 3),
    request(1, good, entries),
    request(3, good, [0xbe, 0xc2]),
    ended(1),
    ended(3),
  ],
  'the sixth of five entries': [lost, request(1, good, entries), request(3, good, [0xc3])],
  'the name of the sixth of five entries': [
    lost,
    request(1, good, entries),
    request(3, good, [0x40 | 63, 4], literal('v')),
  ],
  'an entry of the same block': [
    answered(1),
    request(1, good, indexedLiteral('x-kept', 'yes'), [0xbe, 0xbe]),
    ended(1),
  ],
  'the same field twice makes two entries': [
    answered(1, 3),
    request(1, good, indexedLiteral('x-a', '1'), indexedLiteral('x-a', '1')),
    request(3, good, [0xbf]),
    ended(1),
    ended(3),
  ],
  'a literal without indexing makes none': [
    lost,
    request(1, good, [0], literal('x-a'), literal('1')),
    request(3, good, [0xbe]),
  ],
  'a literal that is never indexed makes none': [
    lost,
    request(1, good, [0x10], literal('x-a'), literal('1')),
    request(3, good, [0xbe]),
  ],
  'a smaller table drops the oldest': [
    lost,
    request(1, good, entries),
    // Two entries of 36 bytes stay.
    request(3, [0x3f, 80 - 31], good, [0xbe, 0xbf]),
    request(5, good, [0xc0]),
  ],
  'a smaller table keeps the newest': [
    answered(1, 3),
    request(1, good, entries),
    request(3, [0x3f, 80 - 31], good, [0xbe, 0xbf]),
    ended(1),
    ended(3),
  ],
  'an entry of exactly the size of the table': [
    answered(1, 3),
    request(1, good, indexedLiteral('x-whole', 'a'.repeat(4_096 - 32 - 7))),
    request(3, good, [0xbe]),
    ended(1),
    ended(3),
  ],
  'an entry of one byte more': [
    lost,
    request(1, good, indexedLiteral('x-whole', 'a'.repeat(4_096 - 32 - 6))),
    request(3, good, [0xbe]),
  ],
  'an entry whose name is that of one it evicts': [
    answered(1, 3),
    request(1, good, indexedLiteral('x-old', 'a'.repeat(2_000))),
    request(3, good, [0x40 | 62], literal('b'.repeat(4_000))),
    ended(1),
    ended(3),
  ],
  'entries of a request that is refused': [
    answered(3),
    request(1, good, indexedLiteral('x-kept', 'yes'), [0], literal('connection'), literal('close')),
    request(3, good, [0xbe]),
    ended(3),
  ],
});

const sizeUpdates: readonly Script[] = section('RFC 7541 6.3, size updates', {
  ...Object.fromEntries(
    [0, 30, 31, 100, 4_096].map((bytes) => [
      `to ${bytes}`,
      [answered(1), request(1, sizeUpdate(bytes), good), ended(1)] as const,
    ]),
  ),
  ...Object.fromEntries(
    [4_097, 65_536, 0xffff_fff].map((bytes) => [`to ${bytes}`, [lost, request(1, sizeUpdate(bytes), good)] as const]),
  ),
  'between two fields': [lost, request(1, good, indexedLiteral('x-a', '1'), [0x20], [0xbe])],
  'cut off': [lost, request(1, [0x3f])],
  'a block of nothing else': [streamError(1, 'protocolError'), request(1, [0x20])],
});

function sizeUpdate(bytes: number): Buffer {
  if (bytes < 31) return Buffer.from([0x20 | bytes]);
  const out = [0x3f];
  let rest = bytes - 31;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80);
  return Buffer.from([...out, rest]);
}

const forms = { 'with indexing': 0x40, 'without indexing': 0x00, 'never indexed': 0x10 } as const;

/** What may be cut off a literal field line. */
const cuts: Readonly<Record<string, readonly number[]>> = {
  'its name': [],
  'the length of its name': [0x7f],
  'a part of its name': [0x05, 0x78],
  'its value': [0x01, 0x78],
  'the length of its value': [0x01, 0x78, 0x7f, 0x80],
  'a part of its value': [0x01, 0x78, 0x05, 0x61],
};

const literals: readonly Script[] = section('RFC 7541 5.1, 5.2 and 6.2, literals that are cut off', {
  ...Object.entries(forms).reduce<ScriptTable>(
    (all, [form, first]) => ({
      ...all,
      ...Object.fromEntries(
        Object.entries(cuts).map(([what, bytes]) => [
          `${form}, without ${what}`,
          [lost, request(1, good, [first, ...bytes])] as const,
        ]),
      ),
    }),
    {},
  ),
  ...Object.fromEntries(
    [0x80, 0x40, 0x20, 0x10, 0x00].map((form) => [
      `an integer behind 0x${form.toString(16)} that is too large`,
      [
        lost,
        request(1, form === 0x20 ? [] : good, [form | Math.max(0x0f, form - 1), 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]),
      ] as const,
    ]),
  ),
  'a length of 2^32 in two bytes of block': [lost, request(1, good, [0, 0x7f, 0x81, 0xff, 0xff, 0xff, 0x0f])],
});

/** The bits of a Huffman coded string as they stand, filled up with ones. */
function coded(bits: string): Buffer {
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  const bytes = (whole.match(/.{8}/g) ?? []).map((one) => Number.parseInt(one, 2));
  return Buffer.concat([Buffer.from([0x0f, 0x11, 0x80 | bytes.length, ...bytes])]);
}

const huffman: readonly Script[] = section('RFC 7541 5.2 and Appendix B, Huffman coding', {
  ...Object.fromEntries(
    (
      [
        ['0', '00000'],
        ['a', '00011'],
        ['z', '1111011'],
        ['~', '1111111111101'],
        ['=', '100000'],
        ['\\', '1111111111111110000'],
        ['\x80', '11111111111111100110'],
        ['\xff', '11111111111111111111101110'],
      ] as const
    ).map(([text, bits]) => [
      `byte 0x${text.charCodeAt(0).toString(16)}`,
      [
        frames('decoded', (log) => log.body(1) === `${text}0`),
        headers(1, Buffer.concat([block(...requestFields('GET', '/cookie')), coded(`${bits}00000`)])),
        ended(1),
      ] as const,
    ]),
  ),
  'a coded CR': [
    streamError(1, 'protocolError'),
    request(1, good, coded('00011' + '111111111111111111111111111101' + '00011')),
  ],
  'a coded LF': [
    streamError(1, 'protocolError'),
    request(1, good, coded('00011' + '111111111111111111111111111100' + '00011')),
  ],
  'a coded NUL': [streamError(1, 'protocolError'), request(1, good, coded('00011' + '1111111111000' + '00011'))],
  'an empty coded string': [answered(1), request(1, good, [0x0f, 0x11, 0x80]), ended(1)],
  'padding of seven ones': [answered(1), request(1, good, coded(`${'00011'.repeat(5)}`)), ended(1)],
  'padding of zeros': [lost, request(1, good, [0x0f, 0x11, 0x81, 0x18])],
  'EOS behind a letter': [lost, request(1, good, [0x0f, 0x11, 0x85, 0x1f, 0xff, 0xff, 0xff, 0xff])],
  'a coded name': [answered(1), request(1, good, [0x00, 0x82, 0xf2, 0xb7], literal('v')), ended(1)],
});

export const codingScripts: readonly Script[] = [
  ...examples,
  ...staticTables,
  ...dynamicTables,
  ...sizeUpdates,
  ...literals,
  ...huffman,
];

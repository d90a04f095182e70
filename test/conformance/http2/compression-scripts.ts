/** RFC 7541: what a decoder must refuse, what it must understand, and what an encoder must respect. */
import { Flag, Setting } from '../../../server/http2/codes.js';
import { block, get, headers, indexedLiteral, literal, requestFields, settings } from '../../support/http2-frames.js';
import { answered, connectionError, ended, frames, type Script, section } from './script.js';

const lost = connectionError('compressionError');
const good = block(...requestFields('GET', '/'));

function request(id: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  return headers(id, Buffer.concat(parts.map((part) => Buffer.from(part))));
}

/** A field whose value is these bytes, marked as Huffman coded. */
function huffmanValue(...bytes: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from([0]), literal('x-h'), Buffer.from([0x80 | bytes.length, ...bytes])]);
}

export const compressionScripts: readonly Script[] = [
  ...section('RFC 7541 2.3.3', {
    'an index beyond both tables': [lost, request(1, good, [0xbe])],
    'a name index beyond both tables': [lost, request(1, good, [0x7e, 1, 0x61])],
  }),
  ...section('RFC 7541 2.3.2, 6.2.1', {
    'an entry of an earlier block': [
      frames('the field is there', (log) => log.body(3).includes('kept=yes')),
      request(1, good, indexedLiteral('cookie', 'kept=yes')),
      ended(1),
      headers(3, Buffer.concat([block(...requestFields('GET', '/cookie')), Buffer.from([0xbe])])),
      ended(3),
    ],
    'the name of an entry': [
      frames('the field is there', (log) => log.body(3).includes('other=1')),
      request(1, good, indexedLiteral('cookie', 'kept=yes')),
      headers(
        3,
        Buffer.concat([block(...requestFields('GET', '/cookie')), Buffer.from([0x0f, 0x2f]), literal('other=1')]),
      ),
      ended(3),
    ],
  }),
  ...section('RFC 7541 4.2, 6.3', {
    'a size above what was announced': [lost, request(1, [0x3f, 0xe2, 0x1f], good)],
    'a size update behind a field': [lost, request(1, good, [0x20])],
    'a size update of 0 empties the table': [
      lost,
      request(1, good, indexedLiteral('x-kept', 'yes')),
      request(3, [0x20], good, [0xbe]),
    ],
    'two size updates in a row': [answered(1), request(1, [0x20, 0x3f, 0xe1, 0x1f], good), ended(1)],
  }),
  ...section('RFC 7541 4.4', {
    'an entry larger than the table empties it': [
      lost,
      request(1, good, indexedLiteral('x-kept', 'yes'), indexedLiteral('x-large', 'a'.repeat(5_000))),
      request(3, good, [0xbe]),
    ],
  }),
  ...section('RFC 7541 5.1', {
    'an integer that does not end': [lost, request(1, good, [0x7f, 0x80, 0x80])],
    'an integer of too many bytes': [lost, request(1, good, [0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00])],
    'an integer above 2^32': [lost, request(1, good, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
  }),
  ...section('RFC 7541 5.2', {
    'padding of eight bits': [lost, request(1, good, huffmanValue(0x1f, 0xff))],
    'padding that is not all ones': [lost, request(1, good, huffmanValue(0x18))],
    'EOS in a string': [lost, request(1, good, huffmanValue(0xff, 0xff, 0xff, 0xff))],
    'a string longer than the block': [lost, request(1, good, [0x00, 0x05, 0x61])],
    'a Huffman coded value': [
      frames('the field is there', (log) => log.body(1).includes('a=1')),
      // a, =, 1 are 00011, 100000, 00001.
      headers(
        1,
        Buffer.concat([block(...requestFields('GET', '/cookie')), Buffer.from([0x0f, 0x11, 0x82, 0x1c, 0x01])]),
      ),
      ended(1),
    ],
  }),
  ...section('RFC 7541 6.1', {
    'index 0': [lost, request(1, good, [0x80])],
  }),
  ...section('RFC 7541 6.2.3', {
    'a field that is never indexed': [
      answered(1),
      request(1, good, [0x10], literal('x-secret'), literal('s')),
      ended(1),
    ],
  }),
  ...section('RFC 7541 4.2 and RFC 9113 4.3.1', {
    'the encoder keeps to SETTINGS_HEADER_TABLE_SIZE': [
      frames('blocks without references to a dynamic table, the first with a size update', (log) => {
        const blocks = log.frames.filter((one) => one.type === 1 && one.fields.includes(':status'));
        const [first, second] = blocks.map((one) => one.payload);
        return first?.[0] === 0x20 && second !== undefined && second[0] !== 0x20 && !hasDynamicIndex(second);
      }),
      settings(Setting.headerTableSize, 0),
      get(1),
      ended(1),
      get(3),
      ended(3),
    ],
  }),
  ...section('RFC 9113 6.5.2', {
    'a block may be empty of everything but pseudo-header fields': [
      answered(1),
      headers(1, good, Flag.endStream),
      ended(1),
    ],
  }),
];

/** An indexed field line above the static table at the start of a block of answers that consists of such lines. */
function hasDynamicIndex(bytes: Buffer): boolean {
  let at = 0;
  while (at < bytes.length && (bytes[at] ?? 0) >= 0x80) if (((bytes[at++] ?? 0) & 0x7f) > 61) return true;
  return false;
}

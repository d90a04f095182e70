import { describe, expect, test } from '@jest/globals';
import { encodedName } from '../../../server/http2/encoded-names.js';
import { HpackDecoder } from '../../../server/http2/hpack-decoder.js';
import { HpackEncoder } from '../../../server/http2/hpack-encoder.js';
import { integer, readInteger, writeInteger } from '../../../server/http2/hpack-integer.js';
import { decodeHuffman, encodeHuffman, huffmanLength } from '../../../server/http2/huffman.js';
import { Random } from '../../support/random.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

function decode(decoder: HpackDecoder, bytes: Buffer): string[] | null {
  if (!decoder.decode(bytes, 0, bytes.length)) return null;
  return decoder.entries.slice(0, decoder.count).map(({ name, value }) => `${name}: ${value}`);
}

describe('RFC 7541 Appendix C.1: integers', () => {
  test.each([
    ['10 in a prefix of 5 bits', '0a', 5, 10],
    ['1337 in a prefix of 5 bits', '1f9a0a', 5, 1337],
    ['42 at an octet boundary', '2a', 8, 42],
  ])('%s', (_name, bytes, prefix, value) => {
    const buffer = hex(bytes);
    expect(readInteger(buffer, 0, buffer.length, prefix)).toBe(value);
    expect(integer.at).toBe(buffer.length);
    const written = Buffer.alloc(8);
    expect(written.subarray(0, writeInteger(written, 0, 0, prefix, value)).toString('hex')).toBe(bytes);
  });
});

describe('RFC 7541 Appendix C.2: field lines', () => {
  test.each([
    [
      'literal with indexing',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      'custom-key: custom-header',
    ],
    ['literal without indexing', '040c 2f73 616d 706c 652f 7061 7468', ':path: /sample/path'],
    ['literal never indexed', '1008 7061 7373 776f 7264 0673 6563 7265 74', 'password: secret'],
    ['indexed', '82', ':method: GET'],
  ])('%s', (_name, bytes, line) => {
    expect(decode(new HpackDecoder(), hex(bytes))).toEqual([line]);
  });
});

const requests = [
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
  [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
];
const answers = [
  [
    ':status: 302',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:21 GMT',
    'location: https://www.example.com',
  ],
  [
    ':status: 307',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:21 GMT',
    'location: https://www.example.com',
  ],
  [
    ':status: 200',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:22 GMT',
    'location: https://www.example.com',
    'content-encoding: gzip',
    'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  ],
];

describe('RFC 7541 Appendix C.3 to C.6: messages of one connection', () => {
  test.each([
    [
      'C.3, requests without Huffman coding',
      4_096,
      requests,
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
      [57, 110, 164],
    ],
    [
      'C.4, requests with Huffman coding',
      4_096,
      requests,
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
      [57, 110, 164],
    ],
    [
      'C.5, answers without Huffman coding, a table of 256 bytes',
      256,
      answers,
      [
        '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '4803 3330 37c1 c0bf',
        '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
      ],
      [222, 222, 215],
    ],
    [
      'C.6, answers with Huffman coding, a table of 256 bytes',
      256,
      answers,
      [
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        '4883 640e ffc1 c0bf',
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      ],
      [222, 222, 215],
    ],
  ])('%s', (_name, tableBytes, messages, blocks, sizes) => {
    const decoder = new HpackDecoder();
    decoder.table.resize(tableBytes);
    for (const [at, bytes] of blocks.entries()) {
      expect(decode(decoder, hex(bytes))).toEqual(messages[at]);
      expect(decoder.table.bytes).toBe(sizes[at]);
    }
  });
});

test('Huffman coding there and back, for every octet and random texts (seed 7)', () => {
  const random = new Random(7);
  const target = Buffer.alloc(4_096);
  const texts = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
  for (let i = 0; i < 300; i++) {
    texts.push(Array.from({ length: random.below(60) }, () => String.fromCharCode(random.below(256))).join(''));
  }
  for (const text of texts) {
    const bytes = Buffer.alloc(huffmanLength(text) + 8);
    const end = encodeHuffman(text, bytes, 0);
    expect(end).toBe(huffmanLength(text));
    const length = decodeHuffman(bytes, 0, end, target);
    expect(target.toString('latin1', 0, length)).toBe(text);
  }
});

test('what the encoder writes the decoder reads, with changing values and table sizes (seed 11)', () => {
  const random = new Random(11);
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder();
  const buffer = Buffer.alloc(65_536);
  const names = ['content-type', 'date', 'server', 'x-one', 'x-two', 'etag', 'set-cookie', 'x-long', 'vary'];
  for (let message = 0; message < 3_000; message++) {
    if (random.below(40) === 0) encoder.limitTable(random.pick([0, 100, 256, 4_096, 65_536]));
    const lines = Array.from({ length: random.below(12) }, () => {
      const name = random.pick(names);
      return [name, name === 'x-long' ? 'l'.repeat(random.below(3_000)) : `value ${random.below(4)}`] as const;
    });
    let at = encoder.status(buffer, encoder.begin(buffer, 0), random.pick([200, 204, 404, 418]));
    for (const [name, value] of lines) at = encoder.field(buffer, at, encodedName(name), value);
    const found = decode(decoder, Buffer.from(buffer.subarray(0, at)));
    expect(found?.slice(1)).toEqual(lines.map(([name, value]) => `${name}: ${value}`));
  }
});

test('secrets never enter a table, repeated values do', () => {
  const encoder = new HpackEncoder();
  const buffer = Buffer.alloc(1_024);
  const block = (): string => {
    let at = encoder.field(buffer, 0, encodedName('Set-Cookie'), 'session=1');
    at = encoder.field(buffer, at, encodedName('Content-Type'), 'text/html');
    return buffer.toString('hex', 0, at);
  };
  expect(block()).toMatch(/^1f28/);
  expect(block()).toMatch(/^1f2809.*be$/);
});

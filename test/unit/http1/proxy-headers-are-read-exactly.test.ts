import { describe, expect, test } from '@jest/globals';
import { addressKey, formatAddress, parseAddress } from '../../../server/http1/ip-address.js';
import { parseProxyHeader } from '../../../server/http1/proxy-protocol.js';

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

function line(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function binary(command: number, family: number, payload: readonly number[], length = payload.length): Buffer {
  return Buffer.concat([signature, Buffer.from([command, family, length >> 8, length & 255, ...payload])]);
}

const four = [203, 0, 113, 9, 192, 0, 2, 1, 0xc0, 0x01, 0, 80];
const six = [0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 7, ...Array<number>(16).fill(1), 1, 0, 0, 80];

const good: readonly (readonly [string, Buffer, { address: string; port: number } | null])[] = [
  ['v1 TCP4', line('PROXY TCP4 203.0.113.9 192.0.2.1 49153 80\r\n'), { address: '203.0.113.9', port: 49_153 }],
  ['v1 TCP6', line('PROXY TCP6 2001:DB8::7 ::1 256 80\r\n'), { address: '2001:db8::7', port: 256 }],
  ['v1 UNKNOWN', line('PROXY UNKNOWN\r\n'), null],
  ['v1 UNKNOWN with addresses', line('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), null],
  ['v2 TCP4', binary(0x21, 0x11, four), { address: '203.0.113.9', port: 49_153 }],
  ['v2 TCP6', binary(0x21, 0x21, six), { address: '2001:db8::7', port: 256 }],
  ['v2 TCP4 with TLVs', binary(0x21, 0x11, [...four, 4, 0, 2, 1, 1]), { address: '203.0.113.9', port: 49_153 }],
  ['v2 LOCAL', binary(0x20, 0, []), null],
  ['v2 UDP', binary(0x21, 0x12, four), null],
  ['v2 unix socket', binary(0x21, 0x31, Array<number>(216).fill(65)), null],
];

const bad: readonly (readonly [string, Buffer])[] = [
  ['a request', line('GET / HTTP/1.1\r\n')],
  ['lower case', line('proxy TCP4 203.0.113.9 192.0.2.1 49153 80\r\n')],
  ['bare LF', line('PROXY TCP4 203.0.113.9 192.0.2.1 49153 80\n')],
  ['two spaces', line('PROXY  TCP4 203.0.113.9 192.0.2.1 49153 80\r\n')],
  ['a word too many', line('PROXY TCP4 203.0.113.9 192.0.2.1 49153 80 x\r\n')],
  ['a word too few', line('PROXY TCP4 203.0.113.9 192.0.2.1 49153\r\n')],
  ['family and address differ', line('PROXY TCP4 ::1 ::2 1 2\r\n')],
  ['a name', line('PROXY TCP4 localhost 192.0.2.1 49153 80\r\n')],
  ['number out of range', line('PROXY TCP4 203.0.113.256 192.0.2.1 49153 80\r\n')],
  ['port out of range', line('PROXY TCP4 203.0.113.9 192.0.2.1 65536 80\r\n')],
  ['port with a zero before', line('PROXY TCP4 203.0.113.9 192.0.2.1 080 80\r\n')],
  ['NUL', line('PROXY TCP4 203.0.113.9\0')],
  ['longer than any line may be', line(`PROXY UNKNOWN ${'x'.repeat(200)}`)],
  ['a TLS hello', Buffer.from([0x16, 3, 1, 0, 200, 1])],
  ['v2 version 1', binary(0x11, 0x11, four)],
  ['v2 command 2', binary(0x22, 0x11, four)],
  ['v2 too short for its family', binary(0x21, 0x21, four)],
  ['v2 larger than we take', binary(0x21, 0x11, four, 60_000)],
  ['v2 broken signature', line('\r\n\r\n\0\r\nQUIX\n')],
];

describe('a PROXY header', () => {
  test.each(good)('%s', (_name, bytes, source) => {
    expect(parseProxyHeader(Buffer.concat([bytes, line('GET')]))).toEqual({ length: bytes.length, source });
    for (let end = 0; end < bytes.length; end++) expect(parseProxyHeader(bytes.subarray(0, end))).toBe('incomplete');
  });

  test.each(bad)('is not %s', (_name, bytes) => {
    expect(parseProxyHeader(bytes)).toBe('invalid');
  });
});

test.each([
  ['2001:0DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
])('%s is written %s', (text, written) => {
  expect(formatAddress(parseAddress(text) ?? [])).toBe(written);
});

test('one IPv6 subscriber is one client', () => {
  expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe(addressKey('2001:db8:1:2::9'));
  expect(addressKey('2001:db8:1:3::9')).not.toBe(addressKey('2001:db8:1:2::9'));
  expect(addressKey('192.0.2.1')).toBe('192.0.2.1');
});

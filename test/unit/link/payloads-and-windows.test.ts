import { expect, test } from '@jest/globals';
import { linkStreamGraceBytes, linkStreamWindowBytes } from '../../../config/base/limits.js';
import { creditLumpBytes, ReceiveWindow, SendWindow } from '../../../pools/link/flow.js';
import {
  decodeFields,
  decodeHello,
  decodeNumber,
  decodeRequest,
  encodeAddresses,
  encodeFields,
  encodeHello,
  encodeRequest,
} from '../../../pools/link/payloads.js';

const addresses = { remoteAddress: '::1', remotePort: 5, localAddress: '10.0.0.1', localPort: 80 };

test('a request comes back as it was', () => {
  for (const fields of [[], ['Host', 'x'], ['Host', 'x', 'X-Empty', '', 'X-L', '\u00e9']]) {
    const text = encodeRequest(fields, 'GET', '/path?x=1');
    expect(decodeRequest(text, false)).toEqual({ fields, method: 'GET', url: '/path?x=1', addresses: null });
    const whole = decodeRequest(text + encodeAddresses(addresses), true);
    expect(whole).toEqual({ fields, method: 'GET', url: '/path?x=1', addresses });
  }
});

test('what is no request is refused', () => {
  expect(decodeRequest('', false)).toBeNull();
  expect(decodeRequest('GET', false)).toBeNull();
  expect(decodeRequest('name\nGET\n/', false)).toBeNull();
  expect(decodeRequest('GET\n/', true)).toBeNull();
});

test('trailers', () => {
  expect(decodeFields(encodeFields(['A', '1', 'B', '']))).toEqual(['A', '1', 'B', '']);
  expect(decodeFields('')).toEqual([]);
  expect(decodeFields('A')).toBeNull();
});

test('a hello is JSON with a protocol, and short', () => {
  const hello = { protocol: 1, token: 't', listener: 2 };
  const decode = (text: string): unknown => decodeHello(Buffer.from(text), 0, text.length);
  expect(decode(encodeHello(hello))).toEqual(hello);
  expect(decode('{"protocol":1}')).toEqual({ protocol: 1, token: '', listener: 0 });
  for (const bad of ['', '{', '1', 'null', '{}', '{"protocol":"1"}']) expect(decode(bad)).toBeNull();
  expect(decode(JSON.stringify({ ...hello, token: 'x'.repeat(2_000) }))).toBeNull();
});

test('a missing number is -1', () => {
  expect(decodeNumber(Buffer.from([0, 0, 1, 0]), 0, 4)).toBe(256);
  expect(decodeNumber(Buffer.from([0, 0, 1]), 0, 3)).toBe(-1);
});

test('credit is spent, given back in lumps, and never more than was used', () => {
  const send = new SendWindow();
  const receive = new ReceiveWindow();
  let total = 0;
  while (total < 10 * linkStreamWindowBytes) {
    expect(send.isOpen).toBe(true);
    send.spend(10_000);
    expect(receive.receive(10_000)).toBe(true);
    const lump = receive.release(10_000);
    expect(lump === 0 || lump >= creditLumpBytes).toBe(true);
    expect(lump === 0 || send.grant(lump)).toBe(true);
    expect(send.credit).toBeLessThanOrEqual(linkStreamWindowBytes);
    total += 10_000;
  }
});

test('more than window and grace is an offence', () => {
  const receive = new ReceiveWindow();
  expect(receive.receive(linkStreamWindowBytes + linkStreamGraceBytes)).toBe(true);
  expect(receive.receive(1)).toBe(false);
});

test('credit that was never spent is refused', () => {
  const send = new SendWindow();
  for (const bytes of [-1, 0, 1, 1_000_000_000]) expect(send.grant(bytes)).toBe(false);
  send.spend(1_000);
  expect(send.grant(1_001)).toBe(false);
  expect(send.grant(1_000)).toBe(true);
  expect(send.credit).toBe(linkStreamWindowBytes);
});

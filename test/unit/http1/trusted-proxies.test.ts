import { describe, expect, test } from '@jest/globals';
import { createForwardContext } from '../../../server/http1/forward.js';
import { createRequestHead, parseRequestHead } from '../../../server/http1/request-head.js';
import { TrustedProxies } from '../../../server/http1/trusted-proxies.js';

describe('which peers are trusted', () => {
  const proxies = new TrustedProxies([
    '10.0.0.0/8',
    '192.0.2.7',
    '2001:db8::/33',
    '::1',
    '0.0.0.0/32',
    '172.16.0.0/12',
  ]);

  test.each([
    '10.0.0.1',
    '10.255.255.255',
    '192.0.2.7',
    '::ffff:10.1.2.3',
    '2001:db8::1',
    '2001:db8:7fff:ffff::1',
    '::1',
    '172.31.255.255',
    '0:0:0:0:0:0:0:1',
  ])('%s is', (address) => {
    expect(proxies.matches(address)).toBe(true);
  });

  test.each([
    '11.0.0.1',
    '192.0.2.8',
    '2001:db8:8000::1',
    '::2',
    '172.32.0.0',
    '',
    'localhost',
    '10.0.0',
    '10.0.0.0.1',
    '010.0.0.1',
    '10.0.0.256',
    'unix:',
    '2001:db8::1%eth0',
    '1:2:3:4:5:6:7',
    '::1::',
    '10.0.0.1:80',
  ])('%s is not', (address) => {
    expect(proxies.matches(address)).toBe(false);
  });

  test.each(['10.0.0.0/33', '::/129', 'localhost', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', '', '*', '10.0.0.0/08'])(
    'the entry %s is refused by name',
    (entry) => {
      expect(() => new TrustedProxies([entry])).toThrow(JSON.stringify(entry));
    },
  );

  test('nobody is, without entries; everybody is, with /0', () => {
    expect(new TrustedProxies([]).matches('127.0.0.1')).toBe(false);
    expect(new TrustedProxies(['0.0.0.0/0', '::/0']).matches('203.0.113.9')).toBe(true);
  });
});

describe('the client behind a trusted proxy', () => {
  const proxies = new TrustedProxies(['10.0.0.0/8']);

  function clientOf(lines: readonly string[], trusted = true): string {
    const head = createRequestHead();
    const bytes = Buffer.from(`${['GET / HTTP/1.1', 'Host: a', ...lines].join('\r\n')}\r\n\r\n`, 'latin1');
    expect(parseRequestHead(bytes, 0, bytes.length, 0, head)).toBe(bytes.length);
    const client = createForwardContext('10.0.0.1', 4000, 'http', trusted, 'pass');
    proxies.resolveClient(client, head);
    return `${client.clientAddress} ${client.clientPort} ${client.scheme}`;
  }

  test.each([
    [[], '10.0.0.1 4000 http'],
    [['X-Forwarded-For: 203.0.113.5'], '203.0.113.5 0 http'],
    [['X-Forwarded-For: 203.0.113.5:77', 'X-Forwarded-Proto: HTTPS'], '203.0.113.5 77 https'],
    [['X-Forwarded-For: 1.1.1.1, 203.0.113.5, 10.0.0.9'], '203.0.113.5 0 http'],
    [['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 203.0.113.5'], '203.0.113.5 0 http'],
    [['X-Forwarded-For: [2001:DB8::1]:443'], '2001:db8::1 443 http'],
    [['X-Forwarded-For: [2001:db8::1]'], '2001:db8::1 0 http'],
    [['X-Forwarded-For: 2001:db8::1'], '2001:db8::1 0 http'],
    [['X-Forwarded-For: ::ffff:203.0.113.5'], '203.0.113.5 0 http'],
    [['X-Forwarded-For: unknown'], '10.0.0.1 4000 http'],
    [['X-Forwarded-For: 203.0.113.5, _hidden:80'], '10.0.0.1 4000 http'],
    [['X-Forwarded-For: 203.0.113.5, 10.0.0.9:99999'], '10.0.0.1 4000 http'],
    [['X-Forwarded-For: evil, 10.0.0.9'], '10.0.0.9 0 http'],
    [['X-Forwarded-For: [::1'], '10.0.0.1 4000 http'],
    [['X-Forwarded-For: [::1]x'], '10.0.0.1 4000 http'],
    [['X-Forwarded-For: [::1]:'], '10.0.0.1 4000 http'],
    [['X-Forwarded-Proto: https'], '10.0.0.1 4000 https'],
    [['X-Forwarded-Proto: ftp'], '10.0.0.1 4000 http'],
    [['X-Forwarded-For: 203.0.113.5, 10.0.0.9', 'X-Forwarded-Proto: https, http'], '203.0.113.5 0 https'],
    [['X-Forwarded-For: 1.1.1.1, 203.0.113.5', 'X-Forwarded-Proto: https, http'], '203.0.113.5 0 http'],
    [[`X-Forwarded-For: ${Array.from({ length: 1_000 }, () => '10.0.0.9').join(',')}`], '10.0.0.9 0 http'],
  ])('%j', (lines, expected) => {
    expect(clientOf(lines)).toBe(expected);
  });

  test('a peer that is not trusted is the client', () => {
    expect(clientOf(['X-Forwarded-For: 203.0.113.5', 'X-Forwarded-Proto: https'], false)).toBe('10.0.0.1 4000 http');
  });
});

import { describe, expect, test } from '@jest/globals';
import { header } from '../../../pools/integration/contract.js';
import {
  announcedTrailersOf,
  createForwardContext,
  type ForwardContext,
  linkRequestFields,
  refuseUnderscores,
  upstreamRequestHead,
} from '../../../server/http1/forward.js';
import { createRequestHead, parseRequestHead } from '../../../server/http1/request-head.js';
import { TrustedProxies } from '../../../server/http1/trusted-proxies.js';
import type { RequestHead } from '../../../server/http1/types.js';

function parsed(lines: readonly string[], requestLine = 'GET /a?b HTTP/1.1'): RequestHead {
  const head = createRequestHead();
  const bytes = Buffer.from(`${[requestLine, 'Host: a.test', ...lines].join('\r\n')}\r\n\r\n`, 'latin1');
  const used = parseRequestHead(bytes, 0, bytes.length, 0, head);
  expect({ used, rejection: head.rejection }).toEqual({ used: bytes.length, rejection: null });
  return head;
}

function context(trusted: boolean, underscores: ForwardContext['underscores'] = 'pass'): ForwardContext {
  return createForwardContext('192.0.2.7', 51234, 'http', trusted, underscores);
}

const worker = { pairingToken: 'secret', forwardedPort: false, forwardedForAppend: false };

/** Field lines as an in-process worker gets them, without Host. */
function linkFields(lines: readonly string[], client = context(false)): string[] {
  const parts = linkRequestFields(parsed(lines), client).split('\n');
  const fields: string[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) fields.push(`${parts[i]}: ${parts[i + 1]}`);
  expect(fields[0]).toBe('Host: a.test');
  return fields.slice(1);
}

/** Field lines of the upstream head without Host and without what we add at its end. */
function upstreamFields(lines: readonly string[], client = context(false)): string[] {
  const text = upstreamRequestHead(parsed(lines), client, worker).split('\r\n');
  expect(text.slice(-5)).toEqual([
    `X-Forwarded-For: ${client.clientAddress}`,
    `X-Forwarded-Proto: ${client.scheme}`,
    `${header.token}: secret`,
    '',
    '',
  ]);
  expect(text.slice(0, 2)).toEqual(['GET /a?b HTTP/1.1', 'Host: a.test']);
  return text.slice(2, -5);
}

const always = [
  'MS-ASPNETCORE-TOKEN: evil',
  'ms-aspnetcore-token: evil',
  'MS_ASPNETCORE_TOKEN: evil',
  'MS.ASPNETCORE.TOKEN: evil',
  'MS-ASPNETCORE_TOKEN: evil',
  'MS-ASPNETCORE-CLIENTCERT: evil',
  'MS-ASPNETCORE-WINAUTHTOKEN: evil',
  'MS-ASPNETCORE-EVENT: shutdown',
  'MS-ASPNETCOREX: evil',
  'Proxy: http://evil',
  'X_Forwarded_For: 1.2.3.4',
  'X-Forwarded_For: 1.2.3.4',
  'X.Forwarded.For: 1.2.3.4',
  'X_Real_IP: 1.2.3.4',
  'X_Original_URL: /admin',
  'X_Rewrite_Url: /admin',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'Proxy-Authorization: Basic QQ==',
  'TE: trailers',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMA',
  'Connection: keep-alive',
];

const onlyFromTrusted = [
  'X-Forwarded-Host: evil',
  'X-Forwarded-Port: 1',
  'X-Forwarded-Prefix: /evil',
  'x-forwarded-anything: evil',
  'Forwarded: for=1.2.3.4',
  'X-Real-IP: 1.2.3.4',
  'X-Original-URL: /admin',
  'X-Original-For: 1.2.3.4',
  'X-Rewrite-URL: /admin',
];

const passes = [
  'Via: 1.1 a',
  'Via: 1.1 b',
  'X-HTTP-Method-Override: DELETE',
  'Cookie: a=b',
  'Cookie: c=d',
  'Authorization: Basic QQ==',
  '__proto__: v',
  'constructor: v',
  '0: v',
  'X_Y: v',
  'X.Y: v',
  'X: caf\u00e9\u00ff',
  'X-Empty: ',
  'Date: Sat, 01 Aug 2026 10:00:00 GMT',
  'Content-Type: text/plain',
  'Content-Type: text/html',
];

describe.each([
  ['link', linkFields],
  ['upstream', upstreamFields],
])('fields towards the worker (%s)', (_, fieldsOf) => {
  test.each(always)('%s is deleted, from anybody', (line) => {
    expect(fieldsOf([line, 'X: y'])).toEqual(['X: y']);
    expect(fieldsOf([line, 'X: y'], context(true))).toEqual(['X: y']);
  });

  test.each(onlyFromTrusted)('%s is believed only from a trusted proxy', (line) => {
    expect(fieldsOf([line, 'X: y'])).toEqual(['X: y']);
    expect(fieldsOf([line, 'X: y'], context(true))).toEqual([line, 'X: y']);
  });

  test('other fields keep name, value, order and number', () => {
    expect(fieldsOf(passes)).toEqual(passes);
  });

  test('underscoresInHeaders delete removes other names with _ and .', () => {
    expect(fieldsOf(['X_Y: v', 'X.Y: v', 'X-Y: v'], context(false, 'delete'))).toEqual(['X-Y: v']);
  });

  test.each(['Authorization', 'Cookie', 'X-Custom', 'x-CUSTOM', 'Date', 'X_Y'])(
    'Connection removes %s when it names it',
    (name) => {
      expect(fieldsOf([`Connection: close, ${name.toLowerCase()}`, `${name}: v`, 'X-Other: w'])).toEqual([
        'X-Other: w',
      ]);
    },
  );

  test('Connection cannot remove Host, framing or what we add', () => {
    const named = 'Connection: Host, Content-Length, MS-ASPNETCORE-TOKEN, X-Forwarded-For, X-Forwarded-Proto';
    expect(fieldsOf([named, 'Content-Length: 5'])).toEqual(['Content-Length: 5']);
  });

  test('a thousand names in Connection remove those that are there', () => {
    const names = Array.from({ length: 1_000 }, (_each, i) => `t${i}`).join(', ');
    expect(fieldsOf([`Connection: ${names}`, 't77: v', 'X: y'])).toEqual(['X: y']);
  });

  test('framing fields stay: the app sees how the body comes', () => {
    expect(fieldsOf(['Content-Length: 0'])).toEqual(['Content-Length: 0']);
    expect(fieldsOf(['Transfer-Encoding: Chunked'])).toEqual(['Transfer-Encoding: chunked']);
    expect(fieldsOf(['Trailer: X', 'Transfer-Encoding: chunked'])).toEqual([
      'Trailer: X',
      'Transfer-Encoding: chunked',
    ]);
    expect(fieldsOf(['Trailer: X'])).toEqual([]);
  });

  test('Expect travels only in front of a body', () => {
    expect(fieldsOf(['Expect: 100-continue', 'Content-Length: 5'])).toEqual([
      'Expect: 100-continue',
      'Content-Length: 5',
    ]);
    expect(fieldsOf(['Expect: 100-continue'])).toEqual([]);
  });
});

describe('websocket upgrade', () => {
  const lines = [
    'Connection: keep-alive, Upgrade',
    'Upgrade: WebSocket',
    'Sec-WebSocket-Extensions: permessage-deflate',
  ];

  test('keeps Connection and Upgrade, written by us', () => {
    expect(linkFields(lines)).toEqual([
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Extensions: permessage-deflate',
    ]);
    expect(upstreamFields(lines)).toEqual([
      'Sec-WebSocket-Extensions: permessage-deflate',
      'Connection: Upgrade',
      'Upgrade: websocket',
    ]);
  });

  test.each([
    ['two Upgrade fields', ['Connection: Upgrade', 'Upgrade: websocket', 'Upgrade: websocket']],
    ['a list of protocols', ['Connection: Upgrade', 'Upgrade: websocket, h2c']],
    ['no Connection', ['Upgrade: websocket']],
    ['another protocol', ['Connection: Upgrade', 'Upgrade: h2c']],
  ])('%s: the field is removed and the request goes on', (_, fields) => {
    expect(parsed(fields).upgradeWebSocket).toBe(false);
    expect(linkFields(fields)).toEqual([]);
    expect(upstreamFields(fields)).toEqual([]);
  });
});

describe('the upstream head', () => {
  function forwardedLines(lines: readonly string[], client: ForwardContext, options: Partial<typeof worker>): string[] {
    const head = parsed(lines);
    new TrustedProxies(['192.0.2.0/24']).resolveClient(client, head);
    const text = upstreamRequestHead(head, client, { ...worker, ...options }).split('\r\n');
    return text.filter((line) => line.startsWith('X-Forwarded'));
  }

  test('says the client once, whatever an untrusted client claims', () => {
    const claims = ['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 2.2.2.2', 'X-Forwarded-Proto: https'];
    expect(forwardedLines(claims, context(false), {})).toEqual([
      'X-Forwarded-For: 192.0.2.7',
      'X-Forwarded-Proto: http',
    ]);
    expect(forwardedLines(claims, context(false), { forwardedForAppend: true })).toEqual([
      'X-Forwarded-For: 192.0.2.7',
      'X-Forwarded-Proto: http',
    ]);
  });

  test('carries the certificate of the TLS client, and only that one', () => {
    const lines = [
      'X-Forwarded-Client-Cert: forged',
      'MS-ASPNETCORE-CLIENTCERT: forged',
      'Ms_AspNetCore_ClientCert: forged',
    ];
    const certificates = (client: ForwardContext): string[] =>
      upstreamRequestHead(parsed(lines), client, worker)
        .split('\r\n')
        .filter((line) => /client.?cert/i.test(line));
    const client = createForwardContext('192.0.2.7', 51234, 'https', false, 'pass');
    expect(certificates(client)).toEqual([]);
    client.clientCertificate = 'MIIB';
    client.forwardedClientCert = 'Hash=1';
    const ours = ['MS-ASPNETCORE-CLIENTCERT: MIIB', 'X-Forwarded-Client-Cert: Hash=1'];
    expect(certificates(client)).toEqual(ours);
  });

  test('has the port when asked, IPv6 in brackets then', () => {
    expect(forwardedLines([], context(false), { forwardedPort: true })[0]).toBe('X-Forwarded-For: 192.0.2.7:51234');
    const six = createForwardContext('2001:db8::1', 80, 'https', false, 'pass');
    expect(forwardedLines([], six, { forwardedPort: true })).toEqual([
      'X-Forwarded-For: [2001:db8::1]:80',
      'X-Forwarded-Proto: https',
    ]);
    expect(forwardedLines([], six, {})[0]).toBe('X-Forwarded-For: 2001:db8::1');
  });

  test('says what a trusted proxy says', () => {
    const lines = ['X-Forwarded-For: 198.51.100.9, 203.0.113.5:99', 'X-Forwarded-Proto: https'];
    expect(forwardedLines(lines, context(true), {})).toEqual([
      'X-Forwarded-For: 203.0.113.5',
      'X-Forwarded-Proto: https',
    ]);
    expect(forwardedLines(lines, context(true), { forwardedForAppend: true, forwardedPort: true })).toEqual([
      'X-Forwarded-For: 198.51.100.9, 203.0.113.5:99, 192.0.2.7:51234',
      'X-Forwarded-Proto: https, http',
    ]);
  });

  test('is HTTP/1.1 with a Host also for a client of HTTP/1.0', () => {
    const head = createRequestHead();
    const bytes = Buffer.from('GET / HTTP/1.0\r\n\r\n');
    expect(parseRequestHead(bytes, 0, bytes.length, 0, head)).toBe(bytes.length);
    expect(upstreamRequestHead(head, context(false), { ...worker, pairingToken: '' })).toBe(
      'GET / HTTP/1.1\r\nHost: \r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n\r\n',
    );
  });

  test('writes an absolute-form target as origin-form and its authority as Host', () => {
    const head = parsed([], 'GET http://A.test:80/x?y HTTP/1.1');
    expect(head.path).toBe('/x');
    expect(upstreamRequestHead(head, context(false), worker)).toContain('GET /x?y HTTP/1.1\r\nHost: A.test:80\r\n');
  });

  test('only announced trailers follow', () => {
    const head = parsed(['Trailer: X-A', 'Trailer: x-c', 'Transfer-Encoding: chunked']);
    expect(announcedTrailersOf(head, ['X-A', '1', 'X-B', '2', 'X-C', '3'])).toEqual(['X-A', '1', 'X-C', '3']);
    expect(announcedTrailersOf(parsed([]), ['X-A', '1'])).toBeNull();
  });
});

test('underscoresInHeaders reject refuses only names that no rule deletes', () => {
  const strict = context(false, 'reject');
  expect(refuseUnderscores(parsed(['X_Y: v']), strict)?.status).toBe(400);
  expect(refuseUnderscores(parsed(['X.Y: v']), strict)?.status).toBe(400);
  expect(refuseUnderscores(parsed(['X_Forwarded_For: v', 'X-Y: v']), strict)).toBeNull();
  expect(refuseUnderscores(parsed(['X_Y: v']), context(false))).toBeNull();
});

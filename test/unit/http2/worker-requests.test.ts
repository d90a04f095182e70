import { expect, test } from '@jest/globals';
import { createForwardContext } from '../../../server/http1/forward.js';
import { createRequestHead, parseRequestHead } from '../../../server/http1/request-head.js';
import { upstreamRequest } from '../../../server/http2/upstream-request.js';

const client = createForwardContext('192.0.2.7', 51_234, 'https', false, 'pass');
const options = { pairingToken: 'token', forwardedPort: false, forwardedForAppend: false };

function requestOf(text: string) {
  const bytes = Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1');
  const head = createRequestHead();
  expect(parseRequestHead(bytes, 0, bytes.length, 0, head)).toBe(bytes.length);
  return upstreamRequest(head, client, options);
}

test('a request goes on without what belongs to the connection or to us', () => {
  const request = requestOf(`POST /rpc?x=1 HTTP/1.1
Host: a.test
Content-Type: application/grpc
TE: trailers
Connection: X-Named, keep-alive
X-Named: gone
Keep-Alive: timeout=5
Transfer-Encoding: chunked
Trailer: x-sum
MS-ASPNETCORE-TOKEN: theirs
X-Forwarded-For: 10.0.0.1
Grpc-Timeout: 1S

`);
  expect(request).toEqual({
    method: 'POST',
    scheme: 'http',
    authority: 'a.test',
    path: '/rpc?x=1',
    protocol: '',
    fields: [
      ['Content-Type', 'application/grpc'],
      ['TE', 'trailers'],
      ['Trailer', 'x-sum'],
      ['Grpc-Timeout', '1S'],
      ['x-forwarded-for', '192.0.2.7'],
      ['x-forwarded-proto', 'https'],
      ['ms-aspnetcore-token', 'token'],
    ].flat(),
    neverIndexed: null,
  });
});

test('an upgrade to websocket becomes an extended CONNECT', () => {
  const request = requestOf(`GET /chat HTTP/1.1
Host: a.test
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Sec-WebSocket-Version: 13

`);
  expect([request.protocol, request.method]).toEqual(['websocket', 'GET']);
  expect(request.fields.slice(0, 3)).toEqual(['Sec-WebSocket-Version', '13', 'x-forwarded-for']);
});

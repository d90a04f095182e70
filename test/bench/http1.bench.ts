/**
 * Micro-benchmark of server/http1 and server/route: prints nanoseconds per operation, the median of
 * several rounds. Plain script: `node dist/test/bench/http1.bench.js`.
 */
import { ChunkedDecoder } from '../../server/http1/chunked.js';
import {
  createForwardContext,
  linkRequestFields,
  responseHead,
  upstreamRequestHead,
} from '../../server/http1/forward.js';
import { createRequestHead, parseRequestHead } from '../../server/http1/request-head.js';
import { createResponseHead, parseResponseHead } from '../../server/http1/response-head.js';
import { matchPath } from '../../server/route/match-path.js';
import { compileRoutes } from '../../server/route/table.js';
import { routesOf } from '../support/routes.js';
import { measure } from './micro.js';

const request = Buffer.from(
  'GET /api/products/42?sort=price HTTP/1.1\r\nHost: shop.localhost:8080\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) ' +
    'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36\r\nAccept: text/html,application/xhtml+xml;q=0.9\r\n' +
    'Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.5\r\nCookie: session=0123456789abcdef\r\n' +
    'Connection: keep-alive\r\nCache-Control: max-age=0\r\n\r\n',
  'latin1',
);
const answer = Buffer.from(
  'HTTP/1.1 200 OK\r\nX-Powered-By: Express\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 11\r\n' +
    'ETag: W/"b-Kq5sNclPz7QV2+lfQIuc6R7oRu0"\r\nDate: Sat, 01 Aug 2026 10:00:00 GMT\r\nConnection: keep-alive\r\n' +
    'Keep-Alive: timeout=5\r\n\r\n',
  'latin1',
);
const chunks = Buffer.from(`${'400\r\n'.concat('x'.repeat(1024), '\r\n').repeat(16)}0\r\n\r\n`, 'latin1');

const head = createRequestHead();
const answerHead = createResponseHead();
const client = createForwardContext('192.0.2.7', 51234, 'http', false, 'pass');
const upstream = { pairingToken: '0123456789abcdef0123456789abcdef', forwardedPort: true, forwardedForAppend: false };
const options = {
  framing: 'length',
  date: 'Sat, 01 Aug 2026 10:00:00 GMT',
  connection: 'default',
  cookie: '',
  strictTransportSecurity: '',
} as const;
const out = Buffer.alloc(4096);
const decoder = new ChunkedDecoder();
const table = compileRoutes(
  routesOf(Array.from({ length: 10_000 }, (_, i) => ({ host: `site${i}.example`, paths: ['/', '/app'] }))),
);
const site = table.site('192.0.2.1', 8080, 'http', 'site77.example');

measure(`parse request head (${request.length} bytes)`, () => parseRequestHead(request, 0, request.length, 0, head));
measure('link fields', () => linkRequestFields(head, client).length);
measure('link fields, written', () => out.write(linkRequestFields(head, client), 'latin1'));
measure('upstream head, written', () => out.write(upstreamRequestHead(head, client, upstream), 'latin1'));
measure(`parse answer head (${answer.length} bytes)`, () => parseResponseHead(answer, 0, answer.length, 0, answerHead));
measure('client head, written', () => out.write(responseHead(answerHead, options), 'latin1'));
measure('decode 16 chunks of 1 kB', () => {
  decoder.reset();
  let at = 0;
  while (!decoder.done) at = decoder.decode(chunks, at, chunks.length);
  return at;
});
measure('site of 10,000', () => (table.site('::ffff:192.0.2.1', 8080, 'http', 'site4711.example') === null ? 0 : 1));
measure('path, plain, two applications', () =>
  site === null ? 0 : matchPath(site, '/api/products/42') === 'bad-path' ? 0 : 1,
);
measure('path, escaped', () => (site === null ? 0 : matchPath(site, '/app/a%20b/c') === 'bad-path' ? 0 : 1));

/** What a Next.js app shows to a client: a page rendered per request, route handlers, streams, what is missing. */
import { answersTo } from './http.js';

export function nextBehaviour(port: number): Promise<unknown[]> {
  return answersTo(port, [
    { path: '/?name=you' },
    { path: '/?name=you', method: 'HEAD' },
    { path: '/?name=you', headers: { 'accept-encoding': 'gzip' } },
    { path: '/api?a=1&b=two' },
    { path: '/api?stream' },
    { path: '/api', method: 'POST', body: Buffer.alloc(300_000, 'n') },
    { path: '/api', method: 'DELETE' },
    { path: '/missing' },
    { path: '/_next/static/missing.js' },
  ]);
}

import { expect, test } from '@jest/globals';
import { Affinity } from '../../../server/proxy/affinity.js';
import { createForwardContext, type ForwardContext } from '../../../server/http1/forward.js';
import { createRequestHead, parseRequestHead } from '../../../server/http1/request-head.js';
import type { RequestHead } from '../../../server/http1/types.js';
import { ApplicationState, Worker } from '../../../server/proxy/worker.js';

const key = '00112233445566778899aabbccddeeff';
const affinity = new Affinity(key, 'main/shop', '/shop');
const endpoint = { kind: 'tcp', host: '127.0.0.1', port: 1, pairingToken: '' } as const;

function worker(slot: number, generation: number): Worker {
  return new Worker({ workerId: 1, slot, generation, endpoint }, new ApplicationState('main/shop'));
}

function client(scheme: 'http' | 'https' = 'http'): ForwardContext {
  return createForwardContext('127.0.0.1', 1, scheme, false, 'pass');
}

function request(...cookies: readonly string[]): RequestHead {
  const head = createRequestHead();
  const lines = cookies.map((cookie) => `Cookie: ${cookie}\r\n`).join('');
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
  expect(parseRequestHead(bytes, 0, bytes.length, 0, head)).toBe(bytes.length);
  return head;
}

function given(from = affinity, slot = 2, generation = 7): string {
  return from.cookieFor(worker(slot, generation), null, client()).split(';')[0] ?? '';
}

test('the cookie is for this application only, hidden from scripts, and follows frames only over https', () => {
  expect(affinity.cookieFor(worker(2, 7), null, client())).toMatch(
    /^SluiceAffinity=2\.7\.[\w-]{22}; Path=\/shop; HttpOnly; SameSite=Lax$/,
  );
  expect(affinity.cookieFor(worker(2, 7), null, client('https'))).toMatch(/; HttpOnly; Secure; SameSite=None$/);
});

test('a client that is with its worker gets no cookie again; after a recycle or a move it does', () => {
  const mark = { slot: 2, generation: 7 };
  expect(affinity.cookieFor(worker(2, 7), mark, client())).toBe('');
  expect(affinity.cookieFor(worker(2, 8), mark, client())).toContain('=2.8.');
  expect(affinity.cookieFor(worker(3, 7), mark, client())).toContain('=3.7.');
});

test('it is found among others, twice', () => {
  const mark = { slot: 2, generation: 7 };
  expect(affinity.markOf(request(given()))).toEqual(mark);
  expect(affinity.markOf(request(`a=1; ${given()}; b=2`))).toEqual(mark);
  expect(affinity.markOf(request('a=1', given()))).toEqual(mark);
  // Another application's, as a longer path is sent to both.
  const other = new Affinity(key, 'main/', '/');
  expect(affinity.markOf(request(`${given(other, 1)}; ${given()}`))).toEqual(mark);
});

test('what we did not sign chooses no worker', () => {
  const good = given();
  const forged = [
    good.replace('=2.', '=1.'),
    good.replace('.7.', '.8.'),
    `${good}x`,
    `${good.slice(0, -2)}AA`,
    given(new Affinity('ff'.repeat(16), 'main/shop', '/shop')),
    given(new Affinity(key, 'main/', '/')),
    'SluiceAffinity=',
    'SluiceAffinity=2.7.',
    `SluiceAffinity=${'9'.repeat(5_000)}.1.${'a'.repeat(22)}`,
    `SluiceAffinity=2.7.${'é'.repeat(22)}`,
    'sluiceaffinity=2.7',
  ];
  for (const cookie of forged) expect(affinity.markOf(request(cookie))).toBeNull();
});

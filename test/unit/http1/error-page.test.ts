import { expect, test } from '@jest/globals';
import { errorResponse } from '../../../server/http1/error-page.js';
import { createResponseHead, parseResponseHead } from '../../../server/http1/response-head.js';

const options = { close: true, retryAfterSeconds: 0, head: false, date: '', http10: false };

function parts(text: string): { readonly fields: readonly string[]; readonly body: string; readonly status: number } {
  const bytes = Buffer.from(text, 'latin1');
  const head = createResponseHead();
  const used = parseResponseHead(bytes, 0, bytes.length, 0, head);
  expect(used).toBeGreaterThan(0);
  return { fields: head.fields, body: text.slice(used), status: head.status };
}

test.each([400, 404, 405, 408, 411, 413, 414, 417, 421, 431, 500, 501, 502, 503, 504, 505, 599])(
  'the page of %i is a whole answer that names its status',
  (status) => {
    const page = parts(errorResponse(status, 3, 'QueueFull', options));
    expect(page.status).toBe(status);
    expect(page.fields[page.fields.indexOf('Content-Length') + 1]).toBe(String(page.body.length));
    expect(page.body).toContain(`${status}.3`);
    expect(page.body).toContain('QueueFull');
  },
);

test('HEAD gets the length of the page and no body', () => {
  const whole = parts(errorResponse(503, 0, 'QueueFull', options));
  const head = parts(errorResponse(503, 0, 'QueueFull', { ...options, head: true }));
  expect(head.body).toBe('');
  expect(head.fields).toEqual(whole.fields);
});

test('Retry-After, Date and the fate of the connection are said', () => {
  const text = errorResponse(503, 0, 'QueueFull', { ...options, retryAfterSeconds: 1.2, date: 'today' });
  expect(text).toContain('\r\nRetry-After: 2\r\n');
  expect(text).toContain('\r\nDate: today\r\n');
  expect(text).toContain('\r\nConnection: close\r\n');
  expect(errorResponse(404, 0, '', { ...options, close: false })).not.toContain('Connection');
  expect(errorResponse(404, 0, '', { ...options, close: false, http10: true })).toContain('Connection: keep-alive');
});

test('405 says which methods there are', () => {
  expect(errorResponse(405, 0, 'Connect', options)).toContain('\r\nAllow: GET, ');
});

test('a reason can never bring markup or line ends', () => {
  const page = parts(errorResponse(502, 3, '<b>\r\nX: y', options));
  expect(page.body).not.toContain('<b>');
  expect(page.fields).not.toContain('X');
});

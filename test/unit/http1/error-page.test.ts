import { expect, test } from '@jest/globals';
import { errorResponse } from '../../../server/http1/error-page.js';
import { createResponseHead, parseResponseHead } from '../../../server/http1/response-head.js';

const options = { close: true, retryAfterSeconds: 0, head: false, date: '', http10: false, format: 'html' } as const;

function parts(text: string): { readonly fields: readonly string[]; readonly body: string; readonly status: number } {
  const bytes = Buffer.from(text, 'latin1');
  const head = createResponseHead();
  const used = parseResponseHead(bytes, 0, bytes.length, 0, head);
  expect(used).toBeGreaterThan(0);
  return { fields: head.fields, body: text.slice(used), status: head.status };
}

const formats = ['html', 'json', 'text'] as const;

test.each([400, 404, 405, 408, 411, 413, 414, 417, 421, 431, 500, 501, 502, 503, 504, 505, 599])(
  'the page of %i is a whole answer that names its status, in each format',
  (status) => {
    for (const format of formats) {
      const page = parts(errorResponse(status, 3, 'QueueFull', { ...options, format }));
      expect(page.status).toBe(status);
      expect(page.fields[page.fields.indexOf('Content-Length') + 1]).toBe(String(page.body.length));
      expect(page.body).toContain(format === 'json' ? '"subStatus": 3,' : `${status}.3`);
      // What happens inside an application is not for visitors; what happens to their request is.
      expect(page.body.includes('QueueFull')).toBe(status !== 500 && status !== 502);
    }
  },
);

test('a page may not run, load or be framed, and nobody keeps it', () => {
  const page = errorResponse(404, 0, 'NotFound', options);
  expect(page).toContain("\r\nContent-Security-Policy: default-src 'none';");
  expect(page).toContain('\r\nX-Content-Type-Options: nosniff\r\n');
  expect(page).toContain('\r\nCache-Control: no-store\r\n');
});

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
  const page = parts(errorResponse(503, 3, '<b>\r\nX: y', options));
  expect(page.body).not.toContain('<b>');
  expect(page.fields).not.toContain('X');
});

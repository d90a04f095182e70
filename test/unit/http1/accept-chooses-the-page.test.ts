import { expect, test } from '@jest/globals';
import { pageFormat } from '../../../server/http1/accept.js';

test.each([
  ['', 'html'],
  ['*/*', 'html'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
  ['application/json', 'json'],
  ['application/problem+json', 'json'],
  ['application/json, text/plain, */*', 'json'],
  ['text/plain', 'text'],
  ['TEXT/PLAIN; charset=utf-8', 'text'],
  ['text/html;q=0.5, application/json;q=0.9', 'json'],
  ['application/json;q=0.5, text/html', 'html'],
  ['*/*, application/json', 'json'],
  ['application/json;q=0, text/plain;q=0.1', 'text'],
  ['application/json;q=0', 'html'],
  ['application/json;q=2', 'html'],
  ['application/json;q=abcdefghijkl', 'html'],
  ['image/png', 'html'],
  [',,;q=1,,/', 'html'],
  [`${'image/png,'.repeat(40)}application/json`, 'html'],
])('Accept: %s', (accept, format) => {
  expect(pageFormat(accept)).toBe(format);
});

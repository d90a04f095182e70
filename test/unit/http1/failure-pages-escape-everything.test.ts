import { describe, expect, test } from '@jest/globals';
import { failurePage, type FailureText } from '../../../server/http1/failure-page.js';

const evil = '<script>alert("1")</script>&\'</pre><img src=x onerror=y>';
const text: FailureText = {
  code: evil,
  cause: `${evil} \u00fc\u{1f600}`,
  remedy: evil,
  facts: [
    ['folder', evil],
    [evil, 'value'],
  ],
  journey: [
    { step: 'spawn', durationMs: 12, outcome: 'ok' },
    { step: evil, durationMs: 1_043, outcome: 'failed' },
  ],
  output: `first\n${evil}`,
};
const head = { status: 500, subStatus: 30, reason: evil, title: evil };

describe('the page for developers', () => {
  test('as HTML holds no markup of others, and has the length it says', () => {
    const page = failurePage(head, text, 'html');
    expect(page.body).not.toMatch(/<script|<img|<\/pre><img|onerror=y>/);
    expect(page.body.match(/<\/pre>/g)).toHaveLength(1);
    expect(page.body).toContain('&lt;script&gt;alert(&quot;1&quot;)');
    expect(page.head).toContain(`Content-Length: ${page.body.length}\r\n`);
    expect(Buffer.from(page.body, 'latin1').toString()).toContain('\u00fc\u{1f600}');
    expect(page.head).toContain("default-src 'none'");
  });

  test('as JSON is one document with every part', () => {
    const page = failurePage(head, text, 'json');
    expect(page.head).toContain('Content-Type: application/problem+json\r\n');
    expect(JSON.parse(Buffer.from(page.body, 'latin1').toString())).toMatchObject({
      status: 500,
      subStatus: 30,
      detail: text.cause,
      remedy: evil,
      journey: text.journey,
      output: ['first', evil],
    });
  });

  test('as text says the same, and nobody may take it for markup', () => {
    const page = failurePage(head, text, 'text');
    expect(page.head).toContain('Content-Type: text/plain; charset=utf-8\r\n');
    expect(page.head).toContain('nosniff');
    for (const words of ['What to do: ', 'spawn: 12 ms, ok', '1043 ms, failed', 'first']) {
      expect(page.body).toContain(words);
    }
  });
});

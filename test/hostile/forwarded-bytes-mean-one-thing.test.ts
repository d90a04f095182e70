/** What is forwarded of hostile requests, read by three parsers that share nothing with the server. */
import { expect } from '@jest/globals';
import { differentialParsers } from '../acceptance/experiments/edge/differential.js';
import { findingsOf } from '../conformance/differential/findings.js';
import { type Views, viewsOf } from '../conformance/differential/views.js';
import { testNeeding } from '../support/needs.js';

const host = 'Host: a\r\n';
const hidden = `GET /hidden HTTP/1.1\r\n${host}\r\n`;

/** Bytes as no server may forward them, and the classes that they fall into. */
const bad: readonly (readonly [string, readonly string[]])[] = [
  [`GET / HTTP/1.1\r\n${host}\r\n`, []],
  [`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabc`, []],
  [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`, []],
  [`GET / HTTP/1.1\r\n${host}\r\n${hidden}`, ['count']],
  [`POST / HTTP/1.1\r\n${host}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, ['ambiguous']],
  [`GET / HTTP/1.1\r\n${host}Host: b\r\n\r\n`, ['ambiguous']],
  [`GET / HTTP/1.1\r\n${host}Keep-Alive: 5\r\n\r\n`, ['ambiguous']],
  [`GET http://a/ HTTP/1.1\r\n${host}\r\n`, ['ambiguous']],
  [`GET / HTTP/1.1\r\n${host}X-Forwarded-For: evil\r\n\r\n`, ['ambiguous', 'spoofed']],
  [`GET / HTTP/1.1\r\n${host}MS_ASPNETCORE_TOKEN: evil2\r\n\r\n`, ['ambiguous', 'spoofed']],
  [`GET / HTTP/1.1\r\n${host}A: b\n\r\n`, ['ambiguous']],
  [`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\na`, ['partial']],
];

/** As if one parser had seen another body. */
function disagreeing(view: Views): Views {
  const requests = view.others.h11.requests.map((one) => ({ ...one, body: 'other' }));
  return { ...view, others: { ...view.others, h11: { ...view.others.h11, requests } } };
}

// Debian's uvicorn brings h11.
testNeeding('python3', 'uvicorn')('each class of fault is recognised', async () => {
  const all = bad.map(([text]) => Buffer.from(text, 'latin1'));
  const views = await viewsOf(all);
  for (const [index, [text, classes]] of bad.entries()) {
    const [view, bytes] = [views[index], all[index]];
    if (view === undefined || bytes === undefined) throw new Error('a view is missing');
    const isPartial = view.reference.rest === 'partial';
    const found = findingsOf({ bytes, isAnswered: !isPartial, isOpen: true }, view).map(({ kind }) => kind);
    for (const one of classes) expect({ text, found }).toMatchObject({ found: expect.arrayContaining([one]) });
    if (classes.length > 0) continue;
    expect({ text, found }).toEqual({ text, found: [] });
    const differing = findingsOf({ bytes, isAnswered: true, isOpen: false }, disagreeing(view));
    expect(differing.map(({ kind }) => kind)).toEqual(['meaning']);
  }
});

testNeeding('python3', 'uvicorn')(
  'every twentieth request of the corpus',
  async () => {
    expect(await differentialParsers.run(0.05)).toMatchObject({ broken: [] });
  },
  120_000,
);

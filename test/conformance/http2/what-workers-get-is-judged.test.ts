/** The judge of `on-origin.ts` itself: each kind of wrong byte is seen. */
import { expect, test } from '@jest/globals';
import { block, data, FrameLog, get, headers, post } from '../../support/http2-frames.js';
import type { Forwarded } from '../differential/findings.js';
import { byAddress, judgeReceived } from './on-origin.js';
import { answered, refused, type Script, section, streamError } from './script.js';

const address = '127.1.0.1';
const added = `\r\nX-Forwarded-For: ${address}\r\nX-Forwarded-Proto: http\r\nMS-ASPNETCORE-TOKEN: a-b\r\n\r\n`;
const chunkedHead = 'POST / HTTP/1.1\r\nhost: a.test\r\ntrailer: x-sum\r\nTransfer-Encoding: chunked';

const [plain, upload, refusal, malformed] = section('judge', {
  plain: [answered(1), get(1, '/', 'x-a', 'b', 'te', 'trailers', 'cookie', 'c=1', 'cookie', 'd=2')],
  upload: [answered(1), post(1, '/', 'trailer', 'x-sum'), data(1, 'abc'), headers(1, block('x-sum', '3', 'host', 'b'))],
  refusal: [refused(1, 400), get(1)],
  malformed: [streamError(1, 'protocolError'), post(1), data(1, 'abc'), headers(1, block(':path', '/'))],
});
const plainHead = 'GET / HTTP/1.1\r\nhost: a.test\r\nx-a: b\r\ncookie: c=1; d=2';

const right: readonly (readonly [Script | undefined, string | null])[] = [
  [plain, plainHead + added],
  [upload, `${chunkedHead}${added}1\r\na\r\n2\r\nbc\r\n0\r\nx-sum: 3\r\n\r\n`],
  [refusal, null],
  [malformed, `POST / HTTP/1.1\r\nhost: a.test\r\nTransfer-Encoding: chunked${added}3\r\nabc\r\n`],
  [malformed, null],
];

const wrong: readonly (readonly [Script | undefined, string | null])[] = [
  [plain, null],
  [plain, `${plainHead}\r\nx-more: 1${added}`],
  [plain, plainHead.replace('c=1; d=2', 'c=1') + added],
  [plain, `${plainHead}\r\nte: trailers${added}`],
  [plain, `${plainHead}${added}more`],
  [plain, plainHead + added.replace('http\r\n', 'https\r\n')],
  [upload, `${chunkedHead}${added}3\r\nabc\r\n`],
  [upload, `${chunkedHead}${added}3\r\nabd\r\n0\r\nx-sum: 3\r\n\r\n`],
  [upload, `${chunkedHead}${added}3\r\nabc\r\n0\r\nx-sum: 3\r\nhost: b\r\n\r\n`],
  [upload, `${chunkedHead}${added}3\r\nabc\r\n0\r\n\r\n`],
  [upload, `${chunkedHead}${added}3\r\nabc0\r\nx-sum: 3\r\n\r\n`],
  [refusal, `GET / HTTP/1.1\r\nhost: a.test${added}`],
  [malformed, `POST / HTTP/1.1\r\nhost: a.test\r\nTransfer-Encoding: chunked${added}3\r\nabc\r\n0\r\n\r\n`],
];

function judged(script: Script | undefined, text: string | null): string {
  if (script === undefined) throw new Error('no script');
  const log = new FrameLog();
  // :status 200 and the end.
  if (script.expected.outcome === 'answered' && script.expected.status === 200)
    log.add(headers(1, Buffer.from([0x88])));
  const records: Forwarded[] =
    text === null ? [] : [{ bytes: Buffer.from(text, 'latin1'), isAnswered: true, isOpen: false }];
  const received = byAddress(records);
  const [one] = received.values();
  return judgeReceived({ script, address, problem: '', log }, one ?? []);
}

test('what a script asks for, written as HTTP/1.1, is right', () => {
  expect(right.map(([script, text]) => judged(script, text))).toEqual(right.map(() => ''));
});

test.each(wrong)('%# is wrong', (script, text) => {
  expect(judged(script, text)).not.toBe('');
});

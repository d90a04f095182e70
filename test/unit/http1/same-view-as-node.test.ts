import { describe, expect, test } from '@jest/globals';
import { isTrailerAllowed } from '../../../server/http1/field-kinds.js';
import { mustAccept, type RequestCase } from '../../conformance/corpus/index.js';
import { type NodeRequest, nodeView } from '../../support/node-http-view.js';
import { Random } from '../../support/random.js';
import { judge } from './judge.js';

const seed = Number(process.env['SLUICE_FUZZ_SEED'] ?? 8_080);

/** What both must agree on, from Node's request in the shape of our verdict lines. */
function agrees(line: string, node: NodeRequest): boolean {
  const bodyAt = line.indexOf('] body=');
  const head = JSON.parse(bodyAt < 0 ? line : line.slice(0, bodyAt + 1)) as readonly unknown[];
  const [method, target, minorVersion] = head;
  const isOriginForm = node.url.startsWith('/') || node.url === '*';
  const fieldsOf = (fields: readonly string[]) => (isOriginForm ? fields : withoutHost(fields));
  const ours = {
    method,
    target,
    version: `1.${String(minorVersion)}`,
    fields: fieldsOf(head[head.length - 1] as string[]),
  };
  const theirs = {
    method: node.method,
    target: isOriginForm ? node.url : target,
    version: node.version,
    fields: fieldsOf(node.rawHeaders),
  };
  const trailers: string[] = [];
  for (let i = 0; i < node.rawTrailers.length; i += 2) {
    const [name = '', value = ''] = node.rawTrailers.slice(i, i + 2);
    if (isTrailerAllowed(name)) trailers.push(name, value);
  }
  const rest = bodyAt < 0 ? '' : line.slice(bodyAt + 2);
  const nodeRest = `body=${JSON.stringify(node.body)} trailers=${JSON.stringify(trailers.length === 0 ? null : trailers)}`;
  return JSON.stringify(ours) === JSON.stringify(theirs) && (rest === '' ? node.body === '' : rest === nodeRest);
}

/** An absolute-form target brings its own Host: that field is then compared with nothing. */
function withoutHost(fields: readonly string[]): string[] {
  return fields.filter((_, i) => fields[i - (i % 2)]?.toLowerCase() !== 'host');
}

/** A valid request with random method, fields and body. */
function randomRequest(random: Random): Buffer {
  const value = (): string =>
    Array.from({ length: random.below(30) }, () =>
      String.fromCharCode(random.pick([0x41, 0x20, 0x2c, 0x7e, 0xe9, 0xff, 0x09, 0x3a])),
    ).join('');
  const lines = [
    `${random.pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH'])} /${'a'.repeat(random.below(20))}?${random.below(9)} HTTP/1.1`,
    'Host: a',
  ];
  for (let i = random.below(12); i > 0; i--)
    lines.push(`X-${'Nn0'.repeat(1 + random.below(5))}:${random.pick(['', ' ', '\t', '  '])}${value()}`);
  let body = 'x'.repeat(random.below(200));
  const form = random.below(3);
  if (form === 1) lines.push(`Content-Length: ${body.length}`);
  else if (form === 2) {
    lines.push('Transfer-Encoding: chunked');
    const chunks: string[] = [];
    for (let at = 0; at < body.length; ) {
      const size = 1 + random.below(40);
      const data = body.slice(at, at + size);
      chunks.push(
        `${'0'.repeat(random.below(3))}${data.length.toString(16)}${random.pick(['', ';a', ';a=b', ';a="b c"'])}\r\n${data}\r\n`,
      );
      at += size;
    }
    body = `${chunks.join('')}0\r\n${random.pick(['', 'X-T: 1\r\n', 'X-T: 1\r\nX-U:\r\n'])}\r\n`;
  } else body = '';
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

async function differences(
  entries: readonly Pick<RequestCase, 'id' | 'bytes'>[],
): Promise<{ wrong: string[]; compared: number }> {
  const wrong: string[] = [];
  let compared = 0;
  for (const { id, bytes } of entries) {
    const ours = judge(bytes);
    const node = await nodeView(bytes);
    if (node.failed || ours.outcome !== 'end') continue;
    compared++;
    const same =
      ours.requests.length === node.requests.length &&
      ours.requests.every((line, i) => agrees(line, node.requests[i] as NodeRequest));
    if (!same)
      wrong.push(`${id}: ${ours.requests.join(' | ')} but Node sees ${JSON.stringify(node.requests)}`.slice(0, 1_500));
  }
  return { wrong, compared };
}

describe("this Node's own parser sees the same requests", () => {
  test('in the corpus of valid requests', async () => {
    const entries = [...mustAccept()];
    const { wrong, compared } = await differences(entries);
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(entries.length * 0.9);
  });

  test(`in random valid requests, alone and pipelined, seed ${seed}`, async () => {
    const random = new Random(seed);
    const entries = Array.from({ length: 400 }, (_, i) => {
      const count = 1 + random.below(3);
      return { id: String(i), bytes: Buffer.concat(Array.from({ length: count }, () => randomRequest(random))) };
    });
    const { wrong, compared } = await differences(entries);
    expect(wrong).toEqual([]);
    expect(compared).toBe(entries.length);
  });
});

/** The same bytes as three parsers see them: the reference, Node's own (llhttp) and Python's h11. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { python3 } from '../../support/find-program.js';
import { nodeView } from '../../support/node-http-view.js';
import { repository } from '../../support/paths.js';
import { framingOf, referenceView, type ReferenceView, type SeenRequest, type View } from './reference.js';

export interface Views {
  readonly reference: ReferenceView;
  /** By the name of the parser. */
  readonly others: Readonly<Record<'node' | 'h11', View>>;
}

const script = join(repository, 'test', 'conformance', 'differential', 'h11-views.py');
const limitMs = 120_000;

/** Why h11 cannot be asked here; null = it can. */
export function missingH11(): string | null {
  const { status } = spawnSync(python3, ['-c', 'import h11'], { timeout: limitMs });
  return status === 0 ? null : 'python3-h11 is not installed';
}

interface H11Request {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

function h11Views(all: readonly Buffer[]): View[] {
  const input = all.map((bytes) => `${bytes.toString('base64')}\n`).join('');
  const { stdout, status, stderr } = spawnSync(python3, [script], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    timeout: limitMs,
  });
  if (status !== 0) throw new Error(`h11: ${stderr.slice(-2_000)}`);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { requests, rest } = JSON.parse(line) as { requests: readonly H11Request[]; rest: View['rest'] };
      return { rest, requests: requests.map(({ fields, ...one }) => seen(one, fields)) };
    });
}

function seen(one: Omit<H11Request, 'fields'>, fields: readonly (readonly [string, string])[]): SeenRequest {
  const { method, target, body } = one;
  const hosts = fields.filter(([name]) => name === 'host').map(([, text]) => text);
  return { method, target, body, host: hosts.join(), framing: framingOf(fields) };
}

async function nodesView(bytes: Buffer): Promise<View> {
  const { requests, failed } = await nodeView(bytes);
  return {
    rest: failed ? 'bad' : 'nothing',
    requests: requests.map(({ method, url, rawHeaders, body }) => {
      const fields = rawHeaders.flatMap((name, n): [string, string][] =>
        n % 2 === 0 ? [[name.toLowerCase(), rawHeaders[n + 1] ?? '']] : [],
      );
      return seen({ method, target: url, body }, fields);
    }),
  };
}

/** Of each, in order. */
export async function viewsOf(all: readonly Buffer[]): Promise<Views[]> {
  const h11 = h11Views(all);
  const found: Views[] = [];
  for (const [index, bytes] of all.entries()) {
    const other = h11[index];
    if (other === undefined) throw new Error('h11 gave fewer views than it was asked for');
    found.push({ reference: referenceView(bytes), others: { node: await nodesView(bytes), h11: other } });
  }
  return found;
}

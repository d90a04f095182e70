/**
 * Runs scripts against a server whose worker keeps every byte (test/apps/recording-origin), and judges what the worker
 * got: nothing that the script did not ask for, nothing of what was refused, and all of what was answered. A script is
 * known by the loopback address that its connection comes from.
 */
import { ErrorCode } from '../../../server/http2/codes.js';
import type { FrameLog } from '../../support/http2-frames.js';
import type { Forwarded } from '../differential/findings.js';
import { type AskedRequest, askedRequests } from './asked-requests.js';
import { runOnSocket } from './on-socket.js';
import type { Script } from './script.js';

export interface OriginRun {
  readonly script: Script;
  readonly address: string;
  /** As `runOnSocket`. */
  readonly problem: string;
  readonly log: FrameLog;
}

/** `index` makes the address. */
export async function runOnOrigin(script: Script, port: number, index: number): Promise<OriginRun> {
  const address = `127.1.${index >> 8}.${index & 255}`;
  return { script, address, ...(await runOnSocket(script, port, address)) };
}

const added = /\r\nX-Forwarded-For: (?<address>[\d.]+)\r\nX-Forwarded-Proto: http\r\nMS-ASPNETCORE-TOKEN: [\w-]+$/;

/** A connection of the worker. */
interface Received {
  readonly head: string;
  readonly rest: string;
}

/** The client's address -> what the worker got of it; '' -> what nobody can be named for. */
export function byAddress(records: readonly Forwarded[]): Map<string, Received[]> {
  const found = new Map<string, Received[]>();
  for (const { bytes } of records) {
    const text = bytes.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    const whole = end < 0 ? text : text.slice(0, end);
    const match = added.exec(whole);
    const one = { head: whole.slice(0, match?.index ?? whole.length), rest: end < 0 ? '' : text.slice(end + 4) };
    const address = match?.groups?.['address'] ?? '';
    const list = found.get(address);
    if (list === undefined) found.set(address, [one]);
    else list.push(one);
  }
  return found;
}

/** Chunks as the server writes them; `end` is what stands behind the last one, null before it. */
function dechunked(text: string): { readonly body: string; readonly end: string | null } | null {
  let body = '';
  for (let at = 0; at < text.length; ) {
    const line = /^([0-9a-fA-F]+)\r\n/.exec(text.slice(at, at + 12));
    if (line === null) return null;
    const size = Number.parseInt(line[1] ?? '', 16);
    at += line[0].length;
    if (size === 0) return { body, end: text.slice(at) };
    body += text.slice(at, at + size);
    if (at + size < text.length && !text.startsWith('\r\n', at + size)) return null;
    at += size + 2;
  }
  return { body, end: null };
}

type Extent = 'whole' | 'part' | 'other';

/** How much of a request its worker got, byte for byte. */
function extent(request: AskedRequest, { head, rest }: Received): Extent {
  if (head !== request.head) return 'other';
  if (!request.isChunked) {
    const length = request.contentLength ?? 0;
    if (rest.length > length || !request.body.startsWith(rest)) return 'other';
    return rest.length === length ? 'whole' : 'part';
  }
  const chunks = dechunked(rest);
  if (chunks === null || !request.body.startsWith(chunks.body)) return 'other';
  if (chunks.end === null) return 'part';
  const isWhole = request.isEnded && chunks.body === request.body && chunks.end === `${request.trailers}\r\n`;
  return isWhole ? 'whole' : 'other';
}

/** Streams whose request may not reach a worker as a whole. */
function refusedStreams({ expected }: Script): readonly number[] {
  if (expected.outcome === 'answered' && expected.status >= 400) return expected.ids;
  return expected.outcome === 'stream-error' && expected.code === ErrorCode.protocolError ? [expected.id] : [];
}

/** '' or what is wrong with what the worker got. */
export function judgeReceived({ script, log, problem }: OriginRun, received: readonly Received[]): string {
  if (problem !== '') return problem;
  const requests = askedRequests(script);
  const refused = new Set(refusedStreams(script));
  const isLocal = script.expected.outcome === 'answered' && script.expected.status >= 400;
  const due = requests.filter(({ id, path }) => log.field(id, ':status').startsWith('2') && path !== '/early');
  const wholes = new Map<AskedRequest, number>();
  for (const one of received) {
    const shown = JSON.stringify(`${one.head}\r\n\r\n${one.rest}`.slice(0, 300));
    const fits = requests.filter((request) => request.isWellFormed && extent(request, one) !== 'other');
    const [request] = fits;
    if (request === undefined) return `the worker got what nobody asked for: ${shown}`;
    const isWhole = extent(request, one) === 'whole';
    if (isWhole) wholes.set(request, (wholes.get(request) ?? 0) + 1);
    if (refused.has(request.id) && (isLocal || isWhole)) return `the worker got what was refused: ${shown}`;
    // A body as long as its Content-Length is whole when the stream ends, no sooner (8.1.1).
    if (isWhole && !request.isEnded) return `the worker got a request as whole that has not ended: ${shown}`;
  }
  // Equal requests of one script are told apart by their number alone.
  const count = [...wholes.values()].reduce((sum, one) => sum + one, 0);
  if (count < due.length) return `the worker got ${count} whole requests, answered were ${due.length}`;
  const missing = due.find((request) => !received.some((one) => extent(request, one) === 'whole'));
  return missing === undefined ? '' : `the worker did not get this: ${JSON.stringify(missing.head.slice(0, 300))}`;
}

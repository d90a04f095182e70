/** WebSocket behind both kinds of hosting, over HTTP/1 and by extended CONNECT: bytes in are bytes out, whatever they are. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { inParallel } from '../../support/batches.js';
import { Http2Client } from '../../support/http2-client.js';
import { outOfProcess } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { type HandshakeAnswer, handshakeAnswers, type HandshakeCase, handshakeCases } from './handshakes.js';
import { type TunnelCase, tunnelCases } from './tunnel-cases.js';
import { echoed, type Opener, overHttp1, overHttp2, whenAnswered } from './tunnel.js';

const atOnce = 8;
const nothing = Buffer.alloc(0);
const [plain] = handshakeCases();
const tunnels = tunnelCases();

let server: Sluice;
let client: Http2Client;

beforeAll(async () => {
  server = await startSluice({
    applicationPools: [{ name: 'in' }, { name: 'out' }],
    sites: (port) => [
      {
        name: 'main',
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:`, http2: true }],
        applications: [
          { path: '/', applicationPool: 'in', physicalPath: app('tunnels') },
          { path: '/out', applicationPool: 'out', physicalPath: app('tunnels'), ...outOfProcess('index.js') },
        ],
      },
    ],
  });
  client = await Http2Client.connect(`http://a.test:${server.port}`);
}, 120_000);

afterAll(async () => {
  client.destroy();
  await server.stop();
}, 120_000);

/** What the application saw of one tunnel. */
interface Seen {
  readonly fields: readonly string[];
  readonly bytes: number;
  readonly sha256: string;
}

async function seenBy(base: string): Promise<Readonly<Record<string, Seen>>> {
  return JSON.parse((await server.call(`${base}/seen`)).text) as Record<string, Seen>;
}

async function carry(open: Opener, base: string, how: string, one: TunnelCase): Promise<string> {
  if (plain === undefined) throw new Error('no handshake');
  const tunnel = await open(`${base}/echo/${how}-${one.name}`, plain, one.isEarly ? one.bytes : nothing);
  try {
    await whenAnswered(tunnel);
    if (!tunnel.isAccepted()) return `${one.name}: ${tunnel.status()}`;
    const back = await (one.isEarly
      ? echoed(tunnel, nothing, 1, one.bytes.length)
      : echoed(tunnel, one.bytes, one.pieceBytes));
    return back.equals(one.bytes) ? '' : `${one.name}: ${back.length} bytes came back of ${one.bytes.length}`;
  } catch (error) {
    return `${one.name}: ${error instanceof Error ? error.message : 'failed'}, ${tunnel.received().length} bytes so far`;
  } finally {
    tunnel.close();
  }
}

function missingOf(one: TunnelCase, seen: Seen | undefined): string[] {
  const sha256 = createHash('sha256').update(one.bytes).digest('hex');
  const isRight = seen?.bytes === one.bytes.length && seen.sha256 === sha256;
  return isRight ? [] : [`${one.name}: the application got ${seen?.bytes ?? 'no'} bytes of ${one.bytes.length}`];
}

/** As the application has to see them; a stream of HTTP/2 has no key, and the two that upgrade come last everywhere. */
function fieldsOf(fields: readonly string[], isHttp2: boolean): string[] {
  const pairs = fields.flatMap((name, at) => (at % 2 === 0 ? [`${name.toLowerCase()}: ${fields[at + 1] ?? ''}`] : []));
  const others = /^(?:host|x-forwarded-.*|ms-aspnetcore-.*):/;
  const own = pairs.filter((pair) => !others.test(pair) && !(isHttp2 && pair.startsWith('sec-websocket-key:')));
  const upgrading = (pair: string): boolean => /^(?:connection|upgrade):/.test(pair);
  return [...own.filter((pair) => !upgrading(pair)), ...own.filter(upgrading)];
}

function shakeName(isHttp2: boolean, one: HandshakeCase): string {
  return `${isHttp2 ? 'h2' : 'h1'}-shake-${one.name}`;
}

async function shake(open: Opener, base: string, isHttp2: boolean, one: HandshakeCase): Promise<string> {
  const tunnel = await open(`${base}/echo/${shakeName(isHttp2, one)}`, one, nothing);
  try {
    await whenAnswered(tunnel);
    if (!tunnel.isAccepted()) return `${one.name}: ${tunnel.status()}`;
    await echoed(tunnel, Buffer.from(one.name), 1_000);
    return '';
  } finally {
    tunnel.close();
  }
}

function misread(isHttp2: boolean, one: HandshakeCase, seen: Seen | undefined): string[] {
  const sent = [...one.fields.flat(), 'Connection', 'Upgrade', 'Upgrade', 'websocket'];
  const [wanted, got] = [sent, seen?.fields ?? []].map((all) => JSON.stringify(fieldsOf(all, isHttp2)));
  return wanted === got ? [] : [`${one.name}: ${got}, not ${wanted}`];
}

async function answerIt(open: Opener, base: string, isHttp2: boolean, one: HandshakeAnswer): Promise<string> {
  const wanted = isHttp2 ? one.http2 : one.http1;
  if (plain === undefined) throw new Error('no handshake');
  const bytes = Buffer.from(one.text, 'latin1').toString('base64url');
  const tunnel = await open(`${base}/${wanted === 'tunnel' ? 'open' : 'answer'}/${bytes}`, plain, nothing);
  try {
    await whenAnswered(tunnel);
    if (wanted !== 'tunnel') return tunnel.status() === wanted ? '' : `${one.name}: ${tunnel.status()}, not ${wanted}`;
    if (!tunnel.isAccepted()) return `${one.name}: ${tunnel.status()}, no tunnel`;
    const back = await echoed(tunnel, Buffer.from('through'), 3);
    return back.toString() === 'through' ? '' : `${one.name}: ${JSON.stringify(back.toString('latin1'))}`;
  } catch (error) {
    return `${one.name}: ${error instanceof Error ? error.message : 'failed'}`;
  } finally {
    tunnel.close();
  }
}

const models = [
  ['in-process', ''],
  ['out-of-process', '/out'],
] as const;

describe.each(models)('%s', (_model, base) => {
  describe.each(['HTTP/1', 'HTTP/2'] as const)('over %s', (version) => {
    const isHttp2 = version === 'HTTP/2';
    const opener = (): Opener => (isHttp2 ? overHttp2(client) : overHttp1(server.port));

    test('every byte passes both ways', async () => {
      const how = isHttp2 ? 'h2' : 'h1';
      const wrong = await inParallel(tunnels, atOnce, (one) => carry(opener(), base, how, one));
      expect(wrong.filter((one) => one !== '')).toEqual([]);
      const seen = await seenBy(base);
      expect(tunnels.flatMap((one) => missingOf(one, seen[`${how}-${one.name}`]))).toEqual([]);
    }, 120_000);

    test('the application sees the handshake as it was sent', async () => {
      const cases = handshakeCases();
      const wrong = await inParallel(cases, atOnce, (one) => shake(opener(), base, isHttp2, one));
      expect(wrong.filter((one) => one !== '')).toEqual([]);
      const seen = await seenBy(base);
      expect(cases.flatMap((one) => misread(isHttp2, one, seen[shakeName(isHttp2, one)]))).toEqual([]);
    }, 120_000);

    test('whatever the application answers, the client is told or has its tunnel', async () => {
      const wrong = await inParallel(handshakeAnswers(), atOnce, (one) => answerIt(opener(), base, isHttp2, one));
      expect(wrong.filter((one) => one !== '')).toEqual([]);
    }, 120_000);
  });
});

test('names are unique', () => {
  for (const all of [tunnels, handshakeCases(), handshakeAnswers()]) {
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  }
});

/** Runs scripts and spoilt hellos against a port of TLS. */
import { RawClient } from '../../support/raw-client.js';
import { Random } from '../../support/random.js';
import { until } from '../../support/time.js';
import { changed, hello, type HelloSketch, named, older, records, usual } from './hello.js';
import type { TlsScript } from './scripts.js';

const limits = { withinMs: 30_000, everyMs: 2 };
const handshakeRecord = 22;
const alertRecord = 21;
const serverHello = 2;

function isHello(bytes: Buffer): boolean {
  return bytes[0] === handshakeRecord && bytes[5] === serverHello;
}

function seen(bytes: Buffer): string {
  if (isHello(bytes)) return 'hello';
  if (bytes[0] === alertRecord) return `alert ${bytes[6]}`;
  return bytes.length === 0 ? 'nothing' : bytes.toString('latin1', 0, 24);
}

async function send(client: RawClient, { bytes, isTrickled }: TlsScript): Promise<void> {
  if (isTrickled !== true) return client.send(bytes);
  for (const byte of bytes) {
    client.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function isRight({ expected }: TlsScript, bytes: Buffer): boolean {
  if (expected === 'hello' || expected === 'ends') return isHello(bytes);
  if (expected === 'page') return bytes.toString('latin1').startsWith('HTTP/1.1 400 ');
  return bytes[0] === alertRecord && bytes[5] === 2 && expected.includes(bytes[6] ?? 0);
}

/** '' or what is wrong. */
export async function runTlsScript(script: TlsScript, port: number): Promise<string> {
  const client = await RawClient.connect(port);
  try {
    await send(client, script);
    await until('an answer', () => isHello(client.bytes()) || client.ended, limits);
    if (!isRight(script, client.bytes())) return `${seen(client.bytes())} instead of ${String(script.expected)}`;
    if (script.later === undefined) return '';
    client.send(script.later);
    await until('the end', () => client.ended, limits);
    return '';
  } catch {
    return `stays open after ${seen(client.bytes())}`;
  } finally {
    client.close();
  }
}

/** The bytes of a client of this version, every one of its beginnings, and as many of them spoilt at random. */
export function spoiltHellos(seed: number, count: number): Buffer[] {
  const random = new Random(seed);
  const sketches: readonly HelloSketch[] = [
    {},
    { extensions: older },
    { extensions: changed(usual, named('b.test')), sessionId: Buffer.alloc(0) },
  ];
  const whole = sketches.map((sketch) => records(hello(sketch)));
  const beginnings = [...(whole[0] ?? [])].map((_, length) => (whole[0] ?? Buffer.alloc(0)).subarray(0, length));
  return [...beginnings, ...Array.from({ length: count }, () => spoilt(Buffer.from(random.pick(whole)), random))];
}

function spoilt(bytes: Buffer, random: Random): Buffer {
  let made = bytes;
  for (let times = 1 + random.below(4); times > 0; times -= 1) {
    const at = random.below(made.length);
    const length = random.below(40);
    switch (random.below(4)) {
      case 0:
        made[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
        break;
      case 1:
        made = Buffer.concat([made.subarray(0, at), made.subarray(at + length)]);
        break;
      case 2:
        made = Buffer.concat([made.subarray(0, at + length), made.subarray(at)]);
        break;
      default:
        made = Buffer.concat([made.subarray(0, at), Buffer.alloc(length, random.below(256)), made.subarray(at)]);
    }
    if (made.length === 0) return made;
  }
  return made;
}

/** Sends it and ends its side; '' or what is wrong: only TLS or a page in plain HTTP may come, and the end has to. */
export async function runSpoilt(bytes: Buffer, port: number): Promise<string> {
  const client = await RawClient.connect(port);
  try {
    client.send(bytes);
    client.end();
    await until('the end', () => client.ended, limits);
    const answer = client.bytes();
    const isPage = answer.toString('latin1').startsWith('HTTP/1.1 400 ');
    const isTls = [handshakeRecord, alertRecord].includes(answer[0] ?? 0) && answer[1] === 3;
    return answer.length === 0 || isPage || isTls ? '' : seen(answer);
  } catch {
    return 'stays open';
  } finally {
    client.close();
  }
}

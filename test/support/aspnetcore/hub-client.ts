/**
 * A client for SignalR hubs over WebSocket: negotiation, handshake, invocations. Two hub protocols: `json`
 * of every SignalR app, and `blazorpack`, the MessagePack one of Blazor circuits.
 */
import { WebSocket } from 'ws';
import { type Answer, call } from '../http-client.js';
import { until, within } from '../time.js';
import { type Packed, pack, unpack } from './message-pack.js';

/** A hub message, of both protocols: type 1 invocation, 2 stream item, 3 completion, 6 ping, 7 close. */
export interface HubMessage {
  readonly type: number;
  readonly target: string;
  readonly invocationId: string;
  /** Arguments of an invocation; the item or result of the others as the only element. */
  readonly values: readonly unknown[];
  readonly error: string;
}

export interface Invocation {
  readonly type: 1 | 4;
  readonly invocationId: string;
  readonly target: string;
  readonly values: readonly (string | number | null)[];
}

export interface HubProtocol {
  readonly name: string;
  write(message: Invocation): Buffer | string;
  read(data: Buffer): HubMessage[];
}

const recordEnd = '\x1e';

export const jsonProtocol: HubProtocol = {
  name: 'json',
  write: ({ type, invocationId, target, values }) =>
    JSON.stringify({ type, invocationId, target, arguments: values }) + recordEnd,
  read: (data) =>
    data
      .toString('utf8')
      .split(recordEnd)
      .filter((text) => text !== '')
      .map((text) => {
        const raw = JSON.parse(text) as Record<string, unknown>;
        const single = 'item' in raw ? [raw['item']] : 'result' in raw ? [raw['result']] : [];
        return {
          type: Number(raw['type']),
          target: textOf(raw['target']),
          invocationId: textOf(raw['invocationId']),
          values: (raw['arguments'] as unknown[] | undefined) ?? single,
          error: textOf(raw['error']),
        };
      }),
};

export const blazorpackProtocol: HubProtocol = {
  name: 'blazorpack',
  write: ({ type, invocationId, target, values }) => {
    const body = pack([type, new Map<string, Packed>(), invocationId, target, values, []]);
    return Buffer.concat([lengthPrefix(body.length), body]);
  },
  read: (data) => {
    const found: HubMessage[] = [];
    for (let at = 0; at < data.length; ) {
      const { length, size } = readLength(data, at);
      found.push(packedMessage(unpack(data.subarray(at + size, at + size + length))));
      at += size + length;
    }
    return found;
  },
};

function packedMessage(raw: Packed): HubMessage {
  const [first, second, third, ...rest] = raw as readonly Packed[];
  const type = Number(first);
  const message = { type, target: '', invocationId: textOf(third), values: [], error: '' };
  switch (type) {
    case 1:
      return { ...message, target: textOf(rest[0]), values: rest[1] as readonly Packed[] };
    case 2:
      return { ...message, values: [rest[0]] };
    case 3:
      return rest[0] === 1 ? { ...message, error: textOf(rest[1]) } : { ...message, values: rest.slice(1) };
    case 7:
      return { ...message, invocationId: '', error: textOf(second) || 'closed' };
    default:
      return message;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Seven bits a byte, the lowest first. */
function lengthPrefix(length: number): Buffer {
  const bytes: number[] = [];
  for (let left = length; ; left >>>= 7) {
    bytes.push(left > 0x7f ? (left & 0x7f) | 0x80 : left);
    if (left <= 0x7f) return Buffer.from(bytes);
  }
}

function readLength(data: Buffer, at: number): { readonly length: number; readonly size: number } {
  let length = 0;
  for (let size = 0; size < 5; size += 1) {
    const byte = data[at + size] ?? 0;
    length |= (byte & 0x7f) << (7 * size);
    if (byte < 0x80) return { length, size: size + 1 };
  }
  throw new Error('a length of more than five bytes');
}

export interface HubAddress {
  readonly port: number;
  /** Host header, as a browser would send it. */
  readonly host: string;
  /** Path of the hub with the application's path: /sub/hub. */
  readonly path: string;
  /** Cookies of the page, as the browser would send them. */
  readonly cookie?: string;
}

/** The Cookie field of a browser that got this answer; '' = none. */
export function cookieAfter({ headers }: Answer): string {
  return (headers['set-cookie'] ?? []).map((one) => one.split(';')[0]).join('; ');
}

const answerLimitMs = 60_000;

export class HubClient {
  readonly received: HubMessage[] = [];
  readonly #socket: WebSocket;
  readonly #protocol: HubProtocol;
  #serial = 0;
  /** Set when the connection has closed. */
  closed: { readonly code: number } | null = null;

  private constructor(socket: WebSocket, protocol: HubProtocol) {
    this.#socket = socket;
    this.#protocol = protocol;
  }

  static async connect(address: HubAddress, protocol: HubProtocol): Promise<HubClient> {
    const { port, host, path } = address;
    const given = address.cookie === undefined || address.cookie === '' ? {} : { cookie: address.cookie };
    const how = { method: 'POST', host, headers: given };
    const negotiated = await call(port, `${path}/negotiate?negotiateVersion=1`, how);
    const cookie = cookieAfter(negotiated);
    const headers = { host, ...given, ...(cookie === '' ? {} : { cookie }) };
    const offer = JSON.parse(negotiated.text) as {
      readonly connectionToken: string;
      readonly availableTransports: readonly { readonly transport: string }[];
    };
    if (!offer.availableTransports.some(({ transport }) => transport === 'WebSockets')) {
      throw new Error(`no WebSockets offered: ${JSON.stringify(offer)}`);
    }
    const url = `ws://127.0.0.1:${port}${path}?id=${encodeURIComponent(offer.connectionToken)}`;
    const client = new HubClient(new WebSocket(url, { headers }), protocol);
    await within(answerLimitMs, 'the hub handshake', client.#handshake());
    return client;
  }

  #handshake(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', (code) => {
        this.closed = { code };
        reject(new Error(`closed with ${code}`));
      });
      socket.once('open', () => socket.send(JSON.stringify({ protocol: this.#protocol.name, version: 1 }) + recordEnd));
      socket.once('message', (data: Buffer) => {
        const end = data.indexOf(recordEnd);
        const answer = data.subarray(0, end).toString('utf8');
        if (answer !== '{}') return reject(new Error(`handshake refused: ${answer}`));
        socket.on('message', (more: Buffer) => void this.received.push(...this.#protocol.read(more)));
        // The first messages may travel in the frame of the handshake.
        this.received.push(...this.#protocol.read(data.subarray(end + 1)));
        resolve();
      });
    });
  }

  /** The result of a hub method; throws what the hub reports. */
  async invoke(target: string, ...values: readonly (string | number | null)[]): Promise<unknown> {
    const invocationId = this.#send(1, target, values);
    const done = await this.waitFor(
      `the answer of ${target}`,
      (one) => one.type === 3 && one.invocationId === invocationId,
    );
    if (done.error !== '') throw new Error(`${target}: ${done.error}`);
    return done.values[0];
  }

  /** All items of a streaming hub method. */
  async stream(target: string, ...values: readonly (string | number | null)[]): Promise<unknown[]> {
    const invocationId = this.#send(4, target, values);
    await this.waitFor(`the end of ${target}`, (one) => one.type === 3 && one.invocationId === invocationId);
    return this.received
      .filter((one) => one.type === 2 && one.invocationId === invocationId)
      .map((one) => one.values[0]);
  }

  waitFor(what: string, fits: (message: HubMessage) => boolean): Promise<HubMessage> {
    return until(
      what,
      () => {
        const found = this.received.find(fits);
        if (found === undefined && this.closed !== null) throw new Error(`closed with ${this.closed.code}: no ${what}`);
        return found;
      },
      { withinMs: answerLimitMs, state: () => JSON.stringify(this.received.slice(-5)).slice(0, 2_000) },
    );
  }

  close(): void {
    this.#socket.close();
  }

  #send(type: 1 | 4, target: string, values: Invocation['values']): string {
    this.#serial += 1;
    const invocationId = String(this.#serial);
    this.#socket.send(this.#protocol.write({ type, invocationId, target, values }));
    return invocationId;
  }
}

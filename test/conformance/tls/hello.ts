/** A TLS client's first message in bytes (RFC 8446 4.1.2), with any part of it wrong. */

export type Extension = readonly [type: number, body: Buffer];

export interface HelloSketch {
  readonly version?: number;
  readonly sessionId?: Buffer;
  readonly ciphers?: Buffer;
  readonly compressions?: Buffer;
  readonly extensions?: readonly Extension[];
  /** After the extensions, inside the message. */
  readonly rest?: Buffer;
}

export const extensionType = {
  serverName: 0,
  groups: 10,
  signatures: 13,
  heartbeat: 15,
  alpn: 16,
  padding: 21,
  preSharedKey: 41,
  earlyData: 42,
  versions: 43,
  keyModes: 45,
  keyShare: 51,
} as const;

export const serverName = 'a.test';

/** `number` in `size` bytes. */
export function be(size: 1 | 2 | 3, number: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(number, 0, size);
  return bytes;
}

/** The bodies, one after another, with their length before them. */
export function vector(size: 1 | 2 | 3, ...bodies: readonly Buffer[]): Buffer {
  const body = Buffer.concat(bodies);
  return Buffer.concat([be(size, body.length), body]);
}

export function numbers(...values: readonly number[]): Buffer {
  return Buffer.concat(values.map((value) => be(2, value)));
}

export function named(name: string | Buffer, type = 0): Extension {
  return [extensionType.serverName, vector(2, be(1, type), vector(2, Buffer.from(name)))];
}

export function protocols(...names: readonly string[]): Extension {
  return [extensionType.alpn, vector(2, ...names.map((name) => vector(1, Buffer.from(name, 'latin1'))))];
}

export function versions(...values: readonly number[]): Extension {
  return [extensionType.versions, vector(1, numbers(...values))];
}

/** X25519 (29): every 32 bytes are a key, and all zeros are one that gives no secret. */
export function share(group: number, key: Buffer): Extension {
  return [extensionType.keyShare, vector(2, numbers(group), vector(2, key))];
}

const signatures: Extension = [extensionType.signatures, vector(2, numbers(0x0403, 0x0804, 0x0401))];
const groups: Extension = [extensionType.groups, vector(2, numbers(29, 23))];
const key = Buffer.alloc(32, 9);

/** What every client of today sends. */
export const usual: readonly Extension[] = [
  named(serverName),
  groups,
  signatures,
  protocols('h2', 'http/1.1'),
  versions(0x0304, 0x0303),
  [extensionType.keyModes, vector(1, be(1, 1))],
  share(29, key),
];

/** Those of a client that knows TLS 1.2 at most. */
export const older: readonly Extension[] = [named(serverName), groups, signatures, protocols('http/1.1')];

/** `extensions` with some in the place of those of the same type, or behind them. */
export function changed(extensions: readonly Extension[], ...changes: readonly Extension[]): Extension[] {
  const isNew = ([type]: Extension): boolean => !extensions.some(([known]) => known === type);
  const kept = extensions.map((one) => changes.find(([type]) => type === one[0]) ?? one);
  return [...kept, ...changes.filter(isNew)];
}

export function without(extensions: readonly Extension[], ...types: readonly number[]): Extension[] {
  return extensions.filter(([type]) => !types.includes(type));
}

/** Ciphers of TLS 1.3 and 1.2. */
export const ciphers = numbers(0x1301, 0x1302, 0xc02b, 0xc02f);

/** The message with its header of four bytes. */
export function hello(sketch: HelloSketch = {}): Buffer {
  const body = Buffer.concat([
    be(2, sketch.version ?? 0x0303),
    Buffer.alloc(32, 7),
    vector(1, sketch.sessionId ?? Buffer.alloc(32, 3)),
    vector(2, sketch.ciphers ?? ciphers),
    vector(1, sketch.compressions ?? Buffer.alloc(1)),
    vector(2, ...(sketch.extensions ?? usual).flatMap(([type, content]) => [be(2, type), vector(2, content)])),
    sketch.rest ?? Buffer.alloc(0),
  ]);
  return Buffer.concat([be(1, 1), vector(3, body)]);
}

export function record(body: Buffer, type = 22, version = 0x0301): Buffer {
  return Buffer.concat([be(1, type), be(2, version), vector(2, body)]);
}

/** A message cut into records of `size` bytes. */
export function records(message: Buffer, size = 16_384): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) parts.push(record(message.subarray(at, at + size)));
  return Buffer.concat(parts);
}

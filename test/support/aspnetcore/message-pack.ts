/** MessagePack as far as SignalR's hub protocol needs it (msgpack.org, specification of 2017). */

export type Packed = null | boolean | number | string | Buffer | readonly Packed[] | ReadonlyMap<string, Packed>;

export function pack(value: Packed): Buffer {
  if (value === null) return Buffer.of(0xc0);
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === 'number') return packInteger(value);
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    return Buffer.concat([head(0xdb, bytes.length), bytes]);
  }
  if (Buffer.isBuffer(value)) return Buffer.concat([head(0xc6, value.length), value]);
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<string, Packed>)];
    return Buffer.concat([head(0xdf, entries.length), ...entries.flatMap(([key, item]) => [pack(key), pack(item)])]);
  }
  const items = value as readonly Packed[];
  return Buffer.concat([head(0xdd, items.length), ...items.map(pack)]);
}

/** The form with a length of four bytes is right for every length. */
function head(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = type;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

function packInteger(value: number): Buffer {
  if (!Number.isInteger(value)) throw new Error(`not an integer: ${value}`);
  if (value >= 0 && value < 128) return Buffer.of(value);
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xd3;
  bytes.writeBigInt64BE(BigInt(value), 1);
  return bytes;
}

export function unpack(bytes: Buffer): Packed {
  const reader = new Reader(bytes);
  const value = reader.value();
  if (!reader.atEnd) throw new Error('bytes after the value');
  return value;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(): Packed {
    const type = this.#unsigned(1);
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type & 0x0f);
    if (type < 0xa0) return this.#array(type & 0x0f);
    if (type < 0xc0) return this.#text(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    return this.#longer(type);
  }

  #longer(type: number): Packed {
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return type === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#unsigned(2 ** (type - 0xc4)));
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.#unsigned(2 ** (type - 0xcc));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return this.#signed(2 ** (type - 0xd0));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(2 ** (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 ** (type - 0xdb)));
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 ** (type - 0xdd)));
      default:
        throw new Error(`type 0x${type.toString(16)} is not used by hubs`);
    }
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Error('the value is cut');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #unsigned(size: number): number {
    const bytes = this.#take(size);
    return size === 8 ? Number(bytes.readBigUInt64BE()) : bytes.readUIntBE(0, size);
  }

  #signed(size: number): number {
    const bytes = this.#take(size);
    return size === 8 ? Number(bytes.readBigInt64BE()) : bytes.readIntBE(0, size);
  }

  #text(length: number): string {
    return this.#take(length).toString('utf8');
  }

  #array(length: number): Packed[] {
    return Array.from({ length }, () => this.value());
  }

  #map(length: number): Map<string, Packed> {
    const found = new Map<string, Packed>();
    for (let n = 0; n < length; n += 1) {
      const key = this.value();
      found.set(typeof key === 'string' ? key : '', this.value());
    }
    return found;
  }
}

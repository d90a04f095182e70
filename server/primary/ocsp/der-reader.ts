/** Reads DER (X.690), as far as certificates and answers about them need it. Throws RangeError for what is not DER. */
export interface DerValue {
  readonly tag: number;
  /** The contents. */
  readonly body: Buffer;
  /** Tag, length and contents. */
  readonly whole: Buffer;
}

export const derTags = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  objectId: 0x06,
  enumerated: 0x0a,
  time: 0x18,
  sequence: 0x30,
} as const;

/** The value at the start of `bytes`. */
export function readDer(bytes: Buffer): DerValue {
  const tag = bytes[0];
  const first = bytes[1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new RangeError('no DER');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthBytes > 3 || bytes.length < 2 + lengthBytes) throw new RangeError('no DER length');
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  if (start + length > bytes.length) throw new RangeError('DER ends early');
  return { tag, body: bytes.subarray(start, start + length), whole: bytes.subarray(0, start + length) };
}

/** The values that contents are made of. */
export function derItems(body: Buffer): DerValue[] {
  const items: DerValue[] = [];
  for (let at = 0; at < body.length; ) {
    const item = readDer(body.subarray(at));
    items.push(item);
    at += item.whole.length;
  }
  return items;
}

/** The item at `index` with this tag. */
export function itemAt(items: readonly DerValue[], index: number, tag: number): DerValue {
  const item = items[index];
  if (item === undefined || item.tag !== tag) throw new RangeError('another structure than expected');
  return item;
}

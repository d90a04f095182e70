/** A client's first TLS message, made by hand: with names that no TLS library would send, and nothing behind it. */

function vector(size: 1 | 2, body: Buffer): Buffer {
  const length = Buffer.alloc(size);
  length.writeUIntBE(body.length, 0, size);
  return Buffer.concat([length, body]);
}

function extension(type: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, body)]);
}

const groups = extension(10, vector(2, Buffer.from([0, 29, 0, 23])));
const signatures = extension(13, vector(2, Buffer.from([4, 3, 8, 4, 4, 1])));
/** ECDHE with AES-128-GCM, for certificates of either kind. */
const suites = Buffer.from([0xc0, 0x2b, 0xc0, 0x2f]);

/** One that OpenSSL answers (TLS 1.2). `serverName`: latin1, whatever is in it. */
export function clientHello(serverName: string): Buffer {
  const name = extension(0, vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(serverName, 'latin1'))])));
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(0)),
    vector(2, suites),
    vector(1, Buffer.from([0])),
    vector(2, Buffer.concat([name, groups, signatures])),
  ]);
  const message = Buffer.concat([Buffer.from([1, 0]), vector(2, body)]);
  return Buffer.concat([Buffer.from([22, 3, 1]), vector(2, message)]);
}

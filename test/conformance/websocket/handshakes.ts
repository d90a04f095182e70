/** Opening handshakes (RFC 6455 4, RFC 8441 5): what the application has to see of them, and what it may answer. */

export interface HandshakeCase {
  readonly name: string;
  /** Fields beside Host, Connection and Upgrade; the application sees them as they are, in this order. */
  readonly fields: readonly (readonly [string, string])[];
  /** As HTTP/1 writes them. */
  readonly connection: string;
  readonly upgrade: string;
}

const key = ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='] as const;
const version = ['Sec-WebSocket-Version', '13'] as const;

const fields: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  plain: [],
  'origin-of-another-site': [['Origin', 'https://evil.test']],
  'origin-null': [['Origin', 'null']],
  'origin-twice': [
    ['Origin', 'https://a.test'],
    ['Origin', 'https://b.test'],
  ],
  extensions: [['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits, x-unknown; a="b"']],
  'extensions-twice': [
    ['Sec-WebSocket-Extensions', 'permessage-deflate'],
    ['Sec-WebSocket-Extensions', 'x-other'],
  ],
  protocols: [['Sec-WebSocket-Protocol', 'chat, superchat']],
  'protocols-twice': [
    ['Sec-WebSocket-Protocol', 'chat'],
    ['Sec-WebSocket-Protocol', 'superchat'],
  ],
  'authorization-and-cookie': [
    ['Authorization', 'Bearer abc'],
    ['Cookie', 'a=1; b=2'],
  ],
};

/** In HTTP/1 the key and the version are the application's to judge. */
const oddKeys: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'version-8': [key, ['Sec-WebSocket-Version', '8']],
  'versions-in-a-list': [key, ['Sec-WebSocket-Version', '13, 8']],
  'no-version': [key],
  'no-key': [version],
  'an-empty-key': [['Sec-WebSocket-Key', ''], version],
  'a-short-key': [['Sec-WebSocket-Key', 'YQ=='], version],
  'a-key-that-is-no-base64': [['Sec-WebSocket-Key', '%%%'], version],
  'two-keys': [key, ['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='], version],
};

const spellings: Readonly<Record<string, readonly [connection: string, upgrade: string]>> = {
  'lower-case': ['upgrade', 'websocket'],
  'upper-case': ['UPGRADE', 'WEBSOCKET'],
  'browsers-spelling': ['keep-alive, Upgrade', 'WebSocket'],
  'empty-elements': [', Upgrade,', 'websocket'],
};

export function handshakeCases(): readonly HandshakeCase[] {
  const plain = { connection: 'Upgrade', upgrade: 'websocket' };
  return [
    ...Object.entries(fields).map(([name, more]) => ({ name, fields: [key, version, ...more], ...plain })),
    ...Object.entries(oddKeys).map(([name, all]) => ({ name, fields: all, ...plain })),
    ...Object.entries(spellings).map(([name, [connection, upgrade]]) => ({
      name,
      fields: [key, version],
      connection,
      upgrade,
    })),
  ];
}

/** What comes of an answer: a tunnel, or a status for the client. */
export interface HandshakeAnswer {
  readonly name: string;
  readonly text: string;
  readonly http1: 'tunnel' | number;
  /** To an extended CONNECT, whose client would take any 2xx for a tunnel. */
  readonly http2: 'tunnel' | number;
}

const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
const rightAccept = 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n';

/** The accept value is between the application and its client: whatever it is, nothing hangs. */
const tunnels: Readonly<Record<string, string>> = {
  right: `${switching}${rightAccept}\r\n`,
  'a-wrong-accept': `${switching}Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n`,
  'no-accept': `${switching}\r\n`,
  'an-accept-twice': `${switching}${rightAccept}${rightAccept}\r\n`,
  'an-extension-that-nobody-asked-for': `${switching}${rightAccept}Sec-WebSocket-Extensions: x-none\r\n\r\n`,
  'a-protocol-that-nobody-asked-for': `${switching}${rightAccept}Sec-WebSocket-Protocol: none\r\n\r\n`,
  'behind-100': `HTTP/1.1 100 Continue\r\n\r\n${switching}${rightAccept}\r\n`,
  'behind-103': `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${switching}${rightAccept}\r\n`,
};

function answerOf(status: string, body = 'no', more = ''): string {
  return `HTTP/1.1 ${status}\r\n${more}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}

/** By name: the answer, and the status that comes of it. */
const refusals: Readonly<Record<string, readonly [text: string, http1: number, http2?: number]>> = {
  '400': [answerOf('400 Bad Request'), 400],
  '401': [answerOf('401 Unauthorized', 'no', 'WWW-Authenticate: Basic\r\n'), 401],
  '403-without-a-body': [answerOf('403 Forbidden', ''), 403],
  '426': [answerOf('426 Upgrade Required', 'no', 'Sec-WebSocket-Version: 13\r\n'), 426],
  '302': [answerOf('302 Found', '', 'Location: /elsewhere\r\n'), 302],
  '503': [answerOf('503 Service Unavailable'), 503],
  'plain-200': [answerOf('200 OK', 'hello'), 200, 502],
  'plain-204': ['HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n', 204, 502],
  'no-answer': ['', 502],
  'half-an-answer': ['HTTP/1.1 101 Switching Protocols\r\nConnection: Up', 502],
  'no-http': ['\x81\x05hello', 502],
  '101-with-a-length': [`${switching}${rightAccept}Content-Length: 5\r\n\r\nhello`, 502],
  '101-in-chunks': [`${switching}${rightAccept}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 502],
  '101-with-a-bare-line-end': [`${switching}X: a\nb\r\n\r\n`, 502],
};

export function handshakeAnswers(): readonly HandshakeAnswer[] {
  return [
    ...Object.entries(tunnels).map(([name, text]) => ({ name, text, http1: 'tunnel', http2: 'tunnel' }) as const),
    ...Object.entries(refusals).map(([name, [text, http1, http2 = http1]]) => ({ name, text, http1, http2 })),
  ];
}

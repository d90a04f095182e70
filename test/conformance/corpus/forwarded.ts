/**
 * Requests that are served, with every byte that an out-of-process worker gets of them: hop-by-hop fields, claims about
 * the client and the pairing token are gone, whatever is framing is written anew, and nothing else is changed.
 */
import { corpusHost, get, hex, post, requestBytes } from './cases.js';

export interface ForwardedCase {
  readonly id: string;
  readonly bytes: Buffer;
  /** The requests as the worker has to get them, one after the other. */
  readonly worker: readonly string[];
  /** The client's connection is open after the last answer. */
  readonly open: boolean;
}

export const pairingToken = 'paired';
const host = `Host: ${corpusHost}`;
const ours = ['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: http', `MS-ASPNETCORE-TOKEN: ${pairingToken}`];
const hidden = `GET /hidden HTTP/1.1\r\n${host}\r\n\r\n`;

function seen(line: string, fields: readonly string[], body = ''): string {
  return `${[line, ...fields, ...ours].join('\r\n')}\r\n\r\n${body}`;
}

class Cases {
  readonly all: ForwardedCase[] = [];

  add(id: string, bytes: Buffer, worker: string | readonly string[], open = true): void {
    this.all.push({ id, bytes, worker: typeof worker === 'string' ? [worker] : worker, open });
  }

  /** A GET with these fields, of which the worker gets `kept`. */
  get(id: string, fields: readonly string[], kept: readonly string[], open = true): void {
    this.add(id, get(fields), seen('GET / HTTP/1.1', [host, ...kept]), open);
  }
}

/** T1, T2, T3: claims that only a proxy of ours may make, in every spelling. */
function claims(list: Cases): void {
  const names = [
    'MS-ASPNETCORE-TOKEN',
    'MS-ASPNETCORE-CLIENTCERT',
    'MS-ASPNETCORE-WINAUTHTOKEN',
    'MS-ASPNETCORE-EVENT',
  ];
  const forwarding = [
    ...['For', 'Proto', 'Host', 'Port', 'Prefix', 'Client-Cert'].map((what) => `X-Forwarded-${what}`),
    'Forwarded',
    'X-Real-IP',
    'X-Original-URL',
    'X-Original-For',
    'X-Rewrite-URL',
    'Proxy',
  ];
  for (const [className, group] of [
    ['T1', names],
    ['T2', forwarding],
  ] as const) {
    for (const name of group) {
      const spellings = [name, name.toLowerCase(), name.replaceAll('-', '_'), name.replaceAll('-', '.')];
      for (const spelling of new Set(spellings)) {
        list.get(`${className}/${spelling}`, [`${spelling}: evil`], []);
        list.get(`${className}/${spelling}-twice`, [`${spelling}: evil`, 'A: b', `${spelling}: evil2`], ['A: b']);
        list.get(`${className}/${spelling}-named-by-connection`, [`Connection: ${name}`, `${spelling}: evil`], []);
      }
    }
  }
  list.get('T1/event-shutdown', ['MS-ASPNETCORE-EVENT: shutdown', `MS-ASPNETCORE-TOKEN: ${pairingToken}`], []);
  const many = Array.from({ length: 1_000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`).join(', ');
  list.get('T2/a-thousand-hops', [`X-Forwarded-For: ${many}`], []);
  list.get('T2/method-override-is-the-apps', ['X-HTTP-Method-Override: PUT'], ['X-HTTP-Method-Override: PUT']);
  for (const name of ['X_Custom', 'X.Custom', 'x_custom_2']) list.get(`T3/${name}`, [`${name}: v`], [`${name}: v`]);
}

/** T4, T5: what belongs to one connection only. */
function hopByHop(list: Cases): void {
  for (const name of ['Keep-Alive', 'Proxy-Connection', 'Proxy-Authorization', 'TE', 'HTTP2-Settings']) {
    list.get(`T5/${name}`, [`${name}: x`, 'A: b'], ['A: b']);
  }
  for (const value of ['h2c', 'h2c, websocket', 'TLS/1.0', 'foo/2']) {
    list.get(`T5/upgrade-${value}`, [`Connection: Upgrade, HTTP2-Settings`, `Upgrade: ${value}`], []);
  }
  list.get('T4/a-named-field', ['Connection: X-Secret', 'X-Secret: 1', 'A: b'], ['A: b']);
  list.get('T4/any-case', ['Connection: x-SECRET', 'X-Secret: 1', 'x-secret: 2'], []);
  list.get('T4/two-lines', ['Connection: a', 'A: 1', 'Connection: b', 'B: 2', 'C: 3'], ['C: 3']);
  for (const name of ['Authorization', 'Cookie', 'Content-Type', 'User-Agent']) {
    list.get(`T4/${name}`, [`Connection: ${name}`, `${name}: v`], []);
  }
  // What routes and frames a request stays whatever Connection says.
  list.get('T4/host', ['Connection: Host'], []);
  list.get('T4/forwarded-for', ['Connection: X-Forwarded-For, X-Forwarded-Proto'], []);
  list.add(
    'T4/content-length',
    post(['Connection: Content-Length', 'Content-Length: 3'], 'abc'),
    seen('POST / HTTP/1.1', [host, 'Content-Length: 3'], 'abc'),
  );
  list.get('T4/close-among-others', ['Connection: a, close, b', 'A: 1'], [], false);
  list.get('T4/close', ['Connection: close'], [], false);
}

/** H2, H4, H6: every field that means nothing to us passes byte for byte, in its order and spelling. */
function untouched(list: Cases): void {
  for (let code = 0x20; code < 0x100; code++) {
    if (code === 0x7f) continue;
    const byte = String.fromCharCode(code);
    list.get(`H2/inside-${hex(code)}`, [`X: a${byte}b`], [`X: a${byte}b`]);
    // White space around a value is not part of it (RFC 9110 5.5).
    const plain = code === 0x20 ? '' : byte;
    list.get(`H2/end-${hex(code)}`, [`X: a${byte}`], [`X: a${plain}`]);
    list.get(`H2/start-${hex(code)}`, [`X: ${byte}a`], [`X: ${plain}a`]);
  }
  list.get('H2/tab-inside', ['X: a\tb'], ['X: a\tb']);
  list.get('H2/tabs-around', ['X:\t a \t'], ['X: a']);
  list.get('H2/empty', ['X:', 'Y: '], ['X: ', 'Y: ']);
  const script = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '0', '4294967295', 'Set-Cookie'];
  for (const name of script) list.get(`H4/${name}`, [`${name}: v`, `${name}: w`], [`${name}: v`, `${name}: w`]);
  const colliding = Array.from({ length: 90 }, (_, n) => `${n * 65_536 + 7}: ${n}`);
  list.get('H4/ninety-number-names', colliding, colliding);
  for (const name of ['Cookie', 'Content-Type', 'Authorization', 'User-Agent', 'If-None-Match', 'Range', 'Accept']) {
    list.get(`H6/${name}`, [`${name}: a`, `X: y`, `${name}: b`], [`${name}: a`, `X: y`, `${name}: b`]);
  }
}

/** F2, F4, F7, F8: bodies and trailers. */
function framing(list: Cases): void {
  for (const method of ['GET', 'OPTIONS', 'DELETE', 'POST']) {
    list.add(
      `F4/${method}-with-a-request-as-body`,
      requestBytes([`${method} / HTTP/1.1`, host, `Content-Length: ${hidden.length}`], hidden),
      seen(`${method} / HTTP/1.1`, [host, `Content-Length: ${hidden.length}`], hidden),
    );
  }
  const chunked = 'Transfer-Encoding: chunked';
  const trailers =
    'a: 1\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\nHost: evil\r\nMS-ASPNETCORE-TOKEN: e\r\nb: 2\r\n';
  list.add(
    'F8/announced-ones-only-and-no-framing',
    post([chunked, 'Trailer: a, Content-Length, Host, MS-ASPNETCORE-TOKEN'], `3\r\nabc\r\n0\r\n${trailers}\r\n`),
    seen(
      'POST / HTTP/1.1',
      [host, 'Trailer: a, Content-Length, Host, MS-ASPNETCORE-TOKEN', chunked],
      '3\r\nabc\r\n0\r\na: 1\r\n\r\n',
    ),
  );
  list.add(
    'F8/none-announced',
    post([chunked], `3\r\nabc\r\n0\r\n${trailers}\r\n`),
    seen('POST / HTTP/1.1', [host, chunked], '3\r\nabc\r\n0\r\n\r\n'),
  );
  list.add(
    'F7/extensions-and-sizes-are-ours',
    post([chunked], '03;a=b\r\nabc\r\n0;x="y"\r\n\r\n'),
    seen('POST / HTTP/1.1', [host, chunked], '3\r\nabc\r\n0\r\n\r\n'),
  );
  list.add(
    'F2/case-of-chunked',
    post(['transfer-encoding: CHUNKED'], '0\r\n\r\n'),
    seen('POST / HTTP/1.1', [host, chunked], '0\r\n\r\n'),
  );
}

/** F11, E1, F9, R1, R2, R7. */
function otherForms(list: Cases): void {
  const answered = [1, 2, 3].map((n) => seen(`GET /${n} HTTP/1.1`, [host]));
  const pipeline = (last: string): Buffer =>
    Buffer.concat(
      [1, 2, 3].map((n) => requestBytes([`GET /${n} HTTP/1.1`, host, ...(n === 2 && last !== '' ? [last] : [])])),
    );
  list.add('F11/three-in-a-row', pipeline(''), answered);
  list.add('F11/nothing-behind-close', pipeline('Connection: close'), answered.slice(0, 2), false);
  list.add(
    'R2/absolute-form',
    requestBytes([`GET http://${corpusHost}/a?b HTTP/1.1`, host]),
    seen('GET /a?b HTTP/1.1', [host]),
  );
  list.add(
    'R1/upper-case-and-dot',
    requestBytes(['GET / HTTP/1.1', 'Host: SHOP.localhost.']),
    seen('GET / HTTP/1.1', ['Host: SHOP.localhost.']),
  );
  for (const target of [
    '/a/../b',
    '/a/%2e%2e/b',
    '//evil',
    '/%252e',
    '/a;b=c',
    '/?a#b'.slice(0, 3),
    '/a/..;/b',
    '/%c0%ae',
  ]) {
    list.add(`R7/${target}`, requestBytes([`GET ${target} HTTP/1.1`, host]), seen(`GET ${target} HTTP/1.1`, [host]));
  }
  list.add(
    'E1/expect-is-the-workers',
    post(['Expect: 100-continue', 'Content-Length: 3'], 'abc'),
    seen('POST / HTTP/1.1', [host, 'Expect: 100-continue', 'Content-Length: 3'], 'abc'),
  );
  list.add('E1/none-without-a-body', get(['Expect: 100-continue']), seen('GET / HTTP/1.1', [host]));
  list.add(
    'F9/version-1.0-is-written-1.1',
    requestBytes(['GET / HTTP/1.0', host]),
    seen('GET / HTTP/1.1', [host]),
    false,
  );
}

export function forwarded(): readonly ForwardedCase[] {
  const list = new Cases();
  claims(list);
  hopByHop(list);
  untouched(list);
  framing(list);
  otherForms(list);
  return list.all;
}

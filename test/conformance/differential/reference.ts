/**
 * A strict reader of HTTP/1.1 requests, written from the grammar of RFC 9112 and 9110 and nothing else: what it says
 * about forwarded bytes is held against two other parsers. It shares no code with the server.
 */

/** What all parsers are compared by. Bodies are decoded; header names are lower case. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  /** All values of Host. */
  readonly host: string;
  /** Content-Length and Transfer-Encoding as they stand. */
  readonly framing: string;
  readonly body: string;
}

export interface View {
  readonly requests: readonly SeenRequest[];
  /** What is left behind the last whole request. */
  readonly rest: 'nothing' | 'partial' | 'bad';
}

export interface ReferenceView extends View {
  /** Field lines of each request, the partial one too: name (lower case) and value. */
  readonly fields: readonly (readonly (readonly [string, string])[])[];
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** No white space and no control characters; anything else is for the target's own rules. */
const targetBytes = /^[\x21-\x7e]+$/;
const value = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;
const chunkLine = /^([0-9a-fA-F]{1,13})(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

class Bad extends Error {}
class Partial extends Error {}

class Reader {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.at === this.#text.length;
  }

  /** Up to CRLF, which is the only line end. */
  line(): string {
    const end = this.#text.indexOf('\n', this.at);
    if (end < 0) throw new Partial();
    const line = this.#text.slice(this.at, end);
    if (!line.endsWith('\r')) throw new Bad();
    this.at = end + 1;
    return line.slice(0, -1);
  }

  bytes(count: number): string {
    if (this.#text.length - this.at < count) throw new Partial();
    this.at += count;
    return this.#text.slice(this.at - count, this.at);
  }
}

type Fields = [string, string][];

function readFields(reader: Reader, fields: Fields): void {
  for (let line = reader.line(); line !== ''; line = reader.line()) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    const text = line.slice(colon + 1).replaceAll(/^[\t ]+|[\t ]+$/g, '');
    if (!token.test(name) || (text !== '' && !value.test(text))) throw new Bad();
    fields.push([name.toLowerCase(), text]);
  }
}

function valuesOf(fields: Fields, name: string): string[] {
  return fields.filter(([one]) => one === name).map(([, text]) => text);
}

function readBody(reader: Reader, fields: Fields): string {
  const codings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length');
  if (codings.length > 0 && lengths.length > 0) throw new Bad();
  if (codings.length > 0) {
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') throw new Bad();
    return readChunks(reader);
  }
  if (lengths.length === 0) return '';
  if (lengths.length > 1 || !/^\d{1,15}$/.test(lengths[0] ?? '')) throw new Bad();
  return reader.bytes(Number(lengths[0]));
}

function readChunks(reader: Reader): string {
  let body = '';
  for (;;) {
    const size = Number.parseInt(chunkLine.exec(reader.line())?.[1] ?? 'bad', 16);
    if (Number.isNaN(size)) throw new Bad();
    if (size === 0) break;
    body += reader.bytes(size);
    if (reader.line() !== '') throw new Bad();
  }
  readFields(reader, []);
  return body;
}

function readRequest(reader: Reader, fields: Fields): SeenRequest {
  const [method = '', target = '', version = '', ...more] = reader.line().split(' ');
  if (more.length > 0 || !token.test(method) || !targetBytes.test(target) || !/^HTTP\/1\.[01]$/.test(version)) {
    throw new Bad();
  }
  readFields(reader, fields);
  const hosts = valuesOf(fields, 'host');
  if (hosts.length > 1 || (hosts.length === 0 && version === 'HTTP/1.1')) throw new Bad();
  const body = readBody(reader, fields);
  return { method, target, host: hosts.join(), framing: framingOf(fields), body };
}

/** Of any parser's list of fields. */
export function framingOf(fields: readonly (readonly [string, string])[]): string {
  const framing = fields.filter(([name]) => name === 'content-length' || name === 'transfer-encoding');
  return framing.map(([name, text]) => `${name}: ${text.toLowerCase()}`).join(', ');
}

export function referenceView(bytes: Buffer): ReferenceView {
  const reader = new Reader(bytes.toString('latin1'));
  const requests: SeenRequest[] = [];
  const all: Fields[] = [];
  while (!reader.isAtEnd) {
    const fields: Fields = [];
    all.push(fields);
    try {
      requests.push(readRequest(reader, fields));
    } catch (error) {
      if (error instanceof Bad) return { requests, rest: 'bad', fields: all };
      if (error instanceof Partial) return { requests, rest: 'partial', fields: all };
      throw error;
    }
  }
  return { requests, rest: 'nothing', fields: all };
}

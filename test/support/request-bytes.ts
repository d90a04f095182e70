/** A simple reader of HTTP/1.1 requests for test fronts: trusted clients only, nothing is refused. */

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly isHttp10: boolean;
  readonly fields: string[];
  header(name: string): string | undefined;
}

export type RequestEvent =
  | { readonly kind: 'head'; readonly head: RequestHead; readonly hasBody: boolean }
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'end'; readonly trailers: readonly string[] }
  | { readonly kind: 'raw'; readonly bytes: Buffer };

type State = 'head' | 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'raw';

export class RequestBytes {
  #pending: Buffer = Buffer.alloc(0);
  #state: State = 'head';
  #missing = 0;

  /** Everything from here on is tunnel bytes. */
  becomeRaw(): void {
    this.#state = 'raw';
  }

  get isMidRequest(): boolean {
    return this.#state !== 'head' && this.#state !== 'raw';
  }

  add(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
  }

  /** The next event, or null until more bytes are added. */
  next(): RequestEvent | null {
    switch (this.#state) {
      case 'head':
        return this.#head();
      case 'length':
      case 'chunk':
        return this.#data();
      case 'size':
        return this.#size();
      case 'chunk-end':
        if (this.#pending.length < 2) return null;
        this.#take(2);
        this.#state = 'size';
        return this.next();
      case 'trailers':
        return this.#trailers();
      case 'raw':
        return this.#pending.length === 0 ? null : { kind: 'raw', bytes: this.#take(this.#pending.length) };
    }
  }

  #take(size: number): Buffer {
    const taken = Buffer.from(this.#pending.subarray(0, size));
    this.#pending = this.#pending.subarray(size);
    return taken;
  }

  #head(): RequestEvent | null {
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const lines = this.#take(end + 4)
      .toString('latin1', 0, end)
      .split('\r\n');
    const [method = '', url = '', version = ''] = (lines.shift() ?? '').split(' ');
    const fields = lines.flatMap(splitField);
    const header = (name: string): string | undefined => {
      for (let at = 0; at < fields.length; at += 2) {
        if ((fields[at] ?? '').toLowerCase() === name) return fields[at + 1];
      }
      return undefined;
    };
    const length = Number(header('content-length') ?? 0);
    const isChunked = header('transfer-encoding') !== undefined;
    const hasBody = isChunked || length > 0;
    this.#missing = length;
    if (hasBody) this.#state = isChunked ? 'size' : 'length';
    return { kind: 'head', head: { method, url, isHttp10: version === 'HTTP/1.0', fields, header }, hasBody };
  }

  #data(): RequestEvent | null {
    if (this.#missing === 0 && this.#state === 'length') {
      this.#state = 'head';
      return { kind: 'end', trailers: [] };
    }
    if (this.#pending.length === 0) return null;
    const bytes = this.#take(Math.min(this.#missing, this.#pending.length));
    this.#missing -= bytes.length;
    if (this.#missing === 0 && this.#state === 'chunk') this.#state = 'chunk-end';
    return { kind: 'body', bytes };
  }

  #size(): RequestEvent | null {
    const end = this.#pending.indexOf('\r\n');
    if (end < 0) return null;
    this.#missing = Number.parseInt(this.#take(end + 2).toString('latin1'), 16);
    this.#state = this.#missing === 0 ? 'trailers' : 'chunk';
    return this.next();
  }

  #trailers(): RequestEvent | null {
    const isEmpty = this.#pending.indexOf('\r\n') === 0;
    const end = isEmpty ? 0 : this.#pending.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const text = this.#take(isEmpty ? 2 : end + 4).toString('latin1', 0, end);
    this.#state = 'head';
    return { kind: 'end', trailers: isEmpty ? [] : text.split('\r\n').flatMap(splitField) };
  }
}

function splitField(line: string): string[] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** One hostile or valid request as bytes, and the statuses that answer it (the last one for a pipeline). */
export interface RequestCase {
  /** `<class>/<what>`, unique. The classes are named in README.md beside this file. */
  readonly id: string;
  readonly bytes: Buffer;
  /** A refusal is right when its status is one of these. Empty for a request that must be accepted. */
  readonly statuses: readonly number[];
}

export const corpusHost = 'shop.localhost';

const lineEnd = '\r\n';

/** A request of CRLF lines, latin1. `lines` are the request line and the fields; `body` follows as it is. */
export function requestBytes(lines: readonly string[], body = ''): Buffer {
  return Buffer.from(`${lines.join(lineEnd)}${lineEnd}${lineEnd}${body}`, 'latin1');
}

/** `GET / HTTP/1.1`, Host, then `fields`. */
export function get(fields: readonly string[], body = ''): Buffer {
  return requestBytes(['GET / HTTP/1.1', `Host: ${corpusHost}`, ...fields], body);
}

/** `POST / HTTP/1.1`, Host, then `fields`. */
export function post(fields: readonly string[], body = ''): Buffer {
  return requestBytes(['POST / HTTP/1.1', `Host: ${corpusHost}`, ...fields], body);
}

/** A chunked POST whose body is `body` as written. */
export function chunkedPost(body: string): Buffer {
  return post(['Transfer-Encoding: chunked'], body);
}

/** Bytes that stand for themselves, such as whole messages with bad line ends. */
export function raw(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

export function hex(code: number): string {
  return code.toString(16).padStart(2, '0');
}

/** Makes cases of one class; an id that is used twice is numbered. */
export class CaseList {
  readonly cases: RequestCase[] = [];
  private readonly used = new Map<string, number>();

  add(id: string, bytes: Buffer, ...statuses: number[]): void {
    const times = (this.used.get(id) ?? 0) + 1;
    this.used.set(id, times);
    this.cases.push({ id: times === 1 ? id : `${id}#${times}`, bytes, statuses });
  }
}

/**
 * What the pure HTTP/1.1 layer hands out. One object per connection is reused for every request of
 * that connection: all members are always present and always of the same type (one hidden class).
 */

/** Why a request or an answer is refused: status for the client, fixed vocabulary for log and counter. */
export interface Rejection {
  readonly status: number;
  readonly subStatus: number;
  readonly reason: string;
}

export type BodyFraming = 'none' | 'length' | 'chunked';

/** Filled by `parseRequestHead` (request-head.ts). Strings are latin1, byte for byte. */
export interface RequestHead {
  method: string;
  /** Origin-form (or `*`) as forwarded: absolute-form is already rewritten. */
  target: string;
  /** `target` up to `?`, still encoded. */
  path: string;
  minorVersion: 0 | 1;
  /** name, value, name, value ... as received; values without outer white space. Never keys of an object. */
  fields: string[];
  /** One `FieldKind` (field-kinds.ts) per pair of `fields`, so that a builder never compares names again. */
  fieldKinds: number[];
  /** A name with `_` or `.` that no rule deletes is among the fields (`underscoresInHeaders`). */
  hasUnderscoreNames: boolean;
  /** Host as received (value of the field, or the authority of an absolute-form target); '' = none. */
  hostField: string;
  /** For routing: lower case, without port and trailing dot, IPv6 with brackets; '' = none. */
  host: string;
  framing: BodyFraming;
  /** Only with framing 'length'. */
  contentLength: number;
  keepAlive: boolean;
  /** The exact value 100-continue, HTTP/1.1 and a body follows. */
  expectContinue: boolean;
  /** GET, HTTP/1.1, no body, `Upgrade: websocket`, Connection names upgrade. */
  upgradeWebSocket: boolean;
  /** Lower-case names of fields of this head that `Connection` lists and that must not travel on; null = none. */
  connectionNames: string[] | null;
  /** Lower-case names announced in `Trailer`; null = none. */
  announcedTrailers: string[] | null;
  /** Lower-case names of the fields that came over HTTP/2 as never to be indexed (RFC 7541 6.2.3); null = none. */
  neverIndexed: ReadonlySet<string> | null;
  /** Bytes that came beside the data of the body: the head, chunk sizes, trailers; over HTTP/2 the encoded header block. */
  envelopeBytes: number;
  /** Private to the parser: bytes from `start` beyond which an incomplete head must be judged again. */
  judgeAgainAt: number;
  /** Set when the result is `headRejected`. */
  rejection: Rejection | null;
}

export type ResponseFraming = 'length' | 'chunked' | 'close';

/** Filled by `parseResponseHead` (response-head.ts). */
export interface ResponseHead {
  status: number;
  reason: string;
  minorVersion: 0 | 1;
  fields: string[];
  fieldKinds: number[];
  framing: ResponseFraming;
  contentLength: number;
  keepAlive: boolean;
  /** Seconds of `Keep-Alive: timeout=`, or -1. */
  keepAliveTimeoutSeconds: number;
  connectionNames: string[] | null;
  /** As in `RequestHead`; of a worker that speaks HTTP/2. */
  neverIndexed: ReadonlySet<string> | null;
  /** Private to the parser, as in `RequestHead`. */
  judgeAgainAt: number;
  rejection: Rejection | null;
}

/** Results of the head parsers beside a positive number of bytes consumed. */
export const headIncomplete = 0;
export const headRejected = -1;

/**
 * The shape of every route of the admin API. A route says who may ask, what may be asked and what is answered; the
 * frame (register.ts) checks all of it before `handle` runs, writes the audit line of whatever changes something, and
 * makes the OpenAPI description of it.
 */
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { AdminCaller, AdminRole } from './caller.js';

export interface AdminRoute<Params = unknown, Query = unknown, Body = unknown> {
  /** Everything but GET changes something: it is audited, and a browser must come from our own pages. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/api/v1/pools/:name` */
  readonly path: string;
  /** `anyone`: the way in itself (the login); rate-limited, and it checks what it is given. */
  readonly role: AdminRole | 'anyone';
  /**
   * The pool that a caller's grant must cover; null = no pool has to do with it, or it is unknown: then only a grant
   * for all pools goes on. Without this and without `filtered` too.
   */
  pool?(params: Params): string | null;
  /** For callers of any grant: the handler leaves out what `covers` (caller.ts) does not. */
  readonly filtered?: true;
  /** One line for the reference page, without a full stop. */
  readonly summary: string;
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  /** Default: adminBodyBytesMax. */
  readonly bodyBytesMax?: number;
  /** What it was about beside the path, for the audit log: `kind=cpu`. */
  about?(asked: { readonly query: Query; readonly body: Body }): string;
  /** A question that is too long for an address: it is no change in the audit log, unless it is refused. */
  readonly changesNothing?: boolean;
  /**
   * What comes back. `nothing`: 204. `event-stream` and `download`: the handler writes the answer itself
   * (event-stream.ts) or returns a stream.
   */
  readonly answer: z.ZodType | 'nothing' | 'event-stream' | 'download';
  /** With which statuses the answer comes; default 200, or 204 of nothing. */
  readonly statuses?: readonly number[];
  /** Of an event stream: the data of each event. */
  readonly events?: z.ZodType;
  /** Refusals that tell more than every other one does. */
  readonly refusals?: Readonly<Record<number, z.ZodType>>;
  /** Fields of the request that the handler looks at, each with its meaning, and those that an answer has. */
  readonly requestFields?: Readonly<Record<string, string>>;
  readonly answerFields?: Readonly<Record<string, string>>;
  /** May throw a SluiceError (AdminError to choose the status) or reject with one; what it returns is the answer. */
  handle(call: AdminCall<Params, Query, Body>): unknown;
}

export interface AdminCall<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: AdminCaller;
  /** Of routes of `anyone`: who it turned out to be, for the audit log. */
  readonly isFrom: (caller: AdminCaller) => void;
  /** A field of the request, one of `requestFields`; '' = it is not there. */
  readonly header: (name: string) => string;
  readonly reply: FastifyReply;
}

/** Infers the types of params, query and body from their schemas. */
export function adminRoute<Params, Query, Body>(route: AdminRoute<Params, Query, Body>): AdminRoute {
  return route;
}

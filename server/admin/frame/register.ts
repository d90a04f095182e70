/** Puts routes on a Fastify app: every check that all routes share is made here, once. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { adminBodyBytesMax } from '../../../config/base/admin-limits.js';
import { type AdminCaller, covers, hasRole } from './caller.js';
import { AdminError, otherPools, problemOf, sendProblem } from './errors.js';
import type { AdminRoute } from './route.js';

/** One change that was asked for, done or refused. */
export interface AuditEntry {
  readonly caller: AdminCaller | null;
  readonly address: string;
  readonly method: string;
  /** As it was declared: `/api/v1/pools/:name/recycle`. */
  readonly route: string;
  /** What it was about: `name=shop`, `id=7 kind=heap`. */
  readonly target: string;
  readonly status: number;
  /** '' = done, else the code of the refusal. */
  readonly problem: string;
}

/** Who stands at the door of one transport. */
export interface Gate {
  /** Throws an AdminError for whoever may not ask at all; null only for routes of `anyone`. */
  admit(request: FastifyRequest, route: AdminRoute): AdminCaller | null;
  audit(entry: AuditEntry): void;
}

interface CallState {
  caller: AdminCaller | null;
  params: unknown;
  /** Of the route, beside the path. */
  about: string;
}

/** What nobody asked for is a mistake of the client: better said than overlooked. */
const noQuery = z.strictObject({});

const nobody: AdminCaller = { name: 'anyone', role: 'viewer', pools: [], via: 'nothing', address: '' };

export function registerRoutes(app: FastifyInstance, routes: readonly AdminRoute[], gate: Gate): void {
  const states = new WeakMap<FastifyRequest, CallState>();
  for (const route of routes) {
    const problems = new WeakMap<FastifyRequest, string>();
    app.route({
      method: route.method,
      url: route.path,
      bodyLimit: route.bodyBytesMax ?? adminBodyBytesMax,
      exposeHeadRoute: hasHead(route),
      onRequest: async (request) => {
        const caller = gate.admit(request, route);
        const state: CallState = { caller, params: undefined, about: '' };
        states.set(request, state);
        if (caller !== null) checkRole(caller, route);
        state.params = parse(route.params, request.params, 'params');
        if (caller !== null) checkPool(caller, route, state.params);
      },
      handler: (request, reply) => answer(route, request, reply, states.get(request)),
      errorHandler: (error, request, reply) => {
        problems.set(request, problemOf(error).code);
        void sendProblem(reply, error);
      },
      onResponse: async (request, reply) => {
        const isQuestion = route.method === 'GET' || (route.changesNothing === true && reply.statusCode < 400);
        if (isQuestion) return;
        const problem = problems.get(request) ?? '';
        gate.audit(auditEntry(route, request, reply, states.get(request), problem));
      },
    });
  }
  refuseOtherMethods(app, routes);
}

async function answer(
  route: AdminRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  state: CallState | undefined,
): Promise<FastifyReply> {
  const query = parse(route.query ?? noQuery, request.query, 'query');
  const body = parse(route.body, request.body, 'body');
  if (state !== undefined) state.about = route.about?.({ query, body }) ?? '';
  // These take as long as they take; whoever writes them notices a client that went away.
  if (route.answer === 'event-stream' || route.answer === 'download') request.raw.socket.setTimeout(0);
  const header = (name: string): string => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : '';
  };
  const value = await route.handle({
    params: state?.params,
    query,
    body,
    caller: state?.caller ?? nobody,
    isFrom: (caller) => {
      if (state !== undefined) state.caller = caller;
    },
    header,
    reply,
  });
  if (reply.sent || value === reply) return reply;
  return value === undefined ? reply.code(204).send() : reply.send(value);
}

function checkRole(caller: AdminCaller, { role }: AdminRoute): void {
  if (role === 'anyone' || hasRole(caller, role)) return;
  const message = `this needs the role ${role}; ${caller.name} has ${caller.role}`;
  throw new AdminError(403, 'wrong-role', message, `use a token with the role ${role}`);
}

function checkPool(caller: AdminCaller, route: AdminRoute, params: unknown): void {
  if (caller.pools === 'all' || route.role === 'anyone' || route.filtered === true) return;
  const pool = route.pool?.(params) ?? null;
  if (pool !== null && covers(caller, pool)) return;
  throw otherPools(caller);
}

function parse<T>(schema: z.ZodType<T> | undefined, input: unknown, part: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = [part, ...(issue?.path ?? [])].map(String).join('.');
  throw new AdminError(400, 'bad-input', `${field}: ${issue?.message ?? 'not valid'}`, '', field);
}

/** What a handler writes itself would never end without a body. */
function hasHead({ method, answer }: AdminRoute): boolean {
  return method === 'GET' && answer !== 'event-stream' && answer !== 'download';
}

/** A path that exists answers other methods with those it has, without reading a body. */
function refuseOtherMethods(app: FastifyInstance, routes: readonly AdminRoute[]): void {
  const byPath = new Map<string, string[]>();
  for (const route of routes) {
    const known = byPath.get(route.path) ?? [];
    known.push(route.method, ...(hasHead(route) ? ['HEAD'] : []));
    byPath.set(route.path, known);
  }
  for (const [path, known] of byPath) refuseMethods(app, path, known);
}

export function refuseMethods(app: FastifyInstance, url: string, known: readonly string[]): void {
  const all = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
  const refuse = async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    void reply.header('allow', known.join(', '));
    const begun = known.includes('POST') && !known.includes('GET') ? ': an action is begun by POST' : '';
    return sendProblem(reply, new AdminError(405, 'method', `only ${known.join(', ')}${begun}`));
  };
  app.route({ method: all.filter((method) => !known.includes(method)), url, onRequest: refuse, handler: refuse });
}

function auditEntry(
  route: AdminRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  state: CallState | undefined,
  problem: string,
): AuditEntry {
  const params = typeof request.params === 'object' && request.params !== null ? Object.entries(request.params) : [];
  const about = [...params.map(([name, value]) => `${name}=${String(value)}`), state?.about ?? ''];
  return {
    caller: state?.caller ?? null,
    address: request.raw.socket.remoteAddress ?? '',
    method: route.method,
    route: route.path,
    target: about.filter((one) => one !== '').join(' '),
    status: reply.statusCode,
    problem,
  };
}

/**
 * Sign-in of the dashboard. `sluice start` and `sluice admin link` print `http://HOST:PORT/ui/#code=CODE`; the page sends
 * the code (or a token that somebody typed) here once and gets a cookie and a page secret. It keeps the secret (its
 * localStorage) and sends it in the field `x-sluice-session` with every request, event streams too: they are read with
 * fetch, because an EventSource cannot send fields.
 */
import { z } from 'zod';
import { loginCodeLimitMs } from '../../../config/base/admin-limits.js';
import { type AdminCaller, adminRoles } from '../frame/caller.js';
import type { Door } from '../frame/door.js';
import { AdminError, tooManyFailures, tooManyRequests } from '../frame/errors.js';
import { cookieName, cookieOf } from '../frame/origin-check.js';
import { type AdminCall, type AdminRoute, adminRoute } from '../frame/route.js';

const path = '/api/v1/session';

const callerSchema = z
  .strictObject({
    name: z.string(),
    role: z.enum(adminRoles),
    pools: z.union([z.array(z.string()), z.literal('all')]),
    via: z.enum(['socket', 'token', 'session', 'nothing']),
  })
  .meta({ id: 'Caller' });

const openedSchema = callerSchema.extend({
  secret: z.string().describe('Goes with every request in the field x-sluice-session'),
  endsInMs: z.number(),
});

const secret = z.string().min(1).max(200);
const loginSchema = z.union([z.strictObject({ code: secret }), z.strictObject({ token: secret })]);

const cookieFields = { 'set-cookie': 'The cookie of the session' };

export function sessionRoutes(door: Door): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'POST',
      path,
      role: 'anyone',
      summary: 'Sign in with the code of a link, which works once, or with a token; sets the session’s cookie',
      body: loginSchema,
      answer: openedSchema,
      answerFields: cookieFields,
      handle: (call) => signIn(door, call),
    }),
    adminRoute({
      method: 'GET',
      path,
      role: 'viewer',
      filtered: true,
      summary: 'Who asks, and what they may do',
      answer: callerSchema,
      handle: ({ caller }) => shown(caller),
    }),
    adminRoute({
      method: 'DELETE',
      path,
      role: 'viewer',
      filtered: true,
      summary: 'Sign out',
      answer: 'nothing',
      answerFields: cookieFields,
      handle({ header, reply }) {
        const host = header('host');
        door.sessions.close(cookieOf({ cookie: header('cookie'), host }));
        void reply.header('set-cookie', cookieField(door, host, '', 0));
      },
    }),
    adminRoute({
      method: 'POST',
      path: '/api/v1/session/codes',
      role: 'admin',
      summary: 'Make a link to the dashboard that signs in once, as admin; on the admin socket only',
      answer: z.strictObject({
        code: z.string(),
        url: z.string().describe('Empty without admin.listen'),
        endsInMs: z.number(),
      }),
      handle({ caller }) {
        // What a token made would outlive the token.
        if (caller.via === 'socket') return newLink(door, caller);
        throw new AdminError(
          403,
          'socket-only',
          'links are made over the admin socket',
          'sign in with the token itself',
        );
      },
    }),
  ];
}

export interface DashboardLink {
  readonly code: string;
  readonly url: string;
  readonly endsInMs: number;
}

/** For whoever owns the server. What comes after # is not sent to any server and not logged. */
export function newLink(door: Door, caller: AdminCaller): DashboardLink {
  const code = door.sessions.newCode(() => caller);
  return { code, url: door.origin === '' ? '' : `${door.origin}/ui/#code=${code}`, endsInMs: loginCodeLimitMs };
}

function signIn(door: Door, call: AdminCall<unknown, unknown, z.infer<typeof loginSchema>>): unknown {
  const { body, reply } = call;
  const subject = 'code' in body ? door.sessions.redeem(body.code) : door.subjectOf(body.token);
  const caller = subject?.() ?? null;
  if (subject === null || caller === null) {
    if (!door.mayFail(reply.request.raw.socket.remoteAddress ?? '')) throw tooManyFailures();
    const remedy = '`sluice admin link` prints a link, `sluice admin token` makes a token';
    throw new AdminError(401, 'login-failed', 'this code or token is not valid (any more)', remedy);
  }
  call.isFrom(caller);
  if (!door.maySignIn(caller)) throw tooManyRequests('too many sign-ins');
  const opened = door.sessions.open(() => {
    const now = subject();
    return now === null ? null : { ...now, via: 'session' };
  }, caller.name);
  void reply.header('set-cookie', cookieField(door, call.header('host'), opened.cookie, opened.limitMs / 1_000));
  return { ...shown({ ...caller, via: 'session' }), secret: opened.secret, endsInMs: opened.limitMs };
}

function shown({ name, role, pools, via }: AdminCaller): z.infer<typeof callerSchema> {
  return { name, role, pools: pools === 'all' ? 'all' : [...pools], via };
}

function cookieField(door: Door, host: string, value: string, seconds: number): string {
  const secure = door.origin.startsWith('https:') ? '; Secure' : '';
  return `${cookieName(host)}=${value}; Path=/api/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

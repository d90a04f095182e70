/** Who may come in: everybody who can open the unix socket; on TCP only who brings a token or has a session. */
import type { FastifyRequest } from 'fastify';
import type { LogFields } from '../../../config/base/logger.js';
import type { AdminConnections } from '../connections.js';
import { type AdminCaller, socketCaller } from './caller.js';
import type { Door } from './door.js';
import { AdminError, otherPools, tooManyFailures, tooManyFailuresCode, tooManyRequests } from './errors.js';
import { checkOrigin, checkOwnPage, cookieOf, sessionField } from './origin-check.js';
import type { AuditEntry, Gate } from './register.js';
import type { AdminRoute } from './route.js';

export function socketGate(door: Door): Gate {
  return { admit: () => socketCaller, audit: (entry) => audit(door, entry) };
}

export function tcpGate(door: Door, connections: AdminConnections): Gate {
  return {
    admit(request, route) {
      const caller = admit(door, request, route);
      if (caller !== null) connections.belongsTo(request.raw.socket, caller.name);
      return caller;
    },
    audit: (entry) => audit(door, entry),
  };
}

function admit(door: Door, request: FastifyRequest, route: AdminRoute): AdminCaller | null {
  checkOrigin(request.headers);
  const address = request.raw.socket.remoteAddress ?? '';
  if (route.role === 'anyone') return null;
  const caller = identify(door, request, route.method !== 'GET');
  if (caller === null) throw unknownCaller(door, request, address);
  if (!door.mayAsk(caller.name)) throw tooManyRequests('too many requests');
  const isChange = route.method !== 'GET' && route.changesNothing !== true;
  if (isChange && !door.mayChange(caller)) throw tooManyRequests('too many changes');
  return { ...caller, address };
}

function identify(door: Door, { headers }: FastifyRequest, isChange: boolean): AdminCaller | null {
  const token = bearerOf(headers.authorization);
  if (token !== '') return door.subjectOf(token)?.() ?? null;
  const cookie = cookieOf(headers);
  const secret = headers[sessionField];
  if (cookie === '' || typeof secret !== 'string') return null;
  const caller = door.sessions.find(cookie, secret);
  if (caller !== null && isChange) checkOwnPage(headers);
  return caller;
}

/** A right token is never refused because of others at the same address: tenants of this machine share ours. */
function unknownCaller(door: Door, { headers, method, routeOptions }: FastifyRequest, address: string): AdminError {
  if (!door.mayFail(address)) return tooManyFailures();
  const given = headers.authorization !== undefined || cookieOf(headers) !== '';
  const leftOut = given ? door.refusals.next(null, address) : null;
  if (leftOut !== null) {
    door.log.warn('admin-login-failed', { address, method, route: routeOptions.url ?? '', ...counted(leftOut) });
  }
  const make = '`sluice admin token` on the server makes one';
  if (door.settings.tokens.length === 0) return new AdminError(401, 'token-needed', 'no token is configured', make);
  const message = given ? 'this token or session is not valid' : 'this needs a token';
  return new AdminError(401, 'token-needed', message, `send Authorization: Bearer TOKEN; ${make}`);
}

/** Of /metrics, which tell of every pool: open, unless the configuration names a token for it. */
export function mayScrape(door: Door, request: FastifyRequest): void {
  if (door.settings.metricsTokenHash === '') return;
  const token = bearerOf(request.headers.authorization);
  if (token !== '' && door.isMetricsToken(token)) return;
  const caller = token === '' ? null : (door.subjectOf(token)?.() ?? null);
  if (caller?.pools === 'all') return;
  if (caller !== null) throw otherPools(caller);
  throw unknownCaller(door, request, request.raw.socket.remoteAddress ?? '');
}

function bearerOf(field: string | undefined): string {
  return /^Bearer +([A-Za-z0-9._~+/-]{1,200}=*)$/i.exec(field ?? '')?.[1] ?? '';
}

/** One record for each change that was made; of what was refused as many as `RefusalRecords` lets through. */
function audit(door: Door, { caller, address, method, route, target, status, problem }: AuditEntry): void {
  if (problem === tooManyFailuresCode) return;
  const fields: LogFields = {
    caller: caller?.name ?? '',
    role: caller?.role ?? '',
    via: caller?.via ?? '',
    address,
    method,
    route,
    target,
    status,
    problem,
  };
  if (status < 400) return door.log.info('admin-change', fields);
  const leftOut = door.refusals.next(caller, address);
  if (leftOut !== null) door.log.warn('admin-refused', { ...fields, ...counted(leftOut) });
}

function counted(leftOut: number): LogFields {
  return leftOut === 0 ? {} : { leftOut };
}

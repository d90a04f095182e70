/** Who may come in: everybody who can open the unix socket; on TCP only who brings what is asked for. */
import type { LogFields, Logger } from '../../../config/base/logger.js';
import { isLoopback } from '../host-check.js';
import { type AdminCaller, socketCaller } from './caller.js';
import { AdminError } from './errors.js';
import type { AuditEntry, Gate } from './register.js';

/** What every user of this machine may see over TCP. */
const open: ReadonlySet<string> = new Set(['/api/v1/pools', '/api/v1/pools/:name', '/api/v1/workers']);

export function socketGate(log: Logger): Gate {
  return { admit: () => socketCaller, audit: (entry) => audit(log, entry) };
}

export function tcpGate(log: Logger): Gate {
  return {
    admit(request, route): AdminCaller {
      const address = request.raw.socket.remoteAddress ?? '';
      if (route.method !== 'GET' || !open.has(route.path)) {
        const message = 'actions are taken over the admin socket only, which belongs to the user of the server';
        throw new AdminError(403, 'socket-only', message, 'sluice --admin SOCKET ...');
      }
      if (!isLoopback(address))
        throw new AdminError(403, 'socket-only', 'open to this machine only: use the admin socket');
      return { name: 'anyone', role: 'viewer', pools: 'all', via: 'nothing', address };
    },
    audit: (entry) => audit(log, entry),
  };
}

/** One line for each change that somebody asked for, whatever became of it. */
function audit(log: Logger, { caller, address, method, route, target, status, problem }: AuditEntry): void {
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
  if (status < 400) log.info('admin-change', fields);
  else log.warn('admin-refused', fields);
}

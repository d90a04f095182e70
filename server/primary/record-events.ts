/** Records of the server's log that whoever listens to the admin API hears too; the others are about single workers or requests. */
import type { LogFields } from '../../config/base/logger.js';
import type { RecordEvent, RecordKind } from '../admin/events/event.js';
import type { EventHub } from '../admin/events/hub.js';
import type { ServerLog } from '../log/server-log.js';

const kinds: readonly (readonly [prefix: string, kind: RecordKind])[] = [
  ['configuration-', 'configuration'],
  ['certificate-', 'certificate'],
  ['acme-', 'certificate'],
  ['ocsp-', 'certificate'],
  ['must-staple-', 'certificate'],
  ['admin-', 'change'],
  ['listener-', 'server'],
  ['started', 'server'],
  ['stopping', 'server'],
  ['node-', 'server'],
  ['application-offline', 'server'],
  ['application-online', 'server'],
];

export function tellingLog(log: ServerLog, hub: EventHub): ServerLog {
  const tell = (level: RecordEvent['level'], event: string, fields: LogFields = {}): void => {
    const kind = kinds.find(([prefix]) => event.startsWith(prefix))?.[1];
    if (kind !== undefined) hub.publish({ kind, level, event, fields: defined(fields) });
  };
  return {
    ...log,
    info(event, fields) {
      log.info(event, fields);
      tell('info', event, fields);
    },
    warn(event, fields) {
      log.warn(event, fields);
      tell('warn', event, fields);
    },
    error(event, fields) {
      log.error(event, fields);
      tell('error', event, fields);
    },
  };
}

function defined(fields: LogFields): RecordEvent['fields'] {
  const found: Record<string, string | number | boolean | null> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) found[name] = value;
  return found;
}

import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../../../config/base/clock.js';
import { logTailLinesMax } from '../../../config/base/log-limits.js';
import type { ControlPlane } from '../control-plane.js';
import { type AdminCaller, covers } from '../frame/caller.js';
import type { Door } from '../frame/door.js';
import { AdminError, notFound } from '../frame/errors.js';
import { EventStream, lastEventField } from '../frame/event-stream.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { type LogLine, type LogQuery, type LogReader, logSources } from '../log-views.js';
import { reopenLogsPath } from '../paths.js';
import { logEventSchema } from '../schemas/log-schemas.js';

const query = z.strictObject({
  source: z.enum(logSources).default('server'),
  pool: z.string().max(64).default(''),
  site: z.string().max(64).default(''),
  worker: z.coerce.number().int().min(0).default(0),
  lines: z.coerce.number().int().min(0).max(logTailLinesMax).default(50),
  follow: z.enum(['0', '1']).default('0'),
});

export function logRoutes(control: ControlPlane, door: Door): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/logs',
      role: 'viewer',
      filtered: true,
      summary:
        'The last lines of the server log, an access log or the output of a pool’s workers, and with follow=1 what is added',
      query,
      requestFields: {
        [lastEventField]:
          'The id of the last position that was told: instead of the last lines what was added behind it',
      },
      answer: 'event-stream',
      events: logEventSchema,
      async handle({ query: asked, caller, reply, header }) {
        const { source, pool, site, worker, lines } = asked;
        const since = header(lastEventField);
        const what: LogQuery = { source, pool, site, workerId: worker, lines, since };
        check(control, caller, what);
        const leavePlace = door.logPlaces.take(caller);
        try {
          const stream = await streamOf(control.logs, what, reply, door.clock);
          stream.whenClosed(leavePlace);
          if (asked.follow === '0') stream.end();
        } catch (error) {
          leavePlace();
          throw error;
        }
        return reply;
      },
    }),
    adminRoute({
      method: 'POST',
      path: reopenLogsPath,
      role: 'admin',
      summary: 'Open every log file anew by its name, after logrotate renamed it',
      answer: 'nothing',
      handle: () => control.reopenLogs(),
    }),
  ];
}

async function streamOf(logs: LogReader, what: LogQuery, reply: FastifyReply, clock: Clock): Promise<EventStream> {
  const early: LogLine[] = [];
  let stream: EventStream | null = null;
  const log = await logs.open(what, {
    line: (line) => (stream === null ? early.push(line) : sendLine(stream, line)),
    skipped: (bytes) => stream?.send({ id: '', event: 'skipped', data: { bytes } }),
    position: (id) => sendPosition(stream, id),
  });
  stream = new EventStream(reply, clock);
  stream.whenClosed(log.close);
  for (const line of [...log.last, ...early]) sendLine(stream, line);
  sendPosition(stream, log.position());
  return stream;
}

/** Clients name it in Last-Event-ID to go on behind the lines so far. */
function sendPosition(stream: EventStream | null, id: string): void {
  if (id !== '') stream?.send({ id, event: 'position', data: { position: id } });
}

function sendLine(stream: EventStream, line: LogLine): void {
  stream.send({ id: '', event: 'line', data: line });
}

/** Other pools stand in the logs of all: whoever may see some only has to name one of these. */
function check(control: ControlPlane, caller: AdminCaller, { source, pool, workerId }: LogQuery): void {
  if (pool !== '' && !covers(caller, pool)) {
    throw new AdminError(403, 'wrong-pool', 'the token is for other pools', 'use a token whose pools include it');
  }
  if (pool === '' && caller.pools !== 'all') {
    throw new AdminError(
      403,
      'wrong-pool',
      'the token is for some pools only',
      'name one of them with pool=',
      'query.pool',
    );
  }
  if (pool !== '' && control.pool(pool) === null) {
    throw notFound('no-such-pool', 'there is no such pool', '`sluice pool list` names them.');
  }
  if (source === 'output' && pool === '') {
    throw new AdminError(400, 'bad-input', 'query.pool: whose output?', 'name a pool with pool=', 'query.pool');
  }
  if (source !== 'output' && workerId !== 0) {
    throw new AdminError(400, 'bad-input', 'query.worker: only with source=output', '', 'query.worker');
  }
}

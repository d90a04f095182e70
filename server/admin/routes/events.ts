import { z } from 'zod';
import type { ControlPlane } from '../control-plane.js';
import { eventKinds, eventSchema } from '../events/event.js';
import { type SentEvent, sampleText } from '../events/hub.js';
import { type AdminCaller, covers } from '../frame/caller.js';
import type { Door } from '../frame/door.js';
import { EventStream, lastEventField } from '../frame/event-stream.js';
import { type AdminCall, type AdminRoute, adminRoute } from '../frame/route.js';

const query = z.strictObject({
  kinds: z
    .string()
    .max(300)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(eventKinds)))
    .optional()
    .describe('Only these, with commas between; default: all'),
});

type Query = z.infer<typeof query>;

export function eventRoutes(control: ControlPlane, door: Door): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/events',
      role: 'viewer',
      filtered: true,
      summary:
        'What happens, as server-sent events: begins with hello, goes on after Last-Event-ID, and every second with a sample of the pools that changed',
      query,
      requestFields: { [lastEventField]: 'The id of the last event that was seen' },
      answer: 'event-stream',
      events: eventSchema,
      handle: (call) => stream(control, door, call),
    }),
  ];
}

function stream(control: ControlPlane, { clock, eventPlaces }: Door, call: AdminCall<unknown, Query>): void {
  const { events } = control;
  const { caller, reply, header } = call;
  const leavePlace = eventPlaces.take(caller);
  const wanted = call.query.kinds === undefined ? null : new Set<string>(call.query.kinds);
  const wants = (kind: string): boolean => wanted === null || wanted.has(kind);
  const lastId = header(lastEventField);
  const missed = lastId === '' ? null : events.since(lastId);
  const out = new EventStream(reply, clock);
  out.whenClosed(leavePlace);
  const hello = { kind: 'hello', atMs: clock.wallMs(), version: control.version, resumed: missed !== null };
  out.send({ id: '', event: 'hello', data: hello });
  const pass = (event: SentEvent): void => {
    if (wants(event.kind) && maySee(caller, event)) out.sendText(event.text);
  };
  for (const event of missed ?? []) pass(event);
  const leave = events.listen({
    event: pass,
    sample: (sample, text) => {
      if (!wants('sample')) return;
      if (caller.pools === 'all') return out.sendText(text);
      out.sendText(sampleText({ ...sample, pools: sample.pools.filter(({ name }) => covers(caller, name)) }));
    },
  });
  out.whenClosed(leave);
}

function maySee(caller: AdminCaller, { pool }: SentEvent): boolean {
  return caller.pools === 'all' || (pool !== '' && covers(caller, pool));
}

/** Takes what the server tells into the store: figures every second, pools as they change, and lines for the events page. */
import type { AdminEvent, NodeSample } from '../../admin/events/event.js';
import type { StreamMessage } from '../api/event-stream.js';
import { duration } from '../parts/format.js';
import { emptySample, type Figures } from './series.js';
import type { EventLine, Store } from './store.js';

type Told = Omit<EventLine, 'id' | 'atMs' | 'kind'>;

/** true = all pools have to be asked for again. */
export function foldEvent(store: Store, { id, event, data }: StreamMessage): boolean {
  if (event === 'hello') return (data as { readonly resumed: boolean }).resumed === false;
  if (event === 'sample') {
    foldSample(store, data as NodeSample);
    return false;
  }
  const happened = data as AdminEvent;
  if (happened.kind === 'pool') store.setPool(happened.now);
  if (happened.kind === 'worker-ended') store.ended(happened.pool, happened.obituary);
  if (happened.kind === 'worker-started') store.started(happened.pool);
  if (happened.kind === 'receipt') store.touch(happened.pool);
  const told = lineOf(happened);
  if (told !== null) store.addEvent({ ...told, id, atMs: happened.atMs, kind: happened.kind });
  return happened.kind === 'configuration';
}

function foldSample(store: Store, { atMs, node, whole, pools }: NodeSample): void {
  const known = whole ? new Map<string, Figures>() : store.figures;
  for (const one of pools) known.set(one.name, figuresOf(one));
  const sum = (of: (one: Figures) => number): number =>
    [...known.values()].reduce((all, one) => all + (of(one) || 0), 0);
  store.sample(
    {
      ...emptySample,
      atMs,
      rate: node.requestsPerSecond,
      errors: node.errorsPerSecond,
      p99Ms: node.p99Ms > 0 ? node.p99Ms : Number.NaN,
      queue: sum((one) => one.queue),
      inFlight: sum((one) => one.inFlight),
      memoryBytes: sum((one) => one.memoryBytes),
      workers: sum((one) => one.workers),
    },
    known,
  );
}

function figuresOf(one: NodeSample['pools'][number]): Figures {
  return {
    rate: one.requestsPerSecond,
    errors: one.errorsPerSecond,
    p50Ms: one.p50Ms > 0 ? one.p50Ms : Number.NaN,
    p99Ms: one.p99Ms > 0 ? one.p99Ms : Number.NaN,
    queue: one.queue,
    inFlight: one.inFlight,
    memoryBytes: one.memoryBytes,
    cpuPercent: one.cpuPercent,
    loopDelayMs: one.loopDelayMs ?? Number.NaN,
    workers: one.workers,
  };
}

/** Words for people; null = it is no line. */
function lineOf(event: AdminEvent): Told | null {
  switch (event.kind) {
    case 'pool':
      return null;
    case 'worker-started': {
      const text = `${event.applicationId} is ready after ${duration(event.startMs)}`;
      return { pool: event.pool, eventId: 0, tone: 'good', text };
    }
    case 'worker-ended': {
      const { applicationId, slot, pid, reason, how, cause } = event.obituary;
      const text = `${applicationId} #${slot} (pid ${pid}) ended: ${reason}, ${how}`;
      return {
        pool: event.pool,
        eventId: event.eventId,
        tone: cause === '' && reason !== 'idle' ? 'bad' : 'plain',
        text,
      };
    }
    case 'receipt': {
      const { kind, cause, outcome, applicationId, slot, durationMs, requests } = event.receipt;
      const cut = requests.cut === 0 ? 'no request lost' : `${requests.cut} requests cut`;
      const text = `${kind} of ${applicationId} #${slot} ${outcome} (${cause}) in ${duration(durationMs)}, ${cut}`;
      return { pool: event.pool, eventId: event.eventId, tone: outcome === 'failed' ? 'bad' : 'good', text };
    }
    case 'rapid-fail':
      return { pool: event.pool, eventId: event.eventId, tone: 'bad', text: 'stopped by rapid-fail protection' };
    case 'operation': {
      const { action, target, state, error } = event.operation;
      const text = `${action} ${target}: ${state}${error === null ? '' : `: ${error.message}`}`;
      return { pool: event.pool, eventId: 0, tone: state === 'failed' ? 'bad' : 'plain', text };
    }
    case 'configuration':
    case 'certificate':
    case 'change':
    case 'server': {
      const { level, event: name, fields } = event;
      const told = Object.entries(fields).map(([field, value]) => `${field}=${String(value)}`);
      const tone = level === 'error' ? 'bad' : level === 'warn' ? 'warn' : 'plain';
      const { pool, eventId } = fields;
      return {
        pool: typeof pool === 'string' ? pool : '',
        eventId: typeof eventId === 'number' ? eventId : 0,
        tone,
        text: `${name} ${told.join(' ')}`,
      };
    }
  }
}

/** What is noted of one request while it lives, where its site has rules for it or it belongs to a trace. */
import { traceNotesMax } from '../../config/base/log-limits.js';
import type { TraceStageName } from '../../pools/protocol/request-trace.js';
import type { TraceContext } from './trace-context.js';
import type { Worker } from './worker.js';

export interface TrailNote {
  readonly stage: TraceStageName;
  /** Monotonic. */
  readonly atMs: number;
  readonly detail: string;
}

export class Trail {
  readonly context: TraceContext | null;
  readonly notes: TrailNote[] = [];
  workerId = 0;

  constructor(context: TraceContext | null) {
    this.context = context;
  }

  note(stage: TraceStageName, atMs: number, detail = ''): void {
    if (this.notes.length < traceNotesMax) this.notes.push({ stage, atMs, detail });
  }
}

export function noteSent(trail: Trail, { workerId, generation, slot }: Worker, atMs: number): void {
  trail.workerId = workerId;
  trail.note('sent', atMs, `to worker ${workerId} (slot ${slot}, generation ${generation})`);
}

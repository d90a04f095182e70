/** `sluice events`: follows what happens in the server, and goes on where it was after a broken connection. */
import type { IncomingMessage } from 'node:http';
import { pause } from '../../config/base/clock.js';
import { eventsAgainMs, eventsAttemptsMax } from '../../config/base/cli-limits.js';
import { escapeControls, printableJson } from '../../config/base/diagnostics.js';
import { SluiceError } from '../../config/base/errors.js';
import type { AdminEvent, Hello, NodeSample } from '../admin/events/event.js';
import { systemClock } from '../primary/clock.js';
import type { AdminClient } from './admin-client.js';
import { type Paint, painter } from './colours.js';
import { exitCode } from './exit-codes.js';
import { EventReader, type ServerEvent } from './event-reader.js';
import { type AdminFlags, open } from './pool-command.js';
import { obituaryLine, receiptLine } from './pool-tables.js';

export async function followEvents(flags: AdminFlags & { readonly samples?: boolean }): Promise<number> {
  const client = await open(flags);
  const paint = painter(process.stdout);
  await follow(client, '/api/v1/events', (event) => {
    if (event.event === 'sample' && flags.samples !== true) return;
    process.stdout.write(`${flags.json === true ? jsonLine(event) : eventLine(event, paint)}\n`);
  });
  return exitCode.ok;
}

/** Ends only by an error: the server refuses, was never reached, or stays away. */
export async function follow(client: AdminClient, path: string, tell: (event: ServerEvent) => void): Promise<void> {
  let lastId = '';
  let failures = 0;
  let wasConnected = false;
  for (;;) {
    try {
      const answer = await client.stream(path, lastId === '' ? {} : { 'last-event-id': lastId });
      wasConnected = true;
      failures = 0;
      await readEvents(answer, (event) => {
        lastId = event.id === '' ? lastId : event.id;
        tell(event);
      });
    } catch (error) {
      const isRefused = error instanceof SluiceError && error.code !== 'admin-unreachable';
      failures += 1;
      if (isRefused || !wasConnected || failures > eventsAttemptsMax) throw error;
    }
    await pause(systemClock, eventsAgainMs);
  }
}

/** Until the server or the connection ends. */
export async function readEvents(answer: IncomingMessage, tell: (event: ServerEvent) => void): Promise<void> {
  const reader = new EventReader();
  answer.setEncoding('utf8');
  for await (const chunk of answer as AsyncIterable<string>) for (const event of reader.feed(chunk)) tell(event);
}

function jsonLine({ id, event, data }: ServerEvent): string {
  return printableJson({ id, event, data: parsed(data) });
}

/** `2026-01-31T12:00:01Z worker-started shop/ of pool shop, ready in 80 ms`. */
export function eventLine(event: ServerEvent, paint: Paint): string {
  const value = parsed(event.data) as (AdminEvent | NodeSample | Hello) & { readonly atMs?: number };
  const time = new Date(value.atMs ?? systemClock.wallMs()).toISOString().slice(0, 19);
  const text = escapeControls(textOf(value));
  return `${paint('grey', `${time}Z`)} ${paint('bold', escapeControls(event.event))} ${text}`;
}

function textOf(event: AdminEvent | NodeSample | Hello): string {
  switch (event.kind) {
    case 'hello':
      return `Sluice ${event.version}`;
    case 'sample':
      return `${event.node.requestsPerSecond.toFixed(1)} requests/s, ${event.node.connections} connections`;
    case 'pool':
      return `${event.pool} ${event.now.state}${event.now.stoppedReason === '' ? '' : ` (${event.now.stoppedReason})`}, ${event.now.workers.length} workers`;
    case 'worker-started':
      return `${event.applicationId} of pool ${event.pool}, ready in ${event.startMs} ms`;
    case 'worker-ended':
      return `${event.pool}: ${obituaryLine(event.obituary)}${iisEvent(event.eventId)}`;
    case 'receipt':
      return `${event.pool}: ${receiptLine({ ...event.receipt, attachments: [] })}${iisEvent(event.eventId)}`;
    case 'rapid-fail':
      return `${event.pool} is stopped by rapid-fail protection${iisEvent(event.eventId)}`;
    case 'operation':
      return `${event.operation.action} ${event.operation.target}: ${event.operation.state}`;
    case 'configuration':
    case 'certificate':
    case 'change':
    case 'server':
      return [event.event, ...Object.entries(event.fields).map(([name, one]) => `${name}=${one}`)].join(' ');
    default:
      // A newer server tells more than we know.
      return JSON.stringify(event);
  }
}

function iisEvent(id: number): string {
  return id === 0 ? '' : ` [event ${id}]`;
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return { kind: 'unknown', data };
  }
}

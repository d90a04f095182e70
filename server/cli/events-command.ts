/** `sluice events`: follows what happens in the server, and goes on where it was after a broken connection. */
import type { IncomingMessage } from 'node:http';
import { eventsAgainMs, eventsAttemptsMax } from '../../config/base/cli-limits.js';
import { escapeControls } from '../../config/base/diagnostics.js';
import { SluiceError } from '../../config/base/errors.js';
import { systemClock } from '../primary/clock.js';
import type { AdminClient } from './admin-client.js';
import { type Paint, painter } from './colours.js';
import { EventReader, type ServerEvent } from './event-reader.js';
import { type AdminFlags, open } from './pool-command.js';

export async function followEvents(flags: AdminFlags & { readonly samples?: boolean }): Promise<number> {
  const client = await open(flags);
  const paint = painter(process.stdout);
  await follow(client, (event) => {
    if (event.event === sampleEvent && flags.samples !== true) return;
    process.stdout.write(`${flags.json === true ? jsonLine(event) : eventLine(event, paint)}\n`);
  });
  return 0;
}

/** Figures of the node and its pools, every second. */
export const sampleEvent = 'sample';

/** Ends only by an error: the server refuses, was never reached, or stays away. */
export async function follow(client: AdminClient, tell: (event: ServerEvent) => void): Promise<void> {
  let lastId = '';
  let failures = 0;
  let wasConnected = false;
  for (;;) {
    try {
      const answer = await client.stream('/api/v1/events', lastId === '' ? {} : { 'last-event-id': lastId });
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
    await new Promise<void>((next) => void systemClock.setTimer(eventsAgainMs, next, true));
  }
}

/** Until the server or the connection ends. */
export async function readEvents(answer: IncomingMessage, tell: (event: ServerEvent) => void): Promise<void> {
  const reader = new EventReader();
  answer.setEncoding('utf8');
  for await (const chunk of answer as AsyncIterable<string>) for (const event of reader.feed(chunk)) tell(event);
}

function jsonLine({ id, event, data }: ServerEvent): string {
  return JSON.stringify({ id, event, data: parsed(data) });
}

/** `12:00:01 worker-ended pool=shop pid=7`. */
function eventLine({ event, data }: ServerEvent, paint: Paint): string {
  const value = parsed(data);
  const fields = typeof value === 'object' && value !== null ? Object.entries(value) : [['data', value] as const];
  const atMs = fields.find(([name]) => name === 'atMs')?.[1];
  const time = new Date(typeof atMs === 'number' ? atMs : systemClock.wallMs()).toISOString().slice(0, 19);
  const words = fields
    .filter(([name, one]) => name !== 'atMs' && one !== null && one !== '')
    .map(([name, one]) => `${name}=${typeof one === 'string' ? one : JSON.stringify(one)}`);
  return `${paint('grey', `${time}Z`)} ${paint('bold', escapeControls(event))} ${escapeControls(words.join(' '))}`;
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return data;
  }
}

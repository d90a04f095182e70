/**
 * The server log: JSON lines through pino into `sluice.log` for machines, and one short line per record
 * on the terminal for people. Text in records may come from tenants and clients: control characters are
 * escaped in both.
 */
import { pino } from 'pino';
import type { Clock } from '../../config/base/clock.js';
import { escapeControls, shorten } from '../../config/base/diagnostics.js';
import { eventIdOfRecord } from '../../config/base/iis-events.js';
import { logFieldCharsMax } from '../../config/base/limits.js';
import type { LogFields, Logger } from '../../config/base/logger.js';
import { LogFile } from './log-file.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface ServerLogOptions {
  readonly clock: Clock;
  /** Where the JSON lines go; null = nowhere. Created 0640. */
  readonly file: string | null;
  /** Takes one finished line without its line feed; null = no terminal output. */
  readonly terminal: ((line: string) => void) | null;
  /** Records below it go nowhere. */
  readonly level: LogLevel;
}

export interface ServerLog extends Logger {
  /** Opens the file anew by its name, after somebody renamed it. */
  reopen(): void;
  /** Writes what is left and closes the file. */
  close(): void;
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export function createServerLog(options: ServerLogOptions): ServerLog {
  const { clock, file, terminal, level } = options;
  const write = (at: LogLevel, event: string, given: LogFields = {}): void => {
    if (ranks[at] < ranks[level]) return;
    const fields = withEventId(event, cutFields(given));
    sink?.[at](mapTexts(fields, escapeControls), event);
    terminal?.(terminalLine(clock.wallMs(), at, event, fields));
  };
  const log: Logger = {
    debug: (event, fields) => write('debug', event, fields),
    info: (event, fields) => write('info', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    error: (event, fields) => write('error', event, fields),
  };
  const destination = file === null ? null : new LogFile(file, log);
  const sink =
    destination === null
      ? null
      : pino(
          {
            level,
            base: null,
            messageKey: 'event',
            timestamp: () => `,"time":"${new Date(clock.wallMs()).toISOString()}"`,
            formatters: { level: (label) => ({ level: label }) },
          },
          destination,
        );
  return { ...log, reopen: () => destination?.reopen(), close: () => destination?.close() };
}

/** The id under which IIS has the event, where whoever says it does not name one. */
function withEventId(event: string, fields: LogFields): LogFields {
  if (fields['eventId'] !== undefined) return fields;
  const eventId = eventIdOfRecord(event, String(fields['why'] ?? ''));
  return eventId === 0 ? fields : { ...fields, eventId };
}

/** A bound for what others wrote: output of a worker, a message of an application. */
function cutFields(fields: LogFields): LogFields {
  return mapTexts(fields, (text) => shorten(text, logFieldCharsMax));
}

function mapTexts(fields: LogFields, change: (text: string) => string): LogFields {
  const changed: Record<string, LogFields[string]> = {};
  for (const [name, value] of Object.entries(fields)) changed[name] = typeof value === 'string' ? change(value) : value;
  return changed;
}

/** `14:03:07 warn  worker-exited pool=shop reason=exit`, local time, no control characters. */
export function terminalLine(wallMs: number, level: LogLevel, event: string, fields: LogFields): string {
  const time = new Date(wallMs).toTimeString().slice(0, 8);
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${name}=${quote(String(value))}`);
  return escapeControls([time, level.padEnd(5), event, ...pairs].join(' '));
}

function quote(text: string): string {
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}

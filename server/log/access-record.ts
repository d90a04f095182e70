// HOT: measured by test/bench/main.ts
/** One line of the access log in each of its formats. What clients sent is escaped here: a record is always one line. */
import { hostname } from 'node:os';
import { unreachable } from '../../config/base/invariant.js';
import type { AccessLogFormat, AccessLogTarget } from '../../config/model.js';
import { w3cHeader, w3cLine } from './w3c.js';

/** One finished (or refused) request. Strings come from the client. */
export interface AccessRecord {
  readonly remoteAddress: string;
  readonly host: string;
  readonly method: string;
  readonly target: string;
  /** `1.0`, `1.1`, `2.0`. */
  readonly version: string;
  readonly site: string;
  readonly pool: string;
  readonly status: number;
  readonly subStatus: number;
  /** '' or a word of the closed vocabulary (QueueFull, ClientClosed ...). */
  readonly reason: string;
  /** Of the bodies. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of the whole request and the whole answer, heads included. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly durationMs: number;
  readonly referer: string;
  readonly userAgent: string;
  /** Only of logs with that column. */
  readonly cookie: string;
  /** Of this server. */
  readonly localAddress: string;
  readonly localPort: number;
  /** IIS's id; 0 = no site. */
  readonly siteId: number;
}

const computerName = hostname();

/** `time` as `LogTime` of the format writes it. */
export function accessLine(target: AccessLogTarget, r: AccessRecord, time: string): string {
  switch (target.format) {
    case 'json':
      return jsonLine(r, time);
    case 'combined':
      return combinedLine(r, time);
    case 'w3c':
      return w3cLine(target.fields, r, time, computerName);
    default:
      return unreachable(target.format);
  }
}

/** What a file begins with, and whatever a process adds to it. */
export function headerOf({ format, fields }: AccessLogTarget, time: string): string {
  return format === 'w3c' ? w3cHeader(fields, time) : '';
}

/** Stands where `count` records could not be written. */
export function droppedLine(format: AccessLogFormat, count: number, time: string): string {
  switch (format) {
    case 'json':
      return `{"time":"${time}","dropped":${count}}\n`;
    case 'combined':
      return `- - - [${time}] "-" 0 - "-" "dropped: ${count}"\n`;
    case 'w3c':
      return `#Remark: ${count} records could not be written, the last before ${time}\r\n`;
    default:
      return unreachable(format);
  }
}

function jsonLine(r: AccessRecord, time: string): string {
  return (
    `{"time":"${time}","client":"${r.remoteAddress}","host":${quoted(r.host)},"method":${quoted(r.method)},` +
    `"target":${quoted(r.target)},"version":"${r.version}","status":${r.status},"substatus":${r.subStatus},` +
    `"reason":"${r.reason}","ms":${Math.round(r.durationMs * 1000) / 1000},"bytesIn":${r.bytesIn},` +
    `"bytesOut":${r.bytesOut},"site":${quoted(r.site)},"pool":${quoted(r.pool)},"referer":${quoted(r.referer)},` +
    `"userAgent":${quoted(r.userAgent)}}\n`
  );
}

/** NCSA combined: `host ident user [time] "request" status bytes "referer" "user agent"`. */
function combinedLine(r: AccessRecord, time: string): string {
  // Without a method the request could not be read.
  const request = r.method === '' ? '-' : `${ncsa(r.method)} ${ncsa(r.target)} HTTP/${r.version}`;
  const bytes = r.bytesOut === 0 ? '-' : r.bytesOut;
  const referer = r.referer === '' ? '-' : ncsa(r.referer);
  const agent = r.userAgent === '' ? '-' : ncsa(r.userAgent);
  return `${r.remoteAddress} - - [${time}] "${request}" ${r.status} ${bytes} "${referer}" "${agent}"\n`;
}

/** True when the text may stand between quotes as it is: printable ASCII without quote and backslash. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return true;
}

/** A JSON string; bytes outside printable ASCII become \u00NN. */
export function quoted(text: string): string {
  return isPlain(text) ? `"${text}"` : `"${escaped(text, '\\u', 4)}"`;
}

/** As Apache writes it: bytes outside printable ASCII become \xNN. */
function ncsa(text: string): string {
  return isPlain(text) ? text : escaped(text, '\\x', 2);
}

function escaped(text: string, mark: string, digits: number): string {
  let out = '';
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22 || code === 0x5c) out += `\\${text[index] ?? ''}`;
    else if (code < 0x20 || code > 0x7e) out += mark + code.toString(16).padStart(digits, '0');
    else out += text[index] ?? '';
  }
  return out;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** The time of a record, UTC; the text of a second is made once. */
export class LogTime {
  #secondMs = -1;
  #format: AccessLogFormat = 'json';
  #text = '';

  text(format: AccessLogFormat, wallMs: number): string {
    const ms = wallMs % 1000;
    if (wallMs - ms !== this.#secondMs || format !== this.#format) {
      this.#secondMs = wallMs - ms;
      this.#format = format;
      this.#text = secondText(format, new Date(this.#secondMs).toISOString());
    }
    if (format !== 'json') return this.#text;
    return `${this.#text}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
  }
}

function secondText(format: AccessLogFormat, iso: string): string {
  if (format === 'json') return iso.slice(0, 20);
  return format === 'combined' ? ncsaTime(iso) : `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
}

/** `10/Oct/2000:13:55:36 +0000` */
function ncsaTime(iso: string): string {
  const month = months[Number(iso.slice(5, 7)) - 1] ?? '';
  return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}

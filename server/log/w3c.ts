// HOT: measured by test/bench/main.ts
/**
 * W3C extended log lines as IIS writes them. A value has no spaces and no control characters (they become `+`), what
 * is not ASCII becomes `%NN`; nothing is `-`. Different from IIS: a URL stands as the client wrote it (IIS decodes it).
 */
import { w3cValueCharsMax } from '../../config/base/log-limits.js';
import { unreachable } from '../../config/base/invariant.js';
import type { W3cField } from '../../config/model.js';
import type { AccessRecord } from './access-record.js';

const columnNames: Readonly<Record<W3cField, string>> = {
  Date: 'date',
  Time: 'time',
  SiteName: 's-sitename',
  ComputerName: 's-computername',
  ServerIP: 's-ip',
  Method: 'cs-method',
  UriStem: 'cs-uri-stem',
  UriQuery: 'cs-uri-query',
  ServerPort: 's-port',
  UserName: 'cs-username',
  ClientIP: 'c-ip',
  ProtocolVersion: 'cs-version',
  UserAgent: 'cs(User-Agent)',
  Cookie: 'cs(Cookie)',
  Referer: 'cs(Referer)',
  Host: 'cs-host',
  HttpStatus: 'sc-status',
  HttpSubStatus: 'sc-substatus',
  Win32Status: 'sc-win32-status',
  BytesSent: 'sc-bytes',
  BytesRecv: 'cs-bytes',
  TimeTaken: 'time-taken',
};

/** `time`: `yyyy-mm-dd hh:mm:ss`, UTC. */
export function w3cHeader(fields: readonly W3cField[], time: string): string {
  const names = fields.map((field) => columnNames[field]).join(' ');
  return `#Software: Sluice\r\n#Version: 1.0\r\n#Date: ${time}\r\n#Fields: ${names}\r\n`;
}

export function w3cLine(fields: readonly W3cField[], r: AccessRecord, time: string, computerName: string): string {
  let line = '';
  for (const field of fields) {
    const value = valueOf(field, r, time, computerName);
    line += line === '' ? firstOf(value) : ` ${value}`;
  }
  return `${line}\r\n`;
}

/** A line that began with # would be a directive. */
function firstOf(value: string): string {
  return value.charCodeAt(0) === 0x23 ? `%23${value.slice(1)}` : value;
}

function valueOf(field: W3cField, r: AccessRecord, time: string, computerName: string): string {
  switch (field) {
    case 'Date':
      return time.slice(0, 10);
    case 'Time':
      return time.slice(11);
    case 'SiteName':
      return r.siteId === 0 ? '-' : `W3SVC${r.siteId}`;
    case 'ComputerName':
      return computerName;
    case 'ServerIP':
      return r.localAddress === '' ? '-' : r.localAddress;
    case 'Method':
      return plain(r.method);
    case 'UriStem': {
      const at = r.target.indexOf('?');
      return plain(at < 0 ? r.target : r.target.slice(0, at));
    }
    case 'UriQuery': {
      const at = r.target.indexOf('?');
      return at < 0 ? '-' : plain(r.target.slice(at + 1));
    }
    case 'ServerPort':
      return String(r.localPort);
    case 'UserName':
      return '-';
    case 'ClientIP':
      return r.remoteAddress;
    case 'ProtocolVersion':
      return `HTTP/${r.version}`;
    case 'UserAgent':
      return plain(r.userAgent);
    case 'Cookie':
      return plain(r.cookie);
    case 'Referer':
      return plain(r.referer);
    case 'Host':
      return plain(r.host);
    case 'HttpStatus':
      return String(r.status);
    case 'HttpSubStatus':
      return String(r.subStatus);
    case 'Win32Status':
      return String(win32Status(r));
    case 'BytesSent':
      return String(r.bytesSent);
    case 'BytesRecv':
      return String(r.bytesReceived);
    case 'TimeTaken':
      return String(Math.round(r.durationMs));
    default:
      return unreachable(field);
  }
}

function plain(text: string): string {
  if (text === '') return '-';
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code > 0x7e) return escaped(text);
  }
  return text.length > w3cValueCharsMax ? `${text.slice(0, w3cValueCharsMax)}...` : text;
}

function escaped(whole: string): string {
  const text = whole.length > w3cValueCharsMax ? `${whole.slice(0, w3cValueCharsMax)}...` : whole;
  let out = '';
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code === 0x7f) out += '+';
    else if (code > 0x7e) out += `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
    else out += text[index] ?? '';
  }
  return out;
}

/** What Windows would have called it. Zero: the request ended as it should, whatever its status. */
const win32Statuses: Readonly<Record<string, number>> = {
  /** ERROR_NETNAME_DELETED */
  ClientClosed: 64,
  /** ERROR_SEM_TIMEOUT */
  MinBytesPerSecond: 121,
  HeaderWait: 121,
  /** ERROR_WINHTTP_TIMEOUT, as the ASP.NET Core Module logs it */
  UpstreamTimeout: 12_002,
  /** ERROR_WINHTTP_CANNOT_CONNECT */
  UpstreamRefused: 12_029,
  /** ERROR_WINHTTP_CONNECTION_ERROR */
  UpstreamLost: 12_030,
  UpstreamReset: 12_030,
  SuspectRequest: 12_030,
};
/** ERROR_WINHTTP_INVALID_SERVER_RESPONSE */
const badAnswerStatus = 12_152;

function win32Status({ reason }: AccessRecord): number {
  if (reason === '') return 0;
  return win32Statuses[reason] ?? (reason.startsWith('Answer') ? badAnswerStatus : 0);
}

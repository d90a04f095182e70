/**
 * Error answers of our own. The page for visitors is status, sub-status and one neutral sentence, prepared once
 * per combination because errors come in floods; the page for developers is in `failure-page.ts`.
 */
import { neutralSentence } from '../../config/base/statuses.js';
import type { PageFormat } from './accept.js';

export interface ErrorOptions {
  /** The connection ends behind this answer. */
  readonly close: boolean;
  /** 0 = no Retry-After. */
  readonly retryAfterSeconds: number;
  /** The request was HEAD: the head of the page without its body. */
  readonly head: boolean;
  /** IMF-fixdate; '' = no Date. */
  readonly date: string;
  /** Keep-alive has to be said aloud to a client of HTTP/1.0. */
  readonly http10: boolean;
  readonly format: PageFormat;
  /** Complete field lines that the site adds to its answers; absent: none. */
  readonly fields?: string;
}

/** A page without what changes from request to request. */
export interface Page {
  /** Status line and the fields that never change. */
  readonly head: string;
  /** latin1, byte for byte. */
  readonly body: string;
}

const titles: Readonly<Record<number, string>> = {
  307: 'Temporary Redirect',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  411: 'Length Required',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

const contentTypes: Readonly<Record<PageFormat, string>> = {
  html: 'text/html; charset=utf-8',
  json: 'application/problem+json',
  text: 'text/plain; charset=utf-8',
};

/** Methods named in the `Allow` that RFC 9110 15.5.6 wants in a 405. */
const allow = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n';

/** Nothing in a page of ours may run, load, be framed or be taken for another type. */
const guards =
  "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox\r\n" +
  'X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n';

const pages = new Map<string, Page>();
/** Reasons come from closed lists; a caller that breaks this must not cost memory. */
const pagesMax = 1_000;

/**
 * A complete answer. `reason` is a word of a closed list (`Rejection.reason`, `StoredFailure.reason`): it is
 * shown where it is about the request or the load, not where it is about the inside of an application (500, 502).
 */
export function errorResponse(status: number, subStatus: number, reason: string, options: ErrorOptions): string {
  const shown = status === 500 || status === 502 ? '' : safeWord(reason);
  const key = `${status}.${subStatus} ${options.format} ${shown}`;
  let page = pages.get(key);
  if (page === undefined) {
    page = visitorsPage(status, subStatus, shown, options.format);
    if (pages.size < pagesMax) pages.set(key, page);
  }
  return pageResponse(page, options);
}

export function pageResponse(page: Page, options: ErrorOptions): string {
  let out = page.head;
  if (options.date !== '') out += `Date: ${options.date}\r\n`;
  if (options.retryAfterSeconds > 0) out += `Retry-After: ${Math.ceil(options.retryAfterSeconds)}\r\n`;
  if (options.fields !== undefined) out += options.fields;
  if (options.close) out += 'Connection: close\r\n';
  else if (options.http10) out += 'Connection: keep-alive\r\n';
  return out + '\r\n' + (options.head ? '' : page.body);
}

/** `body` is text of any characters. */
export function makePage(status: number, format: PageFormat, body: string): Page {
  const bytes = Buffer.from(body, 'utf8');
  const head =
    `HTTP/1.1 ${status} ${statusTitle(status)}\r\nContent-Type: ${contentTypes[format]}\r\n` +
    `Content-Length: ${bytes.length}\r\n${guards}${status === 405 ? allow : ''}`;
  return { head, body: bytes.toString('latin1') };
}

/** Only the status (disableStartUpErrorPage). */
export function emptyPage(status: number): Page {
  const head = `HTTP/1.1 ${status} ${statusTitle(status)}\r\nContent-Length: 0\r\nCache-Control: no-store\r\n`;
  return { head, body: '' };
}

/** `Not Found` for 404; the class's name for a status without a title. */
export function statusTitle(status: number): string {
  return titles[status] ?? (status < 500 ? 'Bad Request' : 'Internal Server Error');
}

/** `500.30`, `404`. */
export function statusCode(status: number, subStatus: number): string {
  return subStatus === 0 ? String(status) : `${status}.${subStatus}`;
}

/** A whole document; `body` is markup already. */
export function htmlDocument(title: string, body: string): string {
  const head = `<meta charset="utf-8"><title>${title}</title>`;
  return `<!DOCTYPE html>\n<html lang="en">\n<head>${head}</head>\n<body>\n${body}</body>\n</html>\n`;
}

function visitorsPage(status: number, subStatus: number, word: string, format: PageFormat): Page {
  const code = statusCode(status, subStatus);
  const title = statusTitle(status);
  const sentence = neutralSentence(status);
  switch (format) {
    case 'html': {
      const reason = word === '' ? '' : `<p>${word}</p>\n`;
      return makePage(
        status,
        format,
        htmlDocument(`${code} ${title}`, `<h1>${code} ${title}</h1>\n<p>${sentence}</p>\n${reason}`),
      );
    }
    case 'json': {
      const problem = { type: 'about:blank', title, status, subStatus, detail: sentence };
      return makePage(
        status,
        format,
        `${JSON.stringify(word === '' ? problem : { ...problem, reason: word }, null, 2)}\n`,
      );
    }
    case 'text':
      return makePage(status, format, `${code} ${title}\n${sentence}\n${word === '' ? '' : `${word}\n`}`);
  }
}

function safeWord(reason: string): string {
  let word = '';
  for (let i = 0; i < reason.length && word.length < 80; i++) {
    const code = reason.charCodeAt(i);
    const lower = code | 0x20;
    if ((lower >= 0x61 && lower <= 0x7a && code < 0x80) || (code >= 0x30 && code <= 0x39) || code === 0x20)
      word += reason[i];
  }
  return word;
}

/**
 * Neutral error pages: status, sub-status and reason of our fixed vocabulary, nothing of the tenant or the
 * client. Prepared once per combination, because errors come in floods.
 */
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
}

const titles: Readonly<Record<number, string>> = {
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

/** Methods named in the `Allow` that RFC 9110 15.5.6 wants in a 405. */
const allow = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n';

interface Page {
  /** Status line and the fields that never change. */
  readonly head: string;
  readonly body: string;
}

const pages = new Map<string, Page>();
/** Reasons come from closed lists; a caller that breaks this must not cost memory. */
const pagesMax = 1_000;

/**
 * A complete answer, ASCII. `reason` is a word of a closed list (`Rejection.reason`, `StoredFailure.reason`)
 * and is shown; anything but letters, digits and spaces is left out.
 */
export function errorResponse(status: number, subStatus: number, reason: string, options: ErrorOptions): string {
  const key = `${status}.${subStatus} ${reason}`;
  let page = pages.get(key);
  if (page === undefined) {
    page = makePage(status, subStatus, reason);
    if (pages.size < pagesMax) pages.set(key, page);
  }
  let out = page.head;
  if (options.date !== '') out += `Date: ${options.date}\r\n`;
  if (options.retryAfterSeconds > 0) out += `Retry-After: ${Math.ceil(options.retryAfterSeconds)}\r\n`;
  if (options.close) out += 'Connection: close\r\n';
  else if (options.http10) out += 'Connection: keep-alive\r\n';
  return out + '\r\n' + (options.head ? '' : page.body);
}

/** `Not Found` for 404; the class's name for a status without a title. */
export function statusTitle(status: number): string {
  return titles[status] ?? (status < 500 ? 'Bad Request' : 'Internal Server Error');
}

function makePage(status: number, subStatus: number, reason: string): Page {
  const title = statusTitle(status);
  const code = subStatus === 0 ? String(status) : `${status}.${subStatus}`;
  const word = safeWord(reason);
  const body =
    `<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${code} ${title}</title></head>\n` +
    `<body><h1>${code} ${title}</h1>${word === '' ? '' : `<p>${word}</p>`}</body>\n</html>\n`;
  const head =
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: text/html; charset=utf-8\r\n` +
    `Content-Length: ${body.length}\r\nCache-Control: no-store\r\n${status === 405 ? allow : ''}`;
  return { head, body };
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

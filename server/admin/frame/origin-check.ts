/** Whether a browser sends this for one of our own pages. Other clients send none of these fields. */
import type { IncomingHttpHeaders } from 'node:http';
import { AdminError } from './errors.js';

/** With the port of the listener behind it: browsers send a cookie to every port of its host. */
const sessionCookie = 'sluice-session';
export const sessionField = 'x-sluice-session';

/** Throws where a page of somebody else asks: another site, another port of this host, a sandboxed frame. */
export function checkOrigin(headers: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw foreign(`Sec-Fetch-Site is ${String(site)}`);
  const { origin, host = '' } = headers;
  if (origin !== undefined && !isOrigin(origin, host)) throw foreign('Origin is not this listener');
}

/** A browser names the origin with every request that is not a GET; one that does not is refused. */
export function checkOwnPage(headers: IncomingHttpHeaders): void {
  if (headers.origin !== undefined || headers['sec-fetch-site'] === 'same-origin') return;
  throw foreign('a change by a session needs an Origin');
}

function isOrigin(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: named } = new URL(origin);
  // The host without the port that the scheme implies, on both sides.
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === named;
}

function foreign(why: string): AdminError {
  return new AdminError(403, 'foreign-page', `refused for pages of others: ${why}`, 'open /ui of this listener');
}

/** By the port that the browser was told, which need not be the one we listen on. */
export function cookieName(host: string | undefined): string {
  const port = /:(\d{1,5})$/.exec(host ?? '')?.[1];
  return port === undefined ? sessionCookie : `${sessionCookie}-${port}`;
}

/** The session's cookie; '' = none. The first counts. */
export function cookieOf(headers: {
  readonly cookie?: string | undefined;
  readonly host?: string | undefined;
}): string {
  const wanted = cookieName(headers.host);
  for (const part of (headers.cookie ?? '').split(';')) {
    const [name = '', value = ''] = part.trim().split('=', 2);
    if (name === wanted) return value;
  }
  return '';
}

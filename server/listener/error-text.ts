import { errorResponse } from '../http1/error-page.js';
import type { Rejection, RequestHead } from '../http1/types.js';

/** The head of a request did not come in time (webLimits.headerWaitTimeout). */
export const headerWait: Rejection = { status: 408, subStatus: 0, reason: 'HeaderWait' };

/** An error of ours as an answer to this request, which may be unreadable itself. */
export function errorText(
  request: RequestHead,
  { status, subStatus, reason }: Rejection,
  close: boolean,
  retryAfterSeconds: number,
  date: string,
): string {
  const isReadable = request.rejection === null;
  return errorResponse(status, subStatus, reason, {
    close,
    retryAfterSeconds,
    head: isReadable && request.method === 'HEAD',
    date,
    http10: isReadable && request.minorVersion === 0,
  });
}
